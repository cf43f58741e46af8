//! The folder of models, rows and libraries that `benches/peers/make_models.py` has filled.

use std::error::Error;
use std::path::{Path, PathBuf};

/// Where `make bench` puts them.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-models");

pub(super) struct Files {
    folder: PathBuf,
}

// === impl Files ===

impl Files {
    /// The files in `folder`, or where `make bench` puts them.
    pub(super) fn new(folder: Option<&str>) -> Files {
        Files { folder: folder.unwrap_or(FOLDER).into() }
    }

    /// The shared libraries of ONNX Runtime and of LightGBM.
    pub(super) fn libraries(&self) -> Result<[PathBuf; 2], Box<dyn Error>> {
        let list = self.read("peers.txt")?;
        let list = String::from_utf8(list)?;
        let paths: Vec<PathBuf> = list.lines().map(PathBuf::from).collect();
        // A loader that misses its library panics or hangs.
        if let Some(missing) = paths.iter().find(|path| !path.is_file()) {
            return Err(format!("{} is gone: make the models again", missing.display()).into());
        }
        paths.try_into().map_err(|_| "peers.txt does not name two libraries".into())
    }

    /// The model `name` as ONNX.
    pub(super) fn onnx(&self, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        self.read(&format!("{name}.onnx"))
    }

    /// Where the model `name` is as LightGBM's text, if it is LightGBM's.
    pub(super) fn lightgbm(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.join(format!("{name}.txt"))).filter(|path| path.is_file())
    }

    /// Rows of `width` columns, row-major.
    pub(super) fn rows(&self, width: usize) -> Result<Vec<f32>, Box<dyn Error>> {
        let bytes = self.read(&format!("rows{width}.f32"))?;
        let (values, rest) = bytes.as_chunks();
        let values: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
        match values.len().is_multiple_of(width) && rest.is_empty() {
            true => Ok(values),
            false => Err(format!("rows{width}.f32 has no whole rows").into()),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        let path: &Path = &self.folder.join(name);
        let advice = "`make bench-models` makes it";
        Ok(std::fs::read(path).map_err(|error| format!("{}: {error}; {advice}", path.display()))?)
    }
}
