//! Training rows -> the baseline of a model version: its inputs as they stand there, and its
//! outputs as the model itself gives them for these rows.
//!
//! Called by the command line. The rows are read and scored twice, in batches; memory does not grow
//! with them. Columns of the model that the rows lack, and columns of the rows that the model has
//! not, are named in the baseline as not compared; so are the outputs of a model that refuses a
//! training row.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::take::take;
use drift::baseline::{Rows, complete};
use drift::{Baseline, Error, Skipped, Table};
use model_loader::{Model, Session, Signature, Tensor};

use crate::limits::RequestLimits;
use crate::protocol::arrow;
use crate::record;

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
    let named = |blocks: Vec<collector::Block>| blocks.into_iter().flat_map(|block| block.columns);
    let inputs: HashSet<String> = named(record::inputs(signature)).collect();
    let there = table.schema().fields().iter().map(|field| field.name().as_str());
    let (wanted, other): (Vec<&str>, Vec<&str>) =
        there.partition(|name| inputs.contains(&complete(name)));
    if wanted.is_empty() {
        let mut inputs: Vec<String> = inputs.into_iter().collect();
        inputs.sort_unstable();
        inputs.truncate(5);
        let why = format!("none is an input of the model, which has {}, ...", inputs.join(", "));
        return Err(Error::Columns(why));
    }
    let found: HashSet<String> = wanted.iter().map(|name| complete(name)).collect();
    let mut absent: Vec<&String> = inputs.difference(&found).collect();
    absent.sort_unstable();
    let skipped = |name: &str, why: &str| Skipped { name: name.to_owned(), why: why.to_owned() };
    let mut rest: Vec<Skipped> =
        absent.iter().map(|name| skipped(name, "not in the training rows")).collect();
    rest.extend(other.iter().map(|name| skipped(name, "not an input of the model")));

    let inputs: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let scored = if absent.is_empty() { outputs(table, model, &inputs) } else { Ok(None) };
    let built = match scored {
        Ok(Some(outputs)) => {
            let names = outputs.iter().map(Field::name);
            let all: Vec<String> = inputs.iter().chain(names).cloned().collect();
            let rows = scored_rows(table, model, &inputs, outputs);
            Baseline::build(&rows, Some(&all), progress)
        }
        Ok(None) => Baseline::build(&Rows::of_table(table), Some(&inputs), progress),
        Err(why) => {
            let outputs = named(record::outputs(signature));
            rest.extend(outputs.map(|name| skipped(&name, &why)));
            Baseline::build(&Rows::of_table(table), Some(&inputs), progress)
        }
    };
    Ok(built?.skipping(rest))
}

/// The columns of the model's outputs, if it has any that go with a row; why not, when it refuses
/// the first rows.
fn outputs(table: &Table, model: &Model, inputs: &[String]) -> Result<Option<Vec<Field>>, String> {
    let mut batches = table.batches(inputs).map_err(|error| error.to_string())?;
    let Some(first) = batches.next() else { return Ok(None) };
    let first = first.map_err(|error| error.to_string())?;
    let mut session = model.session().map_err(|error| error.to_string())?;
    let columns = score(&mut session, model.signature(), &first)?;
    let fields: Vec<Field> = columns
        .into_iter()
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    Ok((!fields.is_empty()).then_some(fields))
}

/// The rows of the file with the model's answers beside them.
fn scored_rows<'a>(
    table: &'a Table,
    model: &'a Model,
    inputs: &'a [String],
    outputs: Vec<Field>,
) -> Rows<'a> {
    let there = table.schema().fields().iter().filter(|field| inputs.contains(field.name()));
    let fields: Vec<_> = there.cloned().chain(outputs.into_iter().map(Arc::new)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    Rows::new(schema, table.rows(), move |_| {
        let wrong = |why: String| Error::File { path: table.path().display().to_string(), why };
        let mut session = model.session().map_err(|error| wrong(error.to_string()))?;
        let mut row = 0;
        let scored = table.batches(inputs)?.map(move |batch| {
            let batch = batch?;
            let from = row;
            row += batch.num_rows();
            let scored = score(&mut session, model.signature(), &batch)
                .map_err(|why| wrong(format!("the model refuses rows {from} to {row}: {why}")))?;
            let there = batch.schema_ref().fields().iter().zip(batch.columns());
            let there = there.map(|(field, column)| (field.name().clone(), Arc::clone(column)));
            let columns = there.chain(scored).map(|(name, column)| (name, column, true));
            RecordBatch::try_from_iter_with_nullable(columns)
                .map_err(|error| wrong(error.to_string()))
        });
        Ok(Box::new(scored))
    })
}

/// What the model gives for rows, a column for each of a row's values.
fn score(
    session: &mut Session,
    signature: &Signature,
    batch: &RecordBatch,
) -> Result<Vec<(String, ArrayRef)>, String> {
    let rows = batch.num_rows();
    let batch = without_side(batch).map_err(|error| error.to_string())?;
    let limits = RequestLimits { elements: usize::MAX, ..RequestLimits::default() };
    let named = arrow::tensors(&[batch], signature, limits).map_err(|error| error.to_string())?;
    let placed = signature.place(named).map_err(|error| error.to_string())?;
    let outputs = session.run(placed.tensors()).map_err(|error| error.to_string())?;
    let specs = signature.outputs().iter().zip(&outputs);
    let with_rows = specs.filter(|(spec, _)| record::width(spec).is_some());
    let tensors: Vec<&Tensor> = with_rows.map(|(_, tensor)| tensor).collect();
    let mut columns = Vec::new();
    for (block, tensor) in record::outputs(signature).into_iter().zip(tensors) {
        let all = arrow::array(tensor.values());
        let width = block.columns.len();
        if all.len() != rows * width {
            return Err(format!("{} values for {rows} rows of {width}", all.len()));
        }
        for (at, name) in block.columns.into_iter().enumerate() {
            let places: UInt32Array = (0..rows).map(|row| (row * width + at) as u32).collect();
            let column = take(&all, &places, None).map_err(|error| error.to_string())?;
            columns.push((name, column));
        }
    }
    Ok(columns)
}

/// Columns as a request names them.
fn without_side(batch: &RecordBatch) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let there = batch.schema_ref().fields().iter().zip(batch.columns());
    RecordBatch::try_from_iter_with_nullable(there.map(|(field, column)| {
        let name = field.name().strip_prefix(drift::baseline::INPUT).unwrap_or(field.name());
        (name.to_owned(), Arc::clone(column), true)
    }))
}
