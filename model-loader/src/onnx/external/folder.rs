//! The files beside a model, and what of them its tensors are: nothing outside of its folder.
//!
//! Called by `external`. Refuses places that are absolute, go up, or lead out of the folder over a
//! link, what is no regular file, stretches that a file does not have or a shape does not fill,
//! and more bytes than the budget. Whoever may change the folder while it is read is not held off.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use tract_onnx::pb::StringStringEntryProto;

use crate::Error;

/// Longest part of a text of the file that an error says back.
const SHOWN_CHARS_MAX: usize = 200;

/// A stretch of a file: a tensor's values.
#[derive(Debug)]
pub(super) struct Part {
    /// The tensor.
    pub(super) name: String,
    /// Which of the folder's files.
    file: usize,
    /// Where it starts.
    offset: u64,
    /// How long it is.
    pub(super) bytes: usize,
}

/// A file of the folder, without a link on the way to it.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    bytes: u64,
}

/// A model's folder, and the files of it that tensors have named so far.
#[derive(Debug)]
pub(super) struct Folder {
    given: PathBuf,
    /// The folder itself, once a tensor has named a file in it.
    real: Option<PathBuf>,
    seats: HashMap<String, usize>,
    files: Vec<Beside>,
    /// Bytes that all tensors together may still have.
    budget: usize,
    max: usize,
}

/// Reads parts; the file of the last one stays open.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    files: &'a [Beside],
    open: Option<(usize, File)>,
}

/// What a tensor says of where its values are.
struct Place<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

// === impl Folder ===

impl Folder {
    /// The folder at `path` of a model of `bytes` bytes, `max` at most with all that is outside.
    pub(super) fn new(path: &Path, bytes: usize, max: usize) -> Folder {
        let (seats, files, budget) = (HashMap::new(), Vec::new(), max.saturating_sub(bytes));
        Folder { given: path.to_owned(), real: None, seats, files, budget, max }
    }

    /// The place of a tensor whose shape takes so many bytes.
    pub(super) fn part(
        &mut self,
        name: &str,
        says: &[StringStringEntryProto],
        bytes: usize,
    ) -> Result<Part, Error> {
        let refused = |what: String| {
            let name = shown(name);
            Err(Error::model(format!("the values of tensor `{name}` are in another file: {what}")))
        };
        let Place { location, offset, length } = match Place::read(says) {
            Ok(place) => place,
            Err(what) => return refused(what),
        };
        let at = shown(location);
        let file = match self.find(location) {
            Ok(file) => file,
            Err(what) => return refused(format!("`{at}` {what}")),
        };
        let has = self.files[file].bytes;
        let length = length.unwrap_or(bytes as u64);
        if length != bytes as u64 {
            return refused(format!("`{at}` gives {length} bytes, its shape takes {bytes}"));
        }
        if offset.checked_add(length).is_none_or(|end| end > has) {
            return refused(format!("`{at}` has {has} bytes, not {length} from {offset} on"));
        }
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| self.too_large())?;
        Ok(Part { name: name.to_owned(), file, offset, bytes })
    }

    /// The refusal of a model that is too large with all that is outside.
    pub(super) fn too_large(&self) -> Error {
        let max = self.max;
        Error::model(format!("with its tensors in other files more than the {max} bytes allowed"))
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { files: &self.files, open: None }
    }

    /// The file at a place; an error says what is wrong with the place.
    fn find(&mut self, location: &str) -> Result<usize, String> {
        if let Some(&seat) = self.seats.get(location) {
            return Ok(seat);
        }
        let inner = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        let relative = Path::new(location);
        if location.is_empty() || !relative.components().all(inner) {
            return Err("is no plain relative path".to_owned());
        }
        let unread = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => "is not there".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        if self.real.is_none() {
            self.real = Some(self.given.canonicalize().map_err(unread)?);
        }
        let real = self.real.clone().unwrap_or_default();
        let path = real.join(relative).canonicalize().map_err(unread)?;
        if !path.starts_with(&real) {
            return Err("leads out of the model's folder".to_owned());
        }
        // Asked before it is opened: a pipe would wait for a writer.
        let metadata = fs::metadata(&path).map_err(unread)?;
        if !metadata.is_file() {
            return Err("is no regular file".to_owned());
        }
        let seat = self.files.len();
        self.files.push(Beside { path, bytes: metadata.len() });
        self.seats.insert(location.to_owned(), seat);
        Ok(seat)
    }
}

// === impl Reader ===

impl Reader<'_> {
    /// Appends a part, which there is room for.
    pub(super) fn read(&mut self, part: &Part, out: &mut Vec<u8>) -> Result<(), Error> {
        let path = &self.files[part.file].path;
        let mut read = || -> std::io::Result<bool> {
            let mut file = match self.open.take().filter(|(seat, _)| *seat == part.file) {
                Some((_, file)) => file,
                None => File::open(path)?,
            };
            file.seek(SeekFrom::Start(part.offset))?;
            let bytes = file.by_ref().take(part.bytes as u64).read_to_end(out)?;
            self.open = Some((part.file, file));
            Ok(bytes == part.bytes)
        };
        let what = match read() {
            Ok(true) => return Ok(()),
            Ok(false) => "became shorter while it was read".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        let (name, path) = (shown(&part.name), path.display());
        Err(Error::model(format!("the values of tensor `{name}` are in `{path}`, which {what}")))
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn read(says: &'a [StringStringEntryProto]) -> Result<Place<'a>, String> {
        let (mut location, mut offset, mut length) = (None, None, None);
        for StringStringEntryProto { key, value } in says {
            let number = || value.parse::<u64>().map_err(|_| format!("its {key} is {value:.40?}"));
            let twice = match key.as_str() {
                "location" => location.replace(value.as_str()).is_some(),
                "offset" => offset.replace(number()?).is_some(),
                "length" => length.replace(number()?).is_some(),
                // The digest of what is registered covers what was read.
                "checksum" => false,
                // ONNX Runtime's own layout of weights, beside the plain one.
                key if key.starts_with("prepacked") => false,
                _ => return Err(format!("it has the unknown entry `{}`", shown(key))),
            };
            if twice {
                return Err(format!("its {key} is there twice"));
            }
        }
        let location = location.ok_or("it does not say which")?;
        Ok(Place { location, offset: offset.unwrap_or(0), length })
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}
