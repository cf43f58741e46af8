//! Training rows -> a baseline, in two passes: what each column's values are like (`learn`), which
//! sets its bins, and then how many rows each bin has.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use super::file::check_name;
use super::learn::{Kind, Learner, Room};
use super::{Baseline, Column, MAX_COLUMNS, Rows, Skipped, beside, complete};
use crate::error::Error;
use crate::profile::Profile;

/// A baseline to be.
pub(super) struct Build<'a, 'r> {
    rows: &'a Rows<'r>,
    /// Names in the rows, of the columns that are counted.
    names: Vec<String>,
    learners: Vec<Learner>,
    skipped: Vec<Skipped>,
}

// === impl Build ===

impl<'a, 'r> Build<'a, 'r> {
    pub(super) fn new(
        rows: &'a Rows<'r>,
        columns: Option<&[String]>,
    ) -> Result<Build<'a, 'r>, Error> {
        let fields = || rows.schema().fields().iter();
        // pandas' index has a column without a name: nobody asked for it.
        let sound = |name: &String| check_name(name).is_ok();
        let all = || fields().map(|field| field.name().clone()).filter(sound).collect();
        let columns: Vec<String> = columns.map_or_else(all, <[String]>::to_vec);
        if columns.len() > MAX_COLUMNS {
            let (got, max) = (columns.len() as u64, MAX_COLUMNS as u64);
            return Err(Error::TooLarge { what: "columns", got, max });
        }
        let room = Room::of_each(columns.len());
        let (names, learners, skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut build = Build { rows, names, learners, skipped };
        let mut seen = HashSet::new();
        for name in columns {
            check_name(&name).map_err(Error::Columns)?;
            if !seen.insert(complete(&name)) {
                return Err(Error::Columns(format!("`{name}` stands there twice")));
            }
            let field = rows.schema().field_with_name(&name);
            let field = field.map_err(|_| Error::NoColumn(name.clone()))?;
            match Kind::of(field.data_type()) {
                Some(kind) => {
                    build.learners.push(Learner::new(kind, room));
                    build.names.push(name);
                }
                None => build.skipped.push(Skipped { name, why: field.data_type().to_string() }),
            }
        }
        if build.names.is_empty() {
            let why = "none of them holds numbers, truth values or texts";
            return Err(Error::Columns(why.to_owned()));
        }
        Ok(build)
    }

    pub(super) fn run(mut self, progress: &mut dyn FnMut(u64)) -> Result<Baseline, Error> {
        let rows = self.learn(progress)?;
        if rows == 0 {
            return Err(Error::NoRows);
        }
        let learned = self.names.par_iter().zip(self.learners);
        let learned = learned.map(|(name, learner)| {
            let bins = learner.bins();
            let counts = vec![0; bins.len()];
            let name = complete(name);
            Column { name, bins, counts, nulls: 0, nans: 0, infinite: 0 }
        });
        let empty = Arc::new(Baseline::new(rows, learned.collect(), self.skipped));
        let mut profile = Profile::new(&empty);
        for batch in self.rows.open(&self.names)? {
            let batch = batch?;
            profile.fold(&batch)?;
            progress(batch.num_rows() as u64);
        }
        if profile.rows() != rows {
            let (first, second) = (rows, profile.rows());
            let why = format!("{first} rows when first read, {second} when read again");
            return Err(Error::Columns(why));
        }
        Ok(counted(&profile))
    }

    /// Reads all rows once; gives their number.
    fn learn(&mut self, progress: &mut dyn FnMut(u64)) -> Result<u64, Error> {
        let mut rows = 0;
        for batch in self.rows.open(&self.names)? {
            let batch: RecordBatch = batch?;
            let columns = self.learners.par_iter_mut().zip(&self.names);
            columns.try_for_each(|(learner, name)| {
                let array = batch.column_by_name(name);
                let array = array.ok_or_else(|| Error::NoColumn(name.clone()))?;
                let kind = || Error::kind(name, array.data_type());
                learner.add(array.as_ref(), rows).then_some(()).ok_or_else(kind)
            })?;
            rows += batch.num_rows() as u64;
            progress(batch.num_rows() as u64);
        }
        Ok(rows)
    }
}

/// The baseline that a profile counted over, with the profile's counts.
fn counted(profile: &Profile) -> Baseline {
    let baseline = profile.baseline();
    let columns = profile.columns().map(|(column, tally)| {
        let [nulls, nans, infinite] =
            [beside::NULLS, beside::NANS, beside::INFINITE].map(|which| tally.beside(which));
        Column { counts: tally.counts().to_vec(), nulls, nans, infinite, ..column.clone() }
    });
    Baseline::new(baseline.rows(), columns.collect(), baseline.skipped().to_vec())
}
