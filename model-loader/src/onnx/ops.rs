//! The operators of ours that take the place of tract's or fill its gaps.
//!
//! `register` is called by `load`. tract 0.23 has no Imputer, Scaler, TreeEnsembleRegressor or
//! ZipMap, and its TreeEnsembleClassifier, LinearClassifier, Normalizer and Cast differ from ONNX
//! Runtime (docs/adr/0005).

mod cast;
mod imputer;
mod kernel;
mod linear_classifier;
mod normalizer;
mod scaler;
mod tree_ensemble;
mod tree_ensemble_classifier;
mod tree_ensemble_regressor;
mod zip_map;

use tract_onnx::model::OnnxOpRegister;

/// Puts our operators over tract's.
pub(super) fn register(register: &mut OnnxOpRegister) {
    register.insert("Cast", cast::cast);
    register.insert("Imputer", imputer::imputer);
    register.insert("LinearClassifier", linear_classifier::linear_classifier);
    register.insert("Normalizer", normalizer::normalizer);
    register.insert("Scaler", scaler::scaler);
    register.insert("TreeEnsembleClassifier", tree_ensemble_classifier::tree_ensemble_classifier);
    register.insert("TreeEnsembleRegressor", tree_ensemble_regressor::tree_ensemble_regressor);
    register.insert("ZipMap", zip_map::zip_map);
    // A refusal by name until it is ours: tract's drops the column axis that ONNX Runtime keeps, so
    // that what follows computes something else.
    register.0.remove("ArrayFeatureExtractor");
}
