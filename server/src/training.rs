//! Training rows -> the baseline of a model version: its inputs as they stand there, and its
//! outputs as the model itself gives them for these rows.
//!
//! Called by the command line. The rows are read and scored twice, in batches; memory does not grow
//! with them. Columns of the model that the rows lack, and columns of the rows that the model has
//! not, are named in the baseline as not compared; so are the outputs of a model that refuses a
//! training row.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;
use collector::Kind;
use drift::baseline::{Rows, complete};
use drift::{Baseline, Bins, Error, Skipped, Table};
use model_loader::{Model, Session, Signature, Tensor};

use crate::limits::RequestLimits;
use crate::protocol::arrow;
use crate::record;

/// What the model takes a column as.
type Kinds = HashMap<String, Kind>;

/// The baseline of a model's columns over the rows of a file; `progress` hears of rows read.
///
/// # Errors
/// Those of [`Baseline::build`]; none of the model's inputs in the rows is one of them.
pub fn baseline(
    table: &Table,
    model: &Model,
    progress: &mut dyn FnMut(u64),
) -> Result<Baseline, Error> {
    let signature = model.signature();
    let kinds = kinds(record::inputs(signature));
    let there = table.schema().fields().iter().map(|field| field.name().as_str());
    let (wanted, other): (Vec<&str>, Vec<&str>) =
        there.partition(|name| kinds.contains_key(&complete(name)));
    if wanted.is_empty() {
        let mut inputs: Vec<&str> = kinds.keys().map(String::as_str).collect();
        inputs.sort_unstable();
        inputs.truncate(5);
        let why = format!("none is an input of the model, which has {}, ...", inputs.join(", "));
        return Err(Error::Columns(why));
    }
    let found: HashSet<String> = wanted.iter().map(|name| complete(name)).collect();
    let mut absent: Vec<&String> = kinds.keys().filter(|name| !found.contains(*name)).collect();
    absent.sort_unstable();
    let skipped = |name: &str, why: &str| Skipped { name: name.to_owned(), why: why.to_owned() };
    let mut rest: Vec<Skipped> =
        absent.iter().map(|name| skipped(name, "not in the training rows")).collect();
    rest.extend(other.iter().map(|name| skipped(name, "not an input of the model")));

    let inputs: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let training = Training { table, model, inputs: &inputs, kinds: &kinds };
    let scored = match absent.is_empty() {
        true => training.scored(progress)?,
        false => Err("an input of the model is not in the training rows".to_owned()),
    };
    let built = match scored {
        Ok(built) => built,
        Err(why) => {
            let outputs = record::outputs(signature).into_iter().flat_map(|block| block.columns);
            rest.extend(outputs.map(|name| skipped(&name, &why)));
            Baseline::build(&training.unscored()?, None, progress)?
        }
    };
    Ok(fitting(built, model)?.skipping(rest))
}

/// A baseline without the columns that the model has not, or takes as another kind: no live row
/// would ever be counted in them.
///
/// # Errors
/// [`Error::Columns`] when none is left.
pub fn fitting(baseline: Baseline, model: &Model) -> Result<Baseline, Error> {
    let signature = model.signature();
    let mut blocks = record::inputs(signature);
    blocks.extend(record::outputs(signature));
    let kinds = kinds(blocks);
    baseline.retaining(|column| {
        let is_text = matches!(column.bins(), Bins::Categories(_));
        match kinds.get(column.name()) {
            None => Err("not a column of the model".to_owned()),
            Some(Kind::Text) if !is_text => Err("numbers, where the model has texts".to_owned()),
            Some(kind) if *kind != Kind::Text && is_text => {
                Err("texts, where the model has numbers".to_owned())
            }
            Some(_) => Ok(()),
        }
    })
}

fn kinds(blocks: Vec<collector::Block>) -> Kinds {
    let columns =
        |block: collector::Block| block.columns.into_iter().map(move |name| (name, block.kind));
    blocks.into_iter().flat_map(columns).collect()
}

/// A column as the model takes it, as far as that is only another size of number, or a number that
/// stands for a text: a value is binned as live ones will be.
fn taken(array: &ArrayRef, kind: Option<&Kind>) -> Result<ArrayRef, ArrowError> {
    let from = array.data_type();
    let is_number = from.is_numeric() || *from == DataType::Boolean;
    let to = match kind {
        Some(Kind::F32) if is_number => DataType::Float32,
        Some(Kind::F64) if is_number => DataType::Float64,
        Some(Kind::Text) if from.is_integer() => DataType::Utf8,
        _ => return Ok(Arc::clone(array)),
    };
    arrow_cast::cast(array, &to)
}

/// Training rows of a model's inputs.
#[derive(Clone, Copy)]
struct Training<'a> {
    table: &'a Table,
    model: &'a Model,
    /// Names in the file.
    inputs: &'a [String],
    kinds: &'a Kinds,
}

