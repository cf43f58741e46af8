"""Models made of models: voting, stacking, calibrated, multi-output, outliers, clusters, mixtures."""

from __future__ import annotations

import numpy as np
from sklearn import calibration, cluster, covariance, ensemble, linear_model, mixture, multioutput, neighbors, svm, tree
from sklearn.naive_bayes import GaussianNB

from .case import Case
from .data import binary, named, real, three, two_alike, two_labels, wide
from .tables import fitted

PLAIN = {"zipmap": False}
SEED = {"random_state": 0}
# The converter of isolation forests insists on being told.
ISOLATION = {"": 21, "ai.onnx.ml": 3}


def _members() -> list[tuple[str, object]]:
    return [
        ("logistic", linear_model.LogisticRegression()),
        ("tree", tree.DecisionTreeClassifier(max_depth=4, **SEED)),
        ("bayes", GaussianNB()),
    ]


def _classifiers() -> list[Case]:
    e, c, m = ensemble, calibration, multioutput
    calibrated = c.CalibratedClassifierCV
    forest = e.RandomForestClassifier(n_estimators=6, max_depth=3, **SEED)
    logistic = linear_model.LogisticRegression
    return [
        fitted(
            "VotingClassifier-soft",
            lambda: e.VotingClassifier(_members(), voting="soft", flatten_transform=False),
            three,
        ),
        fitted(
            "VotingClassifier-hard",
            lambda: e.VotingClassifier(_members(), flatten_transform=False),
            three,
            options=PLAIN,
        ),
        fitted(
            "VotingClassifier-weighted",
            lambda: e.VotingClassifier(_members(), voting="soft", weights=np.array([3, 1, 1]), flatten_transform=False),
            named,
            options=PLAIN,
        ),
        fitted("StackingClassifier-binary", lambda: e.StackingClassifier(_members(), cv=3), binary),
        fitted("StackingClassifier-three", lambda: e.StackingClassifier(_members(), cv=3), three, options=PLAIN),
        fitted(
            "StackingClassifier-passthrough",
            lambda: e.StackingClassifier(_members(), cv=3, passthrough=True),
            three,
            options=PLAIN,
        ),
        fitted("Calibrated-sigmoid", lambda: calibrated(svm.LinearSVC(), cv=3), binary),
        fitted("Calibrated-sigmoid-three", lambda: calibrated(forest, cv=3), three, options=PLAIN),
        fitted("Calibrated-isotonic", lambda: calibrated(forest, method="isotonic", cv=3), binary),
        fitted("Calibrated-isotonic-three", lambda: calibrated(GaussianNB(), method="isotonic", cv=3), three),
        fitted("MultiOutputClassifier", lambda: m.MultiOutputClassifier(logistic()), two_labels, options=PLAIN),
        fitted(
            "MultiOutputClassifier-trees",
            lambda: m.MultiOutputClassifier(tree.DecisionTreeClassifier(max_depth=3, **SEED)),
            two_labels,
            options=PLAIN,
        ),
        fitted("ClassifierChain", lambda: m.ClassifierChain(logistic()), two_labels, options=PLAIN),
        fitted(
            "DecisionTreeClassifier-two",
            lambda: tree.DecisionTreeClassifier(max_depth=4, **SEED),
            two_alike,
            options=PLAIN,
        ),
        fitted(
            "RandomForestClassifier-two",
            lambda: e.RandomForestClassifier(n_estimators=5, max_depth=3, **SEED),
            two_alike,
            options=PLAIN,
        ),
    ]


def _outliers() -> list[Case]:
    return [
        fitted(
            "IsolationForest", lambda: ensemble.IsolationForest(n_estimators=10, **SEED), real, target_opset=ISOLATION
        ),
        fitted(
            "IsolationForest-samples",
            lambda: ensemble.IsolationForest(n_estimators=10, **SEED),
            real,
            options={"score_samples": True},
            target_opset=ISOLATION,
        ),
        fitted("OneClassSVM", lambda: svm.OneClassSVM(nu=0.1, gamma=0.1), real),
        fitted("SGDOneClassSVM", lambda: linear_model.SGDOneClassSVM(**SEED), real),
        fitted("LocalOutlierFactor", lambda: neighbors.LocalOutlierFactor(novelty=True, n_neighbors=10), real),
        fitted("EllipticEnvelope", lambda: covariance.EllipticEnvelope(**SEED), real),
    ]


def _groups() -> list[Case]:
    return [
        fitted("KMeans", lambda: cluster.KMeans(4, n_init=2, **SEED), real),
        fitted("KMeans-double", lambda: cluster.KMeans(4, n_init=2, **SEED), lambda: wide(real())),
        fitted("MiniBatchKMeans", lambda: cluster.MiniBatchKMeans(4, n_init=2, **SEED), real),
        fitted("Birch", lambda: cluster.Birch(n_clusters=None, threshold=2.0), real),
        *(
            fitted(
                f"GaussianMixture-{kind}",
                lambda kind=kind: mixture.GaussianMixture(3, covariance_type=kind, **SEED),
                real,
            )
            for kind in ("full", "tied", "diag", "spherical")
        ),
        fitted(
            "GaussianMixture-score", lambda: mixture.GaussianMixture(3, **SEED), real, options={"score_samples": True}
        ),
        fitted("BayesianGaussianMixture", lambda: mixture.BayesianGaussianMixture(n_components=3, **SEED), real),
    ]


CASES = [*_classifiers(), *_outliers(), *_groups()]
