//! An ensemble as ONNX writes it, not yet validated.
//!
//! Written by model-loader's tree operators; read by `compile`. Ids may be sparse and unordered.
//! Source of names and meanings: ONNX, `docs/Operators-ml.md`, TreeEnsembleClassifier and
//! TreeEnsembleRegressor, versions 1 and 3.

use crate::Error;

/// How a branch compares the row's value `x` with its threshold `t`, in single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `x <= t`
    Leq,
    /// `x < t`
    Lt,
    /// `x >= t`
    Gte,
    /// `x > t`
    Gt,
    /// `x == t`
    Eq,
    /// `x != t`; true when `x` is NaN
    Neq,
    /// No branch: the node carries weights.
    Leaf,
}

/// How the weights that a row meets become one score per target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// Their sum over the number of trees.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// The precision that scores are added up in, which decides close calls between classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Every sum is rounded to single precision, tree by tree, as ONNX Runtime does for `floats`.
    #[default]
    Single,
    /// Double precision, as ONNX Runtime does for the `_as_tensor` attributes.
    Double,
}

/// One node of one tree.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecNode {
    /// Id of its tree.
    pub tree: i64,
    /// Its id, unique in the tree.
    pub node: i64,
    /// Column it reads; leaves ignore it.
    pub feature: i64,
    /// How it compares, or that it is a leaf.
    pub mode: Mode,
    /// What it compares with; leaves ignore it.
    pub threshold: f32,
    /// Id of the child for a true comparison; leaves ignore it.
    pub yes: i64,
    /// Id of the child for a false comparison; leaves ignore it.
    pub no: i64,
    /// NaN takes the true child (`nodes_missing_value_tracks_true`).
    pub missing_yes: bool,
}

/// One weight of one leaf.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecWeight {
    /// Id of the leaf's tree.
    pub tree: i64,
    /// Id of the leaf.
    pub node: i64,
    /// Target or class that it counts for.
    pub target: i64,
    /// What it adds.
    pub weight: f64,
}

/// A whole ensemble. Trees are added up in the order in which their ids first appear.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spec {
    /// The nodes of all trees.
    pub nodes: Vec<SpecNode>,
    /// The weights of all leaves; those of branches are ignored, since old exporters write them.
    pub weights: Vec<SpecWeight>,
    /// How weights become scores.
    pub aggregate: Aggregate,
    /// Number of targets or classes.
    pub targets: usize,
    /// Added to the scores; regressors take none or one per target, classifiers see `Classifier`.
    pub base_values: Vec<f64>,
    /// How scores are added up.
    pub precision: Precision,
}

// === impl Mode ===

impl Mode {
    /// The mode of an ONNX name such as `BRANCH_LEQ` or `LEAF`.
    pub fn from_name(name: &str) -> Result<Mode, Error> {
        Ok(match name {
            "BRANCH_LEQ" => Mode::Leq,
            "BRANCH_LT" => Mode::Lt,
            "BRANCH_GTE" => Mode::Gte,
            "BRANCH_GT" => Mode::Gt,
            "BRANCH_EQ" => Mode::Eq,
            "BRANCH_NEQ" => Mode::Neq,
            "LEAF" => Mode::Leaf,
            other => return Err(Error::name("node mode", other)),
        })
    }

    /// The threshold that decides every single-precision value as the double `threshold` does.
    ///
    /// For `<=` and `>` that is the greatest float not above it, for `<` and `>=` the least not
    /// below it; no float equals a threshold between two floats, which NaN says for `==` and `!=`.
    pub fn narrow(self, threshold: f64) -> f32 {
        let nearest = threshold as f32;
        let back = f64::from(nearest);
        if back == threshold || threshold.is_nan() {
            return nearest;
        }
        match self {
            Mode::Leq | Mode::Gt if back > threshold => nearest.next_down(),
            Mode::Lt | Mode::Gte if back < threshold => nearest.next_up(),
            Mode::Eq | Mode::Neq => f32::NAN,
            _ => nearest,
        }
    }
}

// === impl Aggregate ===

impl Aggregate {
    /// The aggregate function of an ONNX name such as `SUM`.
    pub fn from_name(name: &str) -> Result<Aggregate, Error> {
        Ok(match name {
            "SUM" => Aggregate::Sum,
            "AVERAGE" => Aggregate::Average,
            "MIN" => Aggregate::Min,
            "MAX" => Aggregate::Max,
            other => return Err(Error::name("aggregate function", other)),
        })
    }
}

// === impl Precision ===

impl Precision {
    /// `value` as this precision holds it.
    #[inline]
    pub(crate) fn round(self, value: f64) -> f64 {
        match self {
            Precision::Single => f64::from(value as f32),
            Precision::Double => value,
        }
    }
}

#[cfg(test)]
mod tests;
