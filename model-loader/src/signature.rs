//! What a model takes and gives, and the proof that a request fits.
//!
//! Written by `onnx/signature` when a model is loaded; `place` is called once per request. Refuses
//! inputs that are missing, unknown, repeated, of another datatype, rank or extent, or of differing
//! numbers of rows, each time with the input's name.

mod columns;
mod matrix;
mod names;
mod number;
mod translate;

use smallvec::smallvec;

use self::names::{Names, Seat};
use crate::error::InputProblem;
use crate::{Datatype, Error, NamedTensor, Shape, Tensor};

/// One input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the ONNX graph.
    pub name: String,
    /// Its element type.
    pub datatype: Datatype,
    /// Its extents, outermost first; `None` is variable. A variable first extent is the number of
    /// rows and is the same for all inputs of a request.
    pub shape: Vec<Option<usize>>,
    /// The first extent is the number of rows of the request: each row has its own values here.
    /// Not so for a constant output, or one whose first extent is another number that varies.
    pub per_row: bool,
    /// Inputs: one name per column, or empty when they are not known.
    pub feature_names: Vec<String>,
    /// Outputs: one class label per column, or empty when the columns are not classes.
    pub class_labels: Vec<String>,
}

/// Inputs and outputs of a model, in the order of its graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    inputs: Vec<TensorSpec>,
    outputs: Vec<TensorSpec>,
    /// Of the inputs and their columns.
    names: Names,
}

/// Tensors in the order of the signature's inputs, proven to fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    tensors: Vec<Tensor>,
    rows: usize,
}

/// Most rows of no columns, and the like: nothing else bounds what a request says of such tensors.
const EMPTY_MAX: usize = 1 << 16;

/// One arm for each type of values.
macro_rules! for_each_type {
    ($arms:ident) => {
        $arms!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes)
    };
}
pub(crate) use for_each_type;

// === impl Signature ===

impl Signature {
    /// Of a model that takes and gives these, in the order of its graph.
    pub fn new(inputs: Vec<TensorSpec>, outputs: Vec<TensorSpec>) -> Self {
        let names = Names::of(&inputs);
        Self { inputs, outputs, names }
    }

    /// What it takes.
    pub fn inputs(&self) -> &[TensorSpec] {
        &self.inputs
    }

    /// What it gives.
    pub fn outputs(&self) -> &[TensorSpec] {
        &self.outputs
    }

    /// Puts named tensors into the signature's order; fails on what does not fit.
    ///
    /// Beside its inputs by their names, a model with several may be sent one matrix of all their
    /// columns, under any name that is no input's, and an input with feature names may be sent its
    /// columns by those. A column may be a vector, and a vector a column.
    pub fn place(&self, mut named: Vec<NamedTensor<'_>>) -> Result<Inputs, Error> {
        let tensors = match (&self.inputs[..], &named[..]) {
            // One matrix for the one input, by its name, is what most requests are.
            ([spec], [only]) if only.name == spec.name => {
                let only = named.pop().map(|only| columns::upright(only.tensor, spec));
                only.into_iter().collect::<Result<_, _>>()?
            }
            _ => self.arrange(named)?,
        };
        self.proven(tensors)
    }

    /// What fits `from`, another model's signature, as this one takes it: whole inputs and columns
    /// by their names, values in its own types.
    ///
    /// # Errors
    /// [`Error::Input`] for a name that `from` has not, another shape, or a value that the type
    /// here does not hold.
    pub fn translate(&self, from: &Signature, inputs: Inputs) -> Result<Inputs, Error> {
        if self.inputs == from.inputs {
            return Ok(inputs);
        }
        let sources = translate::sources(self, from)?;
        self.proven(translate::tensors(self, from, &sources, &inputs)?)
    }

    /// Whether all inputs have a counterpart in `from`, another model's signature.
    ///
    /// # Errors
    /// [`Error::Input`] with the names that have none.
    pub fn takes_from(&self, from: &Signature) -> Result<(), Error> {
        translate::sources(self, from).map(drop)
    }

    /// Tensors in the order of the inputs, once they are known to fit them.
    fn proven(&self, tensors: Vec<Tensor>) -> Result<Inputs, Error> {
        for (tensor, spec) in tensors.iter().zip(&self.inputs) {
            spec.check(tensor)?;
        }
        let rows = self.rows(&tensors)?;
        Ok(Inputs { tensors, rows })
    }

    /// One tensor for each input, in their order.
    fn arrange(&self, mut named: Vec<NamedTensor<'_>>) -> Result<Vec<Tensor>, Error> {
        let seats = columns::seats(self, &named);
        let nameless = seats[..] == [None];
        let widths = nameless.then(|| matrix::widths(self)).flatten();
        match widths.and_then(|widths| Some((widths, named.pop()?))) {
            Some((widths, tensor)) => matrix::split(self, &widths, tensor),
            None => columns::gather(self, named, &seats),
        }
    }

