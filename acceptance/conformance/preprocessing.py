"""scikit-learn's transformers of columns: scaling, encoding, imputing, projecting, selecting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import (
    decomposition,
    ensemble,
    feature_selection,
    impute,
    kernel_approximation,
    linear_model,
    random_projection,
)
from sklearn import preprocessing as p

from .case import Built, Case, export
from .data import above_zero, asked, binary, counts, frame, fraud, real, three, whole, wide, with_missing
from .tables import fitted, strings

SEED = {"random_state": 0}


def _scaling() -> list[Case]:
    one = [
        p.StandardScaler(),
        p.MinMaxScaler(),
        p.MaxAbsScaler(),
        p.RobustScaler(),
        p.Normalizer(),
        p.Normalizer("l1"),
        p.Normalizer("max"),
        p.Binarizer(threshold=0.3),
        p.PolynomialFeatures(2),
        p.PowerTransformer(),
        p.QuantileTransformer(n_quantiles=20),
        p.KBinsDiscretizer(4, encode="ordinal"),
        p.KBinsDiscretizer(4, encode="onehot-dense"),
        p.KBinsDiscretizer(3, encode="onehot", strategy="uniform"),
        p.FunctionTransformer(),
        p.SplineTransformer(),
    ]
    return [
        *(fitted(f"{type(m).__name__}-{number}", lambda m=m: m, real) for number, m in enumerate(one)),
        fitted("StandardScaler-double", p.StandardScaler, lambda: wide(real())),
        fitted("StandardScaler-int64", p.StandardScaler, lambda: whole(real())),
        fitted("StandardScaler-missing", p.StandardScaler, lambda: with_missing(real())),
        fitted("MinMaxScaler-clip", lambda: p.MinMaxScaler(clip=True), real),
        fitted("MinMaxScaler-double", p.MinMaxScaler, lambda: wide(real())),
        fitted("PowerTransformer-box-cox", lambda: p.PowerTransformer("box-cox"), lambda: above_zero(real())),
        fitted("PolynomialFeatures-interaction", lambda: p.PolynomialFeatures(3, interaction_only=True), real),
        fitted("PolynomialFeatures-int64", lambda: p.PolynomialFeatures(2), lambda: whole(real())),
    ]


def _imputing() -> list[Case]:
    i = impute
    missing = lambda: with_missing(real())  # noqa: E731
    some = lambda: with_missing(real(), rows=False)  # noqa: E731
    return [
        *(
            fitted(f"SimpleImputer-{how}", lambda how=how: i.SimpleImputer(strategy=how), missing)
            for how in ("mean", "median", "most_frequent")
        ),
        fitted("SimpleImputer-constant", lambda: i.SimpleImputer(strategy="constant", fill_value=-1.0), missing),
        fitted("SimpleImputer-double", i.SimpleImputer, lambda: wide(with_missing(real()))),
        fitted("SimpleImputer-indicator", lambda: i.SimpleImputer(add_indicator=True), missing),
        fitted(
            "SimpleImputer-int64",
            lambda: i.SimpleImputer(missing_values=0, strategy="most_frequent"),
            lambda: whole(real()),
        ),
        fitted("KNNImputer", lambda: i.KNNImputer(n_neighbors=3), some),
        fitted("MissingIndicator", i.MissingIndicator, missing),
        Case("SimpleImputer-strings", _strings_imputer),
    ]


def _strings_imputer() -> Built:
    ask = {"X": strings(["red", "green", ""])}
    model = impute.SimpleImputer(missing_values="", strategy="most_frequent")
    return export(model.fit(strings(["red", "green", "green", ""], 32)), ask), ask


def _encoder(name: str, make: Callable[[], Any], words: list[str], asked: list[str], target: bool = False) -> Case:
    def build() -> Built:
        train = np.hstack([strings(words, seed, 240) for seed in (41, 42)])
        rows = {"X": np.hstack([strings(asked, seed) for seed in (43, 44)])}
        y = (np.arange(240) % 3 == 0).astype(np.int64)
        model = make().fit(train, y) if target else make().fit(train)
        return export(model, rows), rows

    return Case(name, build)


def _encoding() -> list[Case]:
    words = ["red", "green", "blue", "größer"]
    new = [*words, "pink"]
    dense = {"sparse_output": False}
    return [
        _encoder("OneHotEncoder-strings", lambda: p.OneHotEncoder(**dense), words, words),
        _encoder("OneHotEncoder-sparse", p.OneHotEncoder, words, words),
        _encoder("OneHotEncoder-unseen", lambda: p.OneHotEncoder(handle_unknown="ignore", **dense), words, new),
        _encoder("OneHotEncoder-drop", lambda: p.OneHotEncoder(drop="first", **dense), words, words),
        _encoder(
            "OneHotEncoder-infrequent",
            lambda: p.OneHotEncoder(min_frequency=70, handle_unknown="infrequent_if_exist", **dense),
            words,
            new,
        ),
        fitted("OneHotEncoder-int64", lambda: p.OneHotEncoder(handle_unknown="ignore", **dense), lambda: whole(real())),
        fitted(
            "OneHotEncoder-float", lambda: p.OneHotEncoder(handle_unknown="ignore", **dense), lambda: counts(real())
        ),
        _encoder("OrdinalEncoder-strings", p.OrdinalEncoder, words, words),
        _encoder(
            "OrdinalEncoder-unseen",
            lambda: p.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            words,
            new,
        ),
        _encoder("OrdinalEncoder-int64-out", lambda: p.OrdinalEncoder(dtype=np.int64), words, words),
        fitted(
            "OrdinalEncoder-int64",
            lambda: p.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            lambda: whole(real()),
        ),
        fitted(
            "OrdinalEncoder-float",
            lambda: p.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            lambda: counts(real()),
        ),
        _encoder(
            "TargetEncoder-strings", lambda: p.TargetEncoder(target_type="binary", cv=3, **SEED), words, new, True
        ),
        fitted(
            "TargetEncoder-int64",
            lambda: p.TargetEncoder(target_type="continuous", cv=3, **SEED),
            lambda: whole(real()),
        ),
        Case("LabelEncoder-strings", lambda: _labels(p.LabelEncoder(), strings(["a", "b", "c"]))),
        Case("LabelEncoder-int64", lambda: _labels(p.LabelEncoder(), counts(real()).ask[:, :1].astype(np.int64))),
        Case("LabelBinarizer-int64", lambda: _labels(p.LabelBinarizer(), counts(real()).ask[:, :1].astype(np.int64))),
    ]


def _labels(model: Any, values: np.ndarray) -> Built:
    flat = values.ravel()
    rows = {"X": flat}
    return export(model.fit(flat), rows), rows


def _projecting() -> list[Case]:
    d, f = decomposition, feature_selection
    one = [
        d.PCA(3),
        d.PCA(2, whiten=True),
        d.IncrementalPCA(3),
        d.TruncatedSVD(3, **SEED),
        d.FastICA(3, **SEED, max_iter=500),
        d.FactorAnalysis(2),
        d.KernelPCA(3, kernel="linear"),
        d.KernelPCA(3, kernel="rbf", gamma=0.1),
        random_projection.GaussianRandomProjection(3, **SEED),
        kernel_approximation.Nystroem(n_components=8, **SEED),
        kernel_approximation.RBFSampler(n_components=8, **SEED),
        f.SelectKBest(f.f_classif, k=3),
        f.SelectPercentile(f.f_classif, percentile=50),
        f.SelectFpr(f.f_classif),
        f.SelectFdr(f.f_classif),
        f.SelectFwe(f.f_classif),
        f.GenericUnivariateSelect(f.f_classif, mode="k_best", param=2),
        f.VarianceThreshold(0.5),
        f.RFE(linear_model.LogisticRegression(), n_features_to_select=2),
        f.RFECV(linear_model.LogisticRegression(), cv=3),
        f.SelectFromModel(linear_model.LogisticRegression()),
        ensemble.RandomTreesEmbedding(n_estimators=4, max_depth=3, **SEED),
    ]
    return [
        *(fitted(f"{type(m).__name__}-{number}", lambda m=m: m, binary) for number, m in enumerate(one)),
        fitted("NMF", lambda: d.NMF(2, **SEED), lambda: above_zero(three())),
        fitted("PCA-double", lambda: d.PCA(3), lambda: wide(real())),
    ]


def _target_over_frame() -> Built:
    table = frame()
    model = p.OneHotEncoder(handle_unknown="ignore").fit(table[["channel", "country"]], fraud(table))
    ask = asked(unseen=True)
    rows = {"X": ask[["channel", "country"]].to_numpy()}
    return export(model, rows), rows


CASES = [
    *_scaling(),
    *_imputing(),
    *_encoding(),
    *_projecting(),
    Case("OneHotEncoder-frame", _target_over_frame),
]
