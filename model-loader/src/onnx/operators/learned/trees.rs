//! Compiled trees in the precision of their input, and the rows that they read.
//!
//! Called by the three tree operators. As in ONNX Runtime, rows of floats or integers are compared
//! in single precision, rows of doubles in double precision. Refuses rows with too few columns.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use forest::{Classifier, Ensemble, Kernels, Precision, Regressor, Spec, Transform};

use super::rows::{extents, floats};
use super::tree_ranks::Ranks;
use crate::onnx::operators::op::Context;
use crate::{Tensor, Values};

/// An ensemble as its attributes write it.
#[derive(Debug)]
pub(super) struct Trees {
    /// All but the thresholds.
    pub(super) spec: Spec,
    /// The threshold of each of the spec's nodes.
    pub(super) thresholds: Vec<f64>,
    /// The attributes are of double precision, and so is the input.
    pub(super) double: bool,
}

/// What trees are compiled to.
pub(super) trait Compiled: Sized {
    fn compile(spec: &Spec, how: How) -> Result<Self, forest::Error>;
    fn ensemble(&self) -> &Ensemble;
}

/// What an ensemble is compiled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    transform: Transform,
    kernels: Kernels,
}

/// Trees for rows of one precision, or of either until the first run says which.
#[derive(Debug)]
pub(super) struct Engine<T> {
    how: How,
    /// For rows of floats and integers; absent when the attributes are of double precision.
    single: Option<T>,
    /// For rows of doubles.
    double: OnceLock<(T, Ranks)>,
    /// What `double` is compiled from, kept until a run shows which precision is needed.
    source: Mutex<Option<Trees>>,
}

/// The trees for an input, and its rows as they read them.
#[derive(Debug)]
pub(super) struct Reading<'a, T> {
    pub(super) trees: &'a T,
    pub(super) rows: Cow<'a, [f32]>,
    pub(super) count: usize,
    pub(super) columns: usize,
}

// === impl Trees ===

impl Trees {
    /// With one target ONNX Runtime takes the first weight of a leaf and no other;
    /// scikit-learn's decision leaves are exported with one for each class.
    fn one_weight_a_leaf(&mut self) {
        if self.spec.targets == 1 {
            let mut seen = HashSet::new();
            self.spec.weights.retain(|weight| seen.insert((weight.tree, weight.node)));
        }
    }
}

// === impl Engine ===

impl<T: Compiled> Engine<T> {
    /// Compiles the trees of a node.
    pub(super) fn new(
        mut trees: Trees,
        transform: Transform,
        kernels: Kernels,
    ) -> Result<Engine<T>> {
        let how = How { transform, kernels };
        trees.one_weight_a_leaf();
        if trees.double {
            let double = OnceLock::from(Self::compile_double(trees, how)?);
            return Ok(Engine { how, single: None, double, source: Mutex::new(None) });
        }
        for (node, &threshold) in trees.spec.nodes.iter_mut().zip(&trees.thresholds) {
            // The attributes hold floats, so that nothing is lost.
            node.threshold = threshold as f32;
        }
        let single = Some(T::compile(&trees.spec, how)?);
        Ok(Engine { how, single, double: OnceLock::new(), source: Some(trees).into() })
    }

    /// The trees and the rows of an input.
    pub(super) fn read<'a>(
        &'a self,
        input: &'a Tensor,
        context: &Context,
    ) -> Result<Reading<'a, T>> {
        let (count, columns) = extents(input.shape())?;
        let reading = match (&self.single, input.values()) {
            (Some(trees), values) if !matches!(values, Values::Fp64(_)) => {
                if context.probing {
                    // The type of an input never changes.
                    self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
                }
                Reading { trees, rows: floats(input)?, count, columns }
            }
            (_, values) => {
                let (trees, ranks) = self.double()?;
                let values = doubles(values)?;
                Reading { trees, rows: ranks.rows(&values, columns).into(), count, columns }
            }
        };
        let wanted = reading.trees.ensemble().features();
        ensure!(columns >= wanted, "the trees read {wanted} columns, the input has {columns}");
        Ok(reading)
    }

    fn double(&self) -> Result<&(T, Ranks)> {
        if let Some(double) = self.double.get() {
            return Ok(double);
        }
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trees) = source.take() {
            // Nobody else sets it: the source was still there.
            let double = Self::compile_double(trees, self.how)?;
            return Ok(self.double.get_or_init(|| double));
        }
        self.double.get().context("the input was of single precision when the model was loaded")
    }

    fn compile_double(mut trees: Trees, how: How) -> Result<(T, Ranks)> {
        trees.spec.precision = Precision::Double;
        let ranks = Ranks::replace(&mut trees.spec, &trees.thresholds)?;
        Ok((T::compile(&trees.spec, how)?, ranks))
    }
}

fn doubles(values: &Values) -> Result<Cow<'_, [f64]>> {
    Ok(match values {
        Values::Fp64(values) => Cow::Borrowed(values),
        Values::Fp32(values) => values.iter().map(|&value| value.into()).collect(),
        Values::Int32(values) => values.iter().map(|&value| value.into()).collect(),
        Values::Int64(values) => values.iter().map(|&value| value as f64).collect(),
        _ => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", values.datatype()),
    })
}

// === impl Compiled ===

impl Compiled for Classifier {
    fn compile(spec: &Spec, how: How) -> Result<Classifier, forest::Error> {
        Classifier::compile(spec, how.transform, how.kernels)
    }

    fn ensemble(&self) -> &Ensemble {
        Classifier::ensemble(self)
    }
}

impl Compiled for Regressor {
    fn compile(spec: &Spec, how: How) -> Result<Regressor, forest::Error> {
        Regressor::compile(spec, how.transform, how.kernels)
    }

    fn ensemble(&self) -> &Ensemble {
        Regressor::ensemble(self)
    }
}
