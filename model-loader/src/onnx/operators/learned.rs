//! The numeric operators of ai.onnx.ml, and those that pick and place columns.
//!
//! Called through `operators::find`. One operator a file; what they share is in `rows`, `labels`,
//! `affine`, `svm_*`
//! and `tree*`.

mod affine;
mod array_feature_extractor;
mod binarizer;
mod feature_vectorizer;
mod imputer;
mod labels;
mod linear_classifier;
mod linear_regressor;
mod normalizer;
mod rows;
mod scaler;
mod svm_classifier;
mod svm_kernel;
mod svm_pairs;
mod svm_regressor;
mod tree_attributes;
mod tree_ensemble;
mod tree_ensemble_classifier;
mod tree_ensemble_regressor;
mod tree_ranks;
mod tree_tables;
mod trees;

use super::Table;

/// Of their domain, by name.
pub(super) const ML: Table = &[
    ("ArrayFeatureExtractor", array_feature_extractor::build),
    ("Binarizer", binarizer::build),
    ("FeatureVectorizer", feature_vectorizer::build),
    ("Imputer", imputer::build),
    ("LinearClassifier", linear_classifier::build),
    ("LinearRegressor", linear_regressor::build),
    ("Normalizer", normalizer::build),
    ("SVMClassifier", svm_classifier::build),
    ("SVMRegressor", svm_regressor::build),
    ("Scaler", scaler::build),
    ("TreeEnsemble", tree_ensemble::build),
    ("TreeEnsembleClassifier", tree_ensemble_classifier::build),
    ("TreeEnsembleRegressor", tree_ensemble_regressor::build),
];
