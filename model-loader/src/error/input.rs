//! Why an input of a request does not fit the signature, in words that name the culprit.
//!
//! Made by `signature` and the files under it; the server answers with them as they are.

use std::fmt;

use crate::Datatype;

/// Longest part of a name that is said back.
const NAME_CHARS_MAX: usize = 200;

/// Why one input of a request does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputProblem {
    /// The names of the request are not those of the signature.
    Names(Box<WrongNames>),
    /// It is no input, and was taken for a matrix of the columns of all inputs, which it is not.
    Matrix {
        /// How many columns the inputs have together.
        columns: usize,
        /// The shape that the request has.
        got: Vec<usize>,
        /// The inputs.
        known: Vec<String>,
    },
    /// A matrix of numbers for an input of strings, or of strings for one of numbers.
    Kind {
        /// The input that it cannot fill.
        input: String,
        /// What that input takes.
        expected: Datatype,
        /// What the matrix is of.
        got: Datatype,
    },
    /// A value of a matrix that the input's type does not hold exactly.
    Value {
        /// The input's type.
        datatype: Datatype,
        /// The value.
        value: String,
        /// Its row in the matrix, from 0.
        row: usize,
        /// Its column in the matrix, from 0.
        column: usize,
        /// The matrix.
        matrix: String,
    },
    /// It has another element type.
    Datatype {
        /// What the signature wants.
        expected: Datatype,
        /// What the request has.
        got: Datatype,
    },
    /// It has another rank or extent; `None` in `expected` is any number of rows.
    Shape {
        /// What the signature wants.
        expected: Vec<Option<usize>>,
        /// What the request has.
        got: Vec<usize>,
    },
    /// It has another number of rows than an earlier input.
    Rows {
        /// Rows of the earlier input.
        expected: usize,
        /// Rows of this one.
        got: usize,
        /// Name of the earlier input.
        first: String,
    },
    /// It has no row.
    NoRows,
    /// It holds no value, but has so many rows or columns of none.
    Empty(Vec<usize>),
}

/// All names of a request that are wrong; one list at least has some.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrongNames {
    /// The signature does not have them.
    pub unknown: Vec<String>,
    /// The request does not have them.
    pub missing: Vec<String>,
    /// The request has them more than once.
    pub repeated: Vec<String>,
    /// What the signature has: its inputs, and their features where they may be sent by name.
    pub known: Vec<String>,
}

/// As much of a name as is said back: a request must not make its refusal huge.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

// === impl InputProblem ===

impl InputProblem {
    /// The problem as a sentence about the input of that name.
    pub(super) fn about(&self, name: &str) -> String {
        match self {
            // They are all named there.
            InputProblem::Names(names) => names.to_string(),
            _ => format!("input `{name}` {self}"),
        }
    }
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputProblem::Names(names) => names.fmt(f),
            InputProblem::Matrix { columns, got, known } => {
                let known = known.join(", ");
                write!(f, "is not an input of the model, nor a matrix of its {columns} columns: ")?;
                write!(f, "it has shape {got:?}; the model has {known}")
            }
            InputProblem::Kind { input, expected, got } => {
                write!(f, "is not an input of the model, and a matrix of {got} cannot ")?;
                write!(f, "fill `{input}`, which takes {expected}: send each input by its name")
            }
            InputProblem::Value { datatype, value, row, column, matrix } => {
                write!(f, "takes {datatype}, which does not hold {value}, ")?;
                write!(f, "the value in row {row} and column {column} of `{matrix}`")
            }
            InputProblem::Datatype { expected, got } => {
                write!(f, "has datatype {got}, the model wants {expected}")
            }
            InputProblem::Shape { expected, got } => {
                write!(f, "has shape {got:?}, the model wants [")?;
                for (axis, dim) in expected.iter().enumerate() {
                    f.write_str(if axis == 0 { "" } else { ", " })?;
                    match dim {
                        Some(dim) => write!(f, "{dim}")?,
                        None => f.write_str("-1")?,
                    }
                }
                f.write_str("]")
            }
            InputProblem::Rows { expected, got, first } => {
                write!(f, "has {got} rows, but input `{first}` has {expected}")
            }
            InputProblem::NoRows => f.write_str("has no row"),
            InputProblem::Empty(got) => write!(f, "has shape {got:?}, too much for no value"),
        }
    }
}

// === impl WrongNames ===

impl fmt::Display for WrongNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongNames { unknown, missing, repeated, known } = self;
        let unknown = clause(unknown, "is not an input", "are not inputs", " of the model");
        let missing = clause(missing, "is missing", "are missing", "");
        let repeated = clause(repeated, "is there twice", "are there twice", "");
        let known = unknown.as_ref().map(|_| {
            let others = if known.len() > KNOWN { ", ..." } else { "" };
            let known = known.iter().take(KNOWN).map(String::as_str).collect::<Vec<_>>();
            format!("it has {}{others}", known.join(", "))
        });
        let clauses = [unknown, missing, repeated, known].into_iter().flatten();
        f.write_str(&clauses.collect::<Vec<_>>().join("; "))
    }
}

/// Most names of a model's own that are said.
const KNOWN: usize = 100;

/// What is wrong with all of these names; nothing when there are none.
fn clause(names: &[String], is: &str, are: &str, rest: &str) -> Option<String> {
    let (inputs, verb) = if names.len() == 1 { ("input", is) } else { ("inputs", are) };
    let quoted: Vec<String> =
        names.iter().take(NAMED).map(|name| format!("`{}`", shown(name))).collect();
    let others = names.len().saturating_sub(NAMED);
    let others = if others > 0 { format!(" and {others} others") } else { String::new() };
    (!names.is_empty()).then(|| format!("{inputs} {}{others} {verb}{rest}", quoted.join(", ")))
}

/// Most names that are said of each kind: a request may have very many.
const NAMED: usize = 20;