    /// The number of rows that all inputs with a variable first extent share.
    fn rows(&self, tensors: &[Tensor]) -> Result<usize, Error> {
        let mut first: Option<(&str, usize)> = None;
        for (tensor, spec) in tensors.iter().zip(&self.inputs) {
            if spec.shape.first() != Some(&None) || !spec.per_row {
                continue;
            }
            let got = tensor.shape()[0];
            match first {
                None => first = Some((&spec.name, got)),
                Some((_, expected)) if expected == got => {}
                Some((name, expected)) => {
                    let problem = InputProblem::Rows { expected, got, first: name.to_owned() };
                    return Err(Error::input(&spec.name, problem));
                }
            }
        }
        Ok(match first {
            Some((_, rows)) => rows,
            // A graph of fixed extents: its rows are what the first input fixes.
            None => tensors.first().and_then(|tensor| tensor.shape().first()).copied().unwrap_or(1),
        })
    }
}

impl Signature {
    /// The type of an input, or of the input that a feature is a column of.
    pub fn datatype_of(&self, name: &str) -> Option<Datatype> {
        let (Seat::Input(input) | Seat::Column(input, _)) = self.names.seat(name)?;
        Some(self.inputs[input].datatype)
    }

    /// The names of all columns in the order of the inputs: a feature's, or that of an input of one
    /// column. `None` when some column has none, or an input has no columns.
    pub fn column_names(&self) -> Option<Vec<&str>> {
        let mut names = Vec::new();
        for spec in &self.inputs {
            match (spec.width()?, spec.features()) {
                (1, []) => names.push(spec.name.as_str()),
                (_, []) => return None,
                (_, features) => names.extend(features.iter().map(String::as_str)),
            }
        }
        Some(names)
    }
}

// === impl TensorSpec ===

impl TensorSpec {
    /// How many columns each row of the request has here, for a vector or a matrix of rows.
    fn width(&self) -> Option<usize> {
        match self.shape[..] {
            [_] if self.per_row => Some(1),
            [_, width] if self.per_row => width.filter(|&width| width > 0),
            _ => None,
        }
    }

    /// Names that its columns may be sent by: none where they are not one for each.
    fn features(&self) -> &[String] {
        let names = &self.feature_names[..];
        // Most models have none: that is seen first.
        if names.is_empty() || self.width() != Some(names.len()) { &[] } else { names }
    }

    /// The extents of so many rows of that width.
    fn extents(&self, rows: usize, width: usize) -> Shape {
        if self.shape.len() == 1 { smallvec![rows] } else { smallvec![rows, width] }
    }

    /// Fails, with the input's name, when `tensor` has another datatype, rank or extent, or no row.
    pub(crate) fn check(&self, tensor: &Tensor) -> Result<(), Error> {
        let got = tensor.datatype();
        if got != self.datatype {
            let problem = InputProblem::Datatype { expected: self.datatype, got };
            return Err(Error::input(&self.name, problem));
        }
        let same_rank = tensor.shape().len() == self.shape.len();
        let fits = |(&expected, &got): (&Option<usize>, &usize)| expected.is_none_or(|e| e == got);
        if !same_rank || !self.shape.iter().zip(tensor.shape()).all(fits) {
            let got = tensor.shape().to_vec();
            let problem = InputProblem::Shape { expected: self.shape.clone(), got };
            return Err(Error::input(&self.name, problem));
        }
        if tensor.shape().first() == Some(&0) {
            return Err(Error::input(&self.name, InputProblem::NoRows));
        }
        if tensor.values().is_empty() {
            let extents = tensor.shape().iter().copied().filter(|&extent| extent > 0);
            let product = extents.fold(1, usize::saturating_mul);
            if product > EMPTY_MAX {
                return Err(Error::input(&self.name, InputProblem::Empty(tensor.shape().to_vec())));
            }
        }
        Ok(())
    }
}

impl TensorSpec {
    /// Fails when the model made something else than what loading found: whoever writes rows
    /// relies on the signature.
    pub(crate) fn check_output(&self, tensor: &Tensor) -> Result<(), Error> {
        let fits = |(&expected, &got): (&Option<usize>, &usize)| expected.is_none_or(|e| e == got);
        let same_rank = tensor.shape().len() == self.shape.len();
        let fit = same_rank && self.shape.iter().zip(tensor.shape()).all(fits);
        if fit && tensor.datatype() == self.datatype {
            return Ok(());
        }
        let (name, got) = (&self.name, tensor.shape());
        let (datatype, expected) = (tensor.datatype(), self.datatype);
        Err(Error::Run {
            what: format!(
                "output `{name}` is {datatype} {got:?}, the signature has {expected} {:?}",
                self.shape
            ),
        })
    }
}

// === impl Inputs ===

impl Inputs {
    /// Tensors that fit the signature together, of so many rows.
    pub(crate) fn of_rows(tensors: Vec<Tensor>, rows: usize) -> Inputs {
        Inputs { tensors, rows }
    }

    /// The number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The tensors in the order of the signature's inputs.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Gives the tensors up, in the order of the signature's inputs.
    pub fn into_tensors(self) -> Vec<Tensor> {
        self.tensors
    }
}

#[cfg(test)]
mod tests;
