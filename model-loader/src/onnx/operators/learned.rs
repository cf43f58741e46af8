//! The operators of ai.onnx.ml that compute on numbers, and those that pick columns.

mod imputer;
mod linear_classifier;
mod normalizer;
mod rows;
mod scaler;
mod tree_ensemble;
mod tree_ensemble_classifier;
mod tree_ensemble_regressor;
mod zip_map;

use super::Table;

/// Of `ai.onnx.ml`, by name.
pub(super) const ML: Table = &[
    ("Imputer", imputer::build),
    ("LinearClassifier", linear_classifier::build),
    ("Normalizer", normalizer::build),
    ("Scaler", scaler::build),
    ("TreeEnsembleClassifier", tree_ensemble_classifier::build),
    ("TreeEnsembleRegressor", tree_ensemble_regressor::build),
    ("ZipMap", zip_map::build),
];
