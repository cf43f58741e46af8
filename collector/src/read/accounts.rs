//! The accounts files of a window, read back and added up.
//!
//! A file that is none, or says what no version of the collector says, is a [`Fault`] of its hour:
//! the others still count.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;

use super::file::{Footer, broken};
use super::{AT_ONCE, hours};
use crate::accounts::name;
use crate::error::Error;
use crate::path::{HourPath, Tree};
use crate::schema::column;
use crate::spool::tally::{Count, Tally};

/// A file that does not count, by its hour: unix microseconds, its start.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) hour_us: i64,
    pub(crate) why: String,
}

/// What the accounts say.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// By hour and deployment.
    pub(crate) tallies: BTreeMap<(i64, String), Tally>,
    /// The batches that speak of an hour: its start, replica, `boot/batch`.
    pub(crate) batches: HashSet<(i64, String, String)>,
    pub(crate) faults: Vec<Fault>,
}

/// A line: deployment, `boot/batch`, what was counted.
type Line = (String, String, Tally);

/// The accounts of an endpoint of all hours that share an instant with `window`.
///
/// # Errors
/// Those of [`files`](super::files).
pub(crate) async fn read(
    store: &dyn ObjectStore,
    endpoint: &str,
    window: &Range<i64>,
) -> Result<Said, Error> {
    let paths = hours(store, Tree::Accounts, endpoint, window).await?;
    let reads = stream::iter(paths).map(|path| async move {
        match lines(store, &path).await {
            Ok(lines) => Ok((path, Ok(lines))),
            Err(error) if is_of_file(&error) => Ok((path, Err(error.to_string()))),
            Err(error) => Err(error),
        }
    });
    let mut reads = reads.buffered(AT_ONCE);
    let (mut said, mut seen) = (Said::default(), HashSet::new());
    while let Some((path, lines)) = reads.try_next().await? {
        let hour_us = path.hour_us().start;
        let lines = match lines {
            _ if !seen.insert(path.writer().clone()) => Err(format!("{path}: numbered as another")),
            lines => lines,
        };
        let lines = match lines {
            Ok(lines) => lines,
            Err(why) => {
                said.faults.push(Fault { hour_us, why });
                continue;
            }
        };
        for (deployment, batch, tally) in lines {
            said.batches.insert((hour_us, path.writer().replica.clone(), batch));
            said.tallies.entry((hour_us, deployment)).or_default().add(tally);
        }
    }
    Ok(said)
}

/// Whether it is the file that is wrong, not the store.
pub(crate) fn is_of_file(error: &Error) -> bool {
    use object_store::Error::NotFound;
    matches!(
        error,
        Error::File { .. } | Error::NoColumn { .. } | Error::Store { source: NotFound { .. }, .. }
    )
}

async fn lines(store: &dyn ObjectStore, path: &HourPath) -> Result<Vec<Line>, Error> {
    let object = path.object();
    let footer = Footer::read(store, &object).await?;
    let names =
        [column::DEPLOYMENT_NAME, name::BOOT, name::BATCH, name::STAGE, name::REASON, name::ROWS];
    let mut batches = footer.batches(&names)?;
    let mut found = Vec::new();
    while let Some(batch) = batches.next(store).await? {
        lines_of(&batch, &mut found).map_err(|why| broken(&object, why))?;
    }
    Ok(found)
}

fn lines_of(batch: &RecordBatch, found: &mut Vec<Line>) -> Result<(), String> {
    let column = |name: &str, kind: &DataType| {
        let column = batch.column_by_name(name).filter(|column| column.data_type() == kind);
        let column = column.filter(|column| column.null_count() == 0);
        column.ok_or_else(|| format!("column `{name}` is not {kind}, or has nulls"))
    };
    let text = |name| column(name, &DataType::Utf8).map(|column| column.as_string::<i32>());
    let [deployments, boots] = [text(column::DEPLOYMENT_NAME)?, text(name::BOOT)?];
    let [stages, reasons] = [text(name::STAGE)?, text(name::REASON)?];
    let numbers = column(name::BATCH, &DataType::UInt64)?.as_primitive::<UInt64Type>();
    let rows = column(name::ROWS, &DataType::Int64)?.as_primitive::<Int64Type>();
    for at in 0..batch.num_rows() {
        let called = (stages.value(at), reasons.value(at));
        let count = Count::ALL.into_iter().find(|count| count.name() == called);
        let count = count.ok_or_else(|| format!("no count is called {called:?}"))?;
        let batch = format!("{}/{}", boots.value(at), numbers.value(at));
        found.push((deployments.value(at).to_owned(), batch, Tally::of(count, rows.value(at))));
    }
    Ok(())
}
