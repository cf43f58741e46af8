//! What the engine says when it fails or panics, as one line of an error message.

use std::any::Any;

/// The words of a panic, for an error message.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words").to_owned()
}

/// Several errors as one.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(super) struct Several(pub(super) Vec<String>);

/// An engine error with its causes on one line, cut to 2000 characters: tract prints whole nodes.
pub(crate) fn words(error: &anyhow::Error) -> String {
    if let Some(several) = error.downcast_ref::<Several>() {
        return several.to_string();
    }
    let mut words = format!("{error:#}").replace('\n', " ");
    if let Some((end, _)) = words.char_indices().nth(2000) {
        words.truncate(end);
        words.push_str("...");
    }
    words
}

/// Extents for an error message; of many only the first.
pub(super) fn extents_words(extents: &[i64]) -> String {
    const SHOWN: usize = 16;
    match extents.get(..SHOWN) {
        Some(first) if extents.len() > SHOWN => {
            format!("{first:?} and {} more", extents.len() - SHOWN)
        }
        _ => format!("{extents:?}"),
    }
}
