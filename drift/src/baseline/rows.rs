//! Training rows that can be read twice, wherever they come from.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::error::Error;
use crate::table::Table;

/// Batches as they come.
type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send + 'a>;

/// Reads the columns of these names.
type Open<'a> = dyn Fn(&[String]) -> Result<Batches<'a>, Error> + 'a;

/// Rows of one schema.
pub struct Rows<'a> {
    schema: SchemaRef,
    count: u64,
    open: Box<Open<'a>>,
}

// === impl Rows ===

impl<'a> Rows<'a> {
    /// `count` rows of columns of `schema`; `open` reads those of the columns that it is given the
    /// names of, from the first row on and each time the same.
    pub fn new(
        schema: SchemaRef,
        count: u64,
        open: impl Fn(&[String]) -> Result<Batches<'a>, Error> + 'a,
    ) -> Rows<'a> {
        Rows { schema, count, open: Box::new(open) }
    }

    /// The rows of a file.
    pub fn of_table(table: &'a Table) -> Rows<'a> {
        let open = |columns: &[String]| Ok(Box::new(table.batches(columns)?) as Batches<'a>);
        Rows::new(SchemaRef::clone(table.schema()), table.rows(), open)
    }

    /// Rows in memory.
    ///
    /// # Errors
    /// [`Error::NoRows`] without a batch.
    pub fn of_batches(batches: &'a [RecordBatch]) -> Result<Rows<'a>, Error> {
        let schema = batches.first().ok_or(Error::NoRows)?.schema();
        let count = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let all = move || Box::new(batches.iter().cloned().map(Ok)) as Batches<'a>;
        Ok(Rows::new(schema, count, move |_| Ok(all())))
    }

    /// Their columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Reads some of their columns.
    pub(super) fn open(&self, columns: &[String]) -> Result<Batches<'a>, Error> {
        (self.open)(columns)
    }
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rows { schema, count, .. } = self;
        f.debug_struct("Rows").field("schema", schema).field("count", count).finish_non_exhaustive()
    }
}
