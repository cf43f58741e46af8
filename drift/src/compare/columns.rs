//! Which columns two tables have in common, and which of them can be held against each other.

use arrow_schema::DataType;

use super::{LeftOut, named};
use crate::error::Error;
use crate::table::Table;
use crate::{numbers, texts};

/// Whether the column can be read on both sides, and as the same kind.
pub(super) fn fit(baseline: &Table, current: &Table, name: &str) -> Result<(), String> {
    let kind = |table: &Table| {
        let field = table.schema().field_with_name(name);
        field.map_or(DataType::Null, |field| field.data_type().clone())
    };
    let (there, here) = (kind(baseline), kind(current));
    let both = |is: fn(&DataType) -> bool| is(&there) && is(&here);
    if both(numbers::is_number) || both(texts::is_text) {
        return Ok(());
    }
    let readable = |kind| numbers::is_number(kind) || texts::is_text(kind);
    Err(match (readable(&there), readable(&here)) {
        (true, true) => format!("{there} in the baseline, {here} in the current table"),
        (false, _) => format!("{there} is neither numbers nor texts"),
        (true, false) => format!("{here} is neither numbers nor texts"),
    })
}

/// The columns asked for, which must be there.
pub(super) fn asked(
    baseline: &Table,
    current: &Table,
    columns: &[String],
) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        for table in [baseline, current] {
            if table.schema().index_of(column).is_err() {
                return Err(named(table, format!("no column `{column}`")));
            }
        }
        if !names.contains(column) {
            names.push(column.clone());
        }
    }
    Ok(names)
}

/// The columns that both have, and those that only one has.
pub(super) fn common(baseline: &Table, current: &Table) -> (Vec<String>, Vec<LeftOut>) {
    let names = |table: &Table| -> Vec<String> {
        table.schema().fields().iter().map(|field| field.name().clone()).collect()
    };
    let (there, here) = (names(baseline), names(current));
    let only = |column: &String, side: &str| LeftOut {
        column: column.clone(),
        why: format!("only in the {side}"),
    };
    let gone = there.iter().filter(|name| !here.contains(name)).map(|n| only(n, "baseline"));
    let new = here.iter().filter(|name| !there.contains(name)).map(|n| only(n, "current table"));
    let left_out = gone.chain(new).collect();
    (there.into_iter().filter(|name| here.contains(name)).collect(), left_out)
}