// === impl Training ===

impl<'a> Training<'a> {
    /// The baseline of inputs and outputs, or why there are no outputs: the model may refuse any of
    /// the rows, or have none that goes with a row.
    fn scored(self, progress: &mut dyn FnMut(u64)) -> Result<Result<Baseline, String>, Error> {
        let refused = OnceLock::new();
        let Some(first) = self.batches()?.next() else { return Err(Error::NoRows) };
        let first = match self.score_first(&first?) {
            Ok(first) => first,
            Err(why) => return Ok(Err(why)),
        };
        let rows = Rows::new(first.schema(), self.table.rows(), |_| {
            let mut session = self.model.session().map_err(|error| self.wrong(error))?;
            let refused = &refused;
            Ok(Box::new(self.batches()?.map(move |batch| {
                score(&mut session, self.model.signature(), &batch?).map_err(|why| {
                    let error = self.wrong(&why);
                    refused.get_or_init(|| why);
                    error
                })
            })))
        });
        let built = Baseline::build(&rows, None, progress);
        drop(rows);
        match (built, refused.into_inner()) {
            (Ok(built), _) => Ok(Ok(built)),
            (Err(_), Some(why)) => Ok(Err(format!("the model refuses a training row: {why}"))),
            (Err(error), None) => Err(error),
        }
    }

    fn score_first(self, first: &RecordBatch) -> Result<RecordBatch, String> {
        let mut session = self.model.session().map_err(|error| error.to_string())?;
        score(&mut session, self.model.signature(), first)
            .map_err(|why| format!("the model refuses a training row: {why}"))
    }

    /// The rows as the model takes them.
    fn unscored(self) -> Result<Rows<'a>, Error> {
        let first = self.batches()?.next().ok_or(Error::NoRows)??;
        let open = move |_: &[String]| Ok(Box::new(self.batches()?) as _);
        Ok(Rows::new(first.schema(), self.table.rows(), open))
    }

    fn batches(self) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + 'a, Error> {
        let batches = self.table.batches(self.inputs)?;
        Ok(batches.map(move |batch| {
            let batch = batch?;
            let columns = batch.schema_ref().fields().iter().zip(batch.columns());
            let columns = columns.map(|(field, array)| {
                let array = taken(array, self.kinds.get(&complete(field.name())))?;
                Ok((field.name().clone(), array, true))
            });
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>();
            let batch = columns.and_then(RecordBatch::try_from_iter_with_nullable);
            batch.map_err(|error| self.wrong(error))
        }))
    }

    fn wrong(self, why: impl fmt::Display) -> Error {
        Error::File { path: self.table.path().display().to_string(), why: why.to_string() }
    }
}

/// Rows with what the model gives for them, a column for each of a row's values.
fn score(
    session: &mut Session,
    signature: &Signature,
    batch: &RecordBatch,
) -> Result<RecordBatch, String> {
    let rows = batch.num_rows();
    let asked = without_side(batch).map_err(|error| error.to_string())?;
    let limits = RequestLimits { elements: usize::MAX, ..RequestLimits::default() };
    let named = arrow::tensors(&[asked], signature, limits).map_err(|error| error.to_string())?;
    let placed = signature.place(named).map_err(|error| error.to_string())?;
    let outputs = session.run(placed.tensors()).map_err(|error| error.to_string())?;
    let specs = signature.outputs().iter().zip(&outputs);
    let with_rows = specs.filter(|(spec, _)| record::width(spec).is_some());
    let tensors: Vec<&Tensor> = with_rows.map(|(_, tensor)| tensor).collect();
    let there = batch.schema_ref().fields().iter().zip(batch.columns());
    let mut columns: Vec<(String, ArrayRef, bool)> =
        there.map(|(field, column)| (field.name().clone(), Arc::clone(column), true)).collect();
    for (block, tensor) in record::outputs(signature).into_iter().zip(tensors) {
        let all = arrow::array(tensor.values());
        let width = block.columns.len();
        if all.len() != rows * width {
            return Err(format!("{} values for {rows} rows of {width}", all.len()));
        }
        for (at, name) in block.columns.into_iter().enumerate() {
            let places: UInt32Array = (0..rows).map(|row| (row * width + at) as u32).collect();
            let column = take(&all, &places, None).map_err(|error| error.to_string())?;
            columns.push((name, column, true));
        }
    }
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| error.to_string())
}

/// Columns as a request names them.
fn without_side(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let there = batch.schema_ref().fields().iter().zip(batch.columns());
    RecordBatch::try_from_iter_with_nullable(there.map(|(field, column)| {
        let name = field.name().strip_prefix(drift::baseline::INPUT).unwrap_or(field.name());
        (name.to_owned(), Arc::clone(column), true)
    }))
}
