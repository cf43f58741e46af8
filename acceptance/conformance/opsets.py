"""Models exported for older operator sets, whose operators have other attributes and inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from .case import Case
from .data import binary, three
from .tables import fitted

SEED = {"random_state": 0}
# Of each operator set that brought other forms of the operators used here.
OPSETS = (11, 12, 13, 15, 18)

MAKERS: dict[str, Callable[[], Any]] = {
    "bayes": GaussianNB,
    "kmeans": lambda: KMeans(3, n_init=2, **SEED),
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "mlp": lambda: MLPClassifier((6,), max_iter=60, **SEED),
    "neighbours": KNeighborsClassifier,
    "svc": SVC,
    "tree": lambda: DecisionTreeClassifier(max_depth=4, **SEED),
}

CASES: list[Case] = [
    fitted(
        f"opset{opset}-{name}",
        make,
        binary if name == "svc" else three,
        target_opset={"": opset, "ai.onnx.ml": 1 if opset == 11 else 3},
    )
    for opset in OPSETS
    for name, make in MAKERS.items()
]
