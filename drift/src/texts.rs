//! Any Arrow text or truth-value column as texts, the counterpart of `numbers`.
//!
//! Used by `baseline`, `profile` and `skeg drift performance`, so that both sides of a comparison
//! read categories alike.
//! Truth values are "false" and "true".

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{Array, downcast_dictionary_array};
use arrow_schema::DataType;

#[cfg(test)]
mod tests;

/// Whether [`for_each`] can read columns of this type.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// Calls `visit` for each value, in order; `None` for a null. Gives false, without a call, when
/// the column holds no texts.
pub fn for_each(array: &dyn Array, mut visit: impl FnMut(Option<&str>)) -> bool {
    let word = |truth: bool| if truth { "true" } else { "false" };
    match array.data_type() {
        DataType::Boolean => array.as_boolean().iter().for_each(|v| visit(v.map(word))),
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(visit),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(visit),
        DataType::Utf8View => array.as_string_view().iter().for_each(visit),
        kind @ DataType::Dictionary(..) if is_text(kind) => {
            downcast_dictionary_array!(
                array => each_key(array, &mut visit),
                _ => return false
            );
        }
        _ => return false,
    }
    true
}

/// The dictionary's texts, looked up by the keys.
fn each_key<K: ArrowDictionaryKeyType>(
    array: &arrow_array::DictionaryArray<K>,
    visit: &mut dyn FnMut(Option<&str>),
) {
    let mut texts = Vec::with_capacity(array.values().len());
    for_each(array.values().as_ref(), |text| texts.push(text.map(str::to_owned)));
    for key in array.keys_iter() {
        visit(key.and_then(|key| texts[key].as_deref()));
    }
}
