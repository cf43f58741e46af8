"""Exports that leave the width of their matrix open, or its shape, as `FloatTensorType([None, None])` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC

from .case import Built, Case, export
from .data import Data, binary, real, with_missing

SEED = {"random_state": 0}
SMALL = {"n_estimators": 10, "max_depth": 4, **SEED}


def _missing() -> Data:
    return with_missing(binary())


ESTIMATORS: dict[str, tuple[Callable[[], Any], Callable[[], Data]]] = {
    "boosting": (lambda: GradientBoostingClassifier(**SMALL), binary),
    "forest": (lambda: RandomForestClassifier(**SMALL), binary),
    "forest-regression": (lambda: RandomForestRegressor(**SMALL), real),
    "imputed-forest": (lambda: make_pipeline(SimpleImputer(), RandomForestClassifier(**SMALL)), _missing),
    "linear": (LinearRegression, real),
    "logistic": (LogisticRegression, binary),
    "scaled-logistic": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), binary),
    "scaled-forest": (lambda: make_pipeline(MinMaxScaler(), RandomForestClassifier(**SMALL)), binary),
    "normalized-logistic": (lambda: make_pipeline(Normalizer(), LogisticRegression()), binary),
    "bayes": (GaussianNB, binary),
    "neighbors": (KNeighborsClassifier, binary),
    "mlp": (lambda: MLPClassifier((6,), max_iter=60, **SEED), binary),
    "svc": (lambda: SVC(**SEED), binary),
}


def _open(name: str, shapeless: bool) -> Case:
    make, data = ESTIMATORS[name]

    def build() -> Built:
        drawn = data()
        rows = {"X": drawn.ask}
        model = export(make().fit(drawn.x, drawn.y), rows)
        tensor = model.graph.input[0].type.tensor_type
        if shapeless:
            tensor.ClearField("shape")
        else:
            tensor.shape.dim[1].Clear()
        return model, rows

    return Case(f"{'shapeless' if shapeless else 'open'}-{name}", build)


CASES = [*(_open(name, False) for name in ESTIMATORS), *(_open(name, True) for name in ("forest", "scaled-logistic"))]
