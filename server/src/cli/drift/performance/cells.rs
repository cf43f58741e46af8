//! Columns of rows as what a model is judged by: numbers, or names of classes.

use arrow_array::{Array, RecordBatch};

#[cfg(test)]
mod tests;

/// The name of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// Whether it is that of a number, so that labels are to be read as numbers, too.
    pub(super) is_number: bool,
}

/// The column of that name.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, String> {
    let column = batch.column_by_name(name).ok_or_else(|| format!("no column `{name}`"))?;
    Ok(column.as_ref())
}

/// The numbers of those of the columns that are there, truth values being 0 and 1: of each row the
/// first that is one, NaN where none is.
///
/// # Errors
/// What is wrong with a column, by name, or that none is there.
pub(super) fn numbers(batch: &RecordBatch, names: &[impl AsRef<str>]) -> Result<Vec<f64>, String> {
    let mut numbers = vec![f64::NAN; batch.num_rows()];
    for (name, column) in columns(batch, names)? {
        let mut cells = numbers.iter_mut();
        let is_read = drift::numbers::for_each(column, |value| {
            if let (Some(cell), Some(value)) = (cells.next().filter(|cell| cell.is_nan()), value) {
                *cell = value;
            }
        });
        if !is_read {
            return Err(format!("column `{name}` is {}, no numbers", column.data_type()));
        }
    }
    Ok(numbers)
}

/// The texts of those of the columns that are there, or numbers as [`number`] writes them: of each
/// row the first that is there.
///
/// # Errors
/// What is wrong with a column, by name, or that none is there.
pub(super) fn names(
    batch: &RecordBatch,
    names: &[impl AsRef<str>],
) -> Result<Vec<Option<Name>>, String> {
    let mut found = vec![None; batch.num_rows()];
    for (name, column) in columns(batch, names)? {
        let mut cells = found.iter_mut();
        let mut put = |name: Option<Name>| {
            if let Some(cell) = cells.next().filter(|cell| cell.is_none()) {
                *cell = name;
            }
        };
        let is_read = drift::numbers::for_each(column, |value| {
            put(value.map(|value| Name { text: number(value), is_number: true }));
        }) || drift::texts::for_each(column, |text| {
            put(text.map(|text| Name { text: text.to_owned(), is_number: false }));
        });
        if !is_read {
            let kind = column.data_type();
            return Err(format!("column `{name}` is {kind}, neither texts nor numbers"));
        }
    }
    Ok(found)
}

/// Those of the columns that are there, with their names.
fn columns<'a>(
    batch: &'a RecordBatch,
    names: &'a [impl AsRef<str>],
) -> Result<Vec<(&'a str, &'a dyn Array)>, String> {
    let names = names.iter().map(AsRef::as_ref);
    let there = names.clone().filter_map(|name| Some((name, column(batch, name).ok()?)));
    let there: Vec<_> = there.collect();
    if there.is_empty() {
        return Err(format!("no column `{}`", names.collect::<Vec<_>>().join("` or `")));
    }
    Ok(there)
}

/// The number as a name: 1 for 1 and 1.0.
pub(super) fn number(value: f64) -> String {
    // Adding 0 makes the 0 of a negative zero.
    (value + 0.0).to_string()
}
