"""Pipelines as a feature engineer writes them: columns of numbers and strings into one model."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC

from .case import Built, Case, export
from .data import ASK, asked, binary, frame, fraud, real, three, wide, with_missing
from .tables import fitted, payments

NUMBERS, WORDS = ["amount", "age"], ["channel", "country"]
PLAIN = {"zipmap": False}
SEED = {"random_state": 0}
SMALL = {"n_estimators": 10, "max_depth": 4, **SEED}


def _columns(words: Any, numbers: Any = None, **extra: Any) -> ColumnTransformer:
    numbers = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("words", words, WORDS)], **extra)


def _onehot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore")


def _ordinal() -> OrdinalEncoder:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def _mixed() -> list[Case]:
    both = NUMBERS + WORDS
    new: dict[str, Any] = {"missing": True, "unseen": True}
    filled = lambda: make_pipeline(SimpleImputer(missing_values="", strategy="constant", fill_value="none"), _onehot())  # noqa: E731
    return [
        payments(
            "columns-onehot-logistic", lambda: make_pipeline(_columns(_onehot()), LogisticRegression()), both, **new
        ),
        payments(
            "columns-onehot-logistic-plain",
            lambda: make_pipeline(_columns(_onehot()), LogisticRegression()),
            both,
            options=PLAIN,
            **new,
        ),
        payments(
            "columns-onehot-boosting",
            lambda: make_pipeline(_columns(_onehot(), sparse_threshold=0), GradientBoostingClassifier(**SMALL)),
            both,
            **new,
        ),
        payments(
            "columns-onehot-forest",
            lambda: make_pipeline(_columns(_onehot()), RandomForestClassifier(**SMALL)),
            both,
            options=PLAIN,
            **new,
        ),
        payments(
            "columns-ordinal-forest",
            lambda: make_pipeline(_columns(_ordinal()), RandomForestClassifier(**SMALL)),
            both,
            **new,
        ),
        payments(
            "columns-ordinal-extra",
            lambda: make_pipeline(_columns(_ordinal()), ExtraTreesClassifier(**SMALL)),
            both,
            **new,
        ),
        payments(
            "columns-target-logistic",
            lambda: make_pipeline(_columns(TargetEncoder(cv=3, **SEED)), LogisticRegression()),
            both,
            **new,
        ),
        payments(
            "columns-filled-logistic", lambda: make_pipeline(_columns(filled()), LogisticRegression()), both, **new
        ),
        payments(
            "columns-integer",
            lambda: make_pipeline(_columns(_onehot(), remainder="passthrough"), LogisticRegression(max_iter=300)),
            **new,
        ),
        payments(
            "columns-drop",
            lambda: make_pipeline(_columns(_onehot(), remainder="drop"), LogisticRegression()),
            both,
            **new,
        ),
        payments(
            "columns-mlp",
            lambda: make_pipeline(_columns(_onehot(), sparse_threshold=0), MLPClassifier((6,), max_iter=60, **SEED)),
            both,
            **new,
        ),
        payments(
            "columns-bins",
            lambda: make_pipeline(
                _columns(_onehot(), make_pipeline(SimpleImputer(), KBinsDiscretizer(4, encode="onehot"))),
                LogisticRegression(),
            ),
            both,
            **new,
        ),
        payments(
            "columns-words-only",
            lambda: make_pipeline(ColumnTransformer([("words", _onehot(), WORDS)]), LogisticRegression()),
            WORDS,
            unseen=True,
        ),
        payments("columns-transform-only", lambda: _columns(_onehot()), both, **new),
        payments(
            "columns-integer-onehot",
            lambda: make_pipeline(
                ColumnTransformer([("count", _onehot(), ["count"]), ("amount", StandardScaler(), ["amount"])]),
                LogisticRegression(),
            ),
            ["amount", "count"],
        ),
    ]


def _matrix() -> list[Case]:
    missing = lambda: with_missing(three())  # noqa: E731
    split = lambda: ColumnTransformer(  # noqa: E731
        [("scaled", StandardScaler(), [0, 2]), ("binned", KBinsDiscretizer(3, encode="onehot-dense"), slice(3, 5))],
        remainder="passthrough",
    )
    union = lambda: FeatureUnion([("pca", PCA(2)), ("best", SelectKBest(k=2)), ("scaled", MinMaxScaler())])  # noqa: E731
    return [
        fitted(
            "impute-scale-logistic",
            lambda: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
            missing,
        ),
        fitted(
            "impute-robust-svc", lambda: make_pipeline(SimpleImputer(), RobustScaler(), SVC()), missing, options=PLAIN
        ),
        fitted(
            "scale-pca-knn",
            lambda: make_pipeline(StandardScaler(), PCA(3), KNeighborsClassifier()),
            three,
            options=PLAIN,
        ),
        fitted("poly-scale-ridge", lambda: make_pipeline(PolynomialFeatures(2), StandardScaler(), Ridge()), real),
        fitted(
            "scale-boosting-double",
            lambda: make_pipeline(StandardScaler(), GradientBoostingClassifier(**SMALL)),
            lambda: wide(binary()),
            options=PLAIN,
            target_opset={"": 18, "ai.onnx.ml": 3},
        ),
        fitted(
            "scale-logistic-double",
            lambda: make_pipeline(StandardScaler(), LogisticRegression()),
            lambda: wide(three()),
            options=PLAIN,
        ),
        fitted("split-logistic", lambda: make_pipeline(split(), LogisticRegression()), three),
        fitted("union-bayes", lambda: make_pipeline(union(), GaussianNB()), three, options=PLAIN),
        fitted("passthrough-step", lambda: Pipeline([("none", "passthrough"), ("model", LogisticRegression())]), three),
        fitted(
            "function-identity", lambda: make_pipeline(FunctionTransformer(), RandomForestClassifier(**SMALL)), binary
        ),
        fitted("transform-only", lambda: make_pipeline(SimpleImputer(), StandardScaler(), PCA(2)), missing),
    ]


def _one_string_matrix() -> Built:
    """All strings in one input, numbers in another."""
    table, ask = frame(missing=True), asked(missing=True, unseen=True)
    steps = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]), ("words", _onehot(), [2, 3])]
    model = make_pipeline(ColumnTransformer(steps), LogisticRegression())
    model.fit(table[NUMBERS + WORDS].to_numpy(), fraud(table))
    rows = {"numbers": ask[NUMBERS].to_numpy(np.float32), "words": ask[WORDS].to_numpy()}
    assert len(rows["words"]) == ASK
    return export(model, rows), rows


CASES = [*_mixed(), *_matrix(), Case("columns-two-matrices", _one_string_matrix)]
