//! LightGBM's own C library as a peer: one thread, rows as they are, probabilities out.
//!
//! The only unsafe code of the benches: the library has no Rust crate that loads it at run time.
//! Signatures are those of LightGBM 4, `include/LightGBM/c_api.h`. A booster is used by the thread
//! that made it.

use std::error::Error;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use libloading::Library;

/// `C_API_DTYPE_FLOAT32`, `C_API_PREDICT_NORMAL`, and all iterations from the first.
const FLOAT32: c_int = 0;
const NORMAL: c_int = 0;
const FIRST: c_int = 0;
const ALL: c_int = -1;
const PARAMETERS: &CStr = c"num_threads=1";

type LastError = unsafe extern "C" fn() -> *const c_char;
type Create = unsafe extern "C" fn(*const c_char, *mut c_int, *mut *mut c_void) -> c_int;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;
/// Booster, what to predict, first iteration, their number, data type, columns, parameters, out.
type FastInit = unsafe extern "C" fn(
    *mut c_void,
    c_int,
    c_int,
    c_int,
    c_int,
    i32,
    *const c_char,
    *mut *mut c_void,
) -> c_int;
type Fast = unsafe extern "C" fn(*mut c_void, *const c_void, *mut i64, *mut f64) -> c_int;
/// Booster, data, data type, rows, columns, row-major, what to predict, first iteration, their
/// number, parameters, length of the result, result.
type Predict = unsafe extern "C" fn(
    *mut c_void,
    *const c_void,
    c_int,
    i32,
    i32,
    c_int,
    c_int,
    c_int,
    c_int,
    *const c_char,
    *mut i64,
    *mut f64,
) -> c_int;

/// The loaded library. The functions stay callable since it is never unloaded.
pub(super) struct LightGbm {
    last_error: LastError,
    create: Create,
    free: Free,
    fast_init: FastInit,
    fast: Fast,
    fast_free: Free,
    predict: Predict,
}

/// A model of two classes.
pub(super) struct Booster<'a> {
    library: &'a LightGbm,
    handle: *mut c_void,
    /// What `fast` needs to know of the model and the rows, settled beforehand.
    fast: *mut c_void,
    width: usize,
}

// === impl LightGbm ===

impl LightGbm {
    pub(super) fn load(path: &Path) -> Result<LightGbm, Box<dyn Error>> {
        // SAFETY: the file is LightGBM's, which runs nothing on loading but its own initialisers.
        let library: &Library = Box::leak(Box::new(unsafe { Library::new(path) }?));
        // SAFETY: each type is the signature that LightGBM 4 declares for that name, and the
        // library is leaked, so that the pointers stay good.
        unsafe {
            Ok(LightGbm {
                last_error: *library.get(c"LGBM_GetLastError")?,
                create: *library.get(c"LGBM_BoosterCreateFromModelfile")?,
                free: *library.get(c"LGBM_BoosterFree")?,
                fast_init: *library.get(c"LGBM_BoosterPredictForMatSingleRowFastInit")?,
                fast: *library.get(c"LGBM_BoosterPredictForMatSingleRowFast")?,
                fast_free: *library.get(c"LGBM_FastConfigFree")?,
                predict: *library.get(c"LGBM_BoosterPredictForMat")?,
            })
        }
    }

    /// The model in the text file `path`, for rows of `width` columns.
    pub(super) fn booster(&self, path: &Path, width: usize) -> Result<Booster<'_>, Box<dyn Error>> {
        let name = CString::new(path.as_os_str().as_encoded_bytes())?;
        let columns = i32::try_from(width)?;
        let (mut handle, mut fast, mut iterations) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: the name ends in NUL, and both results go to live variables.
        self.check(unsafe { (self.create)(name.as_ptr(), &mut iterations, &mut handle) })?;
        let parameters = PARAMETERS.as_ptr();
        // SAFETY: `handle` was just made, the parameters end in NUL, the result goes to a live
        // variable.
        self.check(unsafe {
            (self.fast_init)(handle, NORMAL, FIRST, ALL, FLOAT32, columns, parameters, &mut fast)
        })?;
        Ok(Booster { library: self, handle, fast, width })
    }

    fn check(&self, status: c_int) -> Result<(), Box<dyn Error>> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: LightGBM keeps the text of its last error for the thread, ended by NUL.
        let text = unsafe { CStr::from_ptr((self.last_error)()) };
        Err(format!("LightGBM: {}", text.to_string_lossy()).into())
    }
}

// === impl Booster ===

impl Booster<'_> {
    /// Each row's probability of the second class: `out` is as long as `turn` has rows.
    pub(super) fn predict(&self, turn: &[f32], out: &mut [f64]) {
        assert_eq!(turn.len(), out.len() * self.width, "a probability for each row");
        let (data, mut count) = (turn.as_ptr().cast::<c_void>(), 0);
        let status = if out.len() == 1 {
            // SAFETY: `fast` was made for one row of `width` floats, which `turn` is; a model of
            // two classes writes one result, which `out` has room for.
            unsafe { (self.library.fast)(self.fast, data, &mut count, out.as_mut_ptr()) }
        } else {
            let rows = i32::try_from(out.len()).expect("batches are small");
            let columns = i32::try_from(self.width).expect("it was when the booster was made");
            // SAFETY: `turn` has `rows` rows of `width` floats, row-major; a model of two classes
            // writes one result a row, which `out` has room for; the parameters end in NUL.
            unsafe {
                (self.library.predict)(
                    self.handle,
                    data,
                    FLOAT32,
                    rows,
                    columns,
                    1,
                    NORMAL,
                    FIRST,
                    ALL,
                    PARAMETERS.as_ptr(),
                    &mut count,
                    out.as_mut_ptr(),
                )
            }
        };
        self.library.check(status).expect("these rows were scored before");
    }
}

impl Drop for Booster<'_> {
    fn drop(&mut self) {
        // SAFETY: both were made by this library and are not used again; the settings go first,
        // since they point to the booster.
        unsafe {
            (self.library.fast_free)(self.fast);
            (self.library.free)(self.handle);
        }
    }
}
