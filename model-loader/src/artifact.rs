//! A model as files on a disk -> the one file that the registry keeps.
//!
//! Called by the server's commands with the path that a person gave. Weights in other files come
//! from the model's own folder alone (docs/adr/0017); the result has them inside, so that a
//! registered version is one file with one digest. Refuses more bytes than a model may have.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::Error;
use crate::onnx::{BYTES_MAX, inline};

/// Reads an ONNX file, and the values of its tensors that are in other files.
///
/// # Errors
/// [`Error::Model`] for a file that cannot be read or is over 1 GiB, and for a tensor whose values
/// are outside of the file's folder, missing, short, or more than 1 GiB together with the rest.
pub fn read_onnx(path: &Path) -> Result<Vec<u8>, Error> {
    let mut onnx = Vec::new();
    let file = File::open(path).map_err(Error::model)?;
    file.take(BYTES_MAX as u64 + 1).read_to_end(&mut onnx).map_err(Error::model)?;
    if onnx.len() > BYTES_MAX {
        return Err(Error::model(format!("more than the {BYTES_MAX} bytes allowed")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let inlined = inline(&onnx, folder.unwrap_or(Path::new(".")), BYTES_MAX)?;
    Ok(inlined.unwrap_or(onnx))
}
