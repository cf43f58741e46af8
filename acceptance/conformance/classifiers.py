"""scikit-learn's classifiers, with ZipMap (the exporter's default) and without."""

from __future__ import annotations

from sklearn import (
    discriminant_analysis,
    dummy,
    ensemble,
    gaussian_process,
    linear_model,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV

from .case import Case
from .data import above_zero, binary, counts, gaps, named, three, whole, wide, with_missing, yesno
from .tables import fitted

PLAIN = {"zipmap": False}
SEED = {"random_state": 0}
# Older trees have single precision only.
DOUBLE = {"": 18, "ai.onnx.ml": 3}


def _linear() -> list[Case]:
    lm = linear_model
    return [
        fitted("LogisticRegression-binary", lm.LogisticRegression, binary),
        fitted("LogisticRegression-binary-plain", lm.LogisticRegression, binary, options=PLAIN),
        fitted("LogisticRegression-three", lm.LogisticRegression, three),
        fitted("LogisticRegression-gaps-plain", lm.LogisticRegression, gaps, options=PLAIN),
        fitted("LogisticRegression-names", lm.LogisticRegression, named),
        fitted("LogisticRegression-names-plain", lm.LogisticRegression, named, options=PLAIN),
        fitted("LogisticRegression-yesno", lm.LogisticRegression, yesno),
        fitted("LogisticRegression-double", lm.LogisticRegression, lambda: wide(three()), options=PLAIN),
        fitted("LogisticRegression-int64", lm.LogisticRegression, lambda: whole(three())),
        fitted("LogisticRegression-raw", lm.LogisticRegression, three, options={"raw_scores": True, **PLAIN}),
        fitted("LogisticRegression-columns", lm.LogisticRegression, three, options={"zipmap": "columns"}),
        fitted("LogisticRegressionCV", lambda: lm.LogisticRegressionCV(cv=3, use_legacy_attributes=False), three),
        fitted("RidgeClassifier-binary", lm.RidgeClassifier, binary),
        fitted("RidgeClassifier-three", lm.RidgeClassifier, three, options=PLAIN),
        fitted("RidgeClassifierCV", lm.RidgeClassifierCV, three, options=PLAIN),
        fitted("SGDClassifier-hinge", lambda: lm.SGDClassifier(**SEED), binary),
        fitted("SGDClassifier-log", lambda: lm.SGDClassifier(loss="log_loss", **SEED), three, options=PLAIN),
        fitted("SGDClassifier-huber", lambda: lm.SGDClassifier(loss="modified_huber", **SEED), three),
        fitted("Perceptron", lambda: lm.Perceptron(**SEED), three, options=PLAIN),
    ]


def _trees() -> list[Case]:
    e = ensemble
    small = {"n_estimators": 12, "max_depth": 4, **SEED}
    return [
        fitted("DecisionTreeClassifier", lambda: tree.DecisionTreeClassifier(max_depth=5, **SEED), three),
        fitted("DecisionTreeClassifier-names", lambda: tree.DecisionTreeClassifier(**SEED), named, options=PLAIN),
        fitted(
            "DecisionTreeClassifier-double",
            lambda: tree.DecisionTreeClassifier(**SEED),
            lambda: wide(three()),
            options=PLAIN,
            target_opset=DOUBLE,
        ),
        fitted(
            "DecisionTreeClassifier-leaf",
            lambda: tree.DecisionTreeClassifier(max_depth=4, **SEED),
            three,
            options={"decision_leaf": True, **PLAIN},
        ),
        fitted(
            "DecisionTreeClassifier-path",
            lambda: tree.DecisionTreeClassifier(max_depth=4, **SEED),
            three,
            options={"decision_path": True, **PLAIN},
        ),
        fitted(
            "DecisionTreeClassifier-missing",
            lambda: tree.DecisionTreeClassifier(max_depth=5, **SEED),
            lambda: with_missing(three()),
        ),
        fitted("ExtraTreeClassifier", lambda: tree.ExtraTreeClassifier(max_depth=5, **SEED), binary),
        fitted("RandomForestClassifier-binary", lambda: e.RandomForestClassifier(**small), binary),
        fitted("RandomForestClassifier-three", lambda: e.RandomForestClassifier(**small), three, options=PLAIN),
        fitted("RandomForestClassifier-names", lambda: e.RandomForestClassifier(**small), named),
        fitted("RandomForestClassifier-int64", lambda: e.RandomForestClassifier(**small), lambda: whole(three())),
        fitted(
            "RandomForestClassifier-double",
            lambda: e.RandomForestClassifier(**small),
            lambda: wide(three()),
            options=PLAIN,
            target_opset=DOUBLE,
        ),
        fitted("ExtraTreesClassifier", lambda: e.ExtraTreesClassifier(**small), three),
        fitted("GradientBoostingClassifier-binary", lambda: e.GradientBoostingClassifier(**small), binary),
        fitted("GradientBoostingClassifier-three", lambda: e.GradientBoostingClassifier(**small), three, options=PLAIN),
        fitted(
            "GradientBoostingClassifier-exponential",
            lambda: e.GradientBoostingClassifier(loss="exponential", **small),
            binary,
        ),
        fitted(
            "HistGradientBoostingClassifier-binary",
            lambda: e.HistGradientBoostingClassifier(max_iter=10, **SEED),
            lambda: with_missing(binary()),
        ),
        fitted(
            "HistGradientBoostingClassifier-three",
            lambda: e.HistGradientBoostingClassifier(max_iter=10, **SEED),
            lambda: with_missing(three()),
            options=PLAIN,
        ),
        fitted("AdaBoostClassifier-binary", lambda: e.AdaBoostClassifier(n_estimators=8, **SEED), binary),
        fitted("AdaBoostClassifier-three", lambda: e.AdaBoostClassifier(n_estimators=8, **SEED), three, options=PLAIN),
        fitted("BaggingClassifier-trees", lambda: e.BaggingClassifier(n_estimators=5, **SEED), three),
        fitted(
            "BaggingClassifier-linear",
            lambda: e.BaggingClassifier(linear_model.LogisticRegression(), n_estimators=4, **SEED),
            binary,
        ),
        fitted(
            "BaggingClassifier-features",
            lambda: e.BaggingClassifier(n_estimators=4, max_features=0.6, **SEED),
            binary,
            options=PLAIN,
        ),
    ]


def _kernels() -> list[Case]:
    return [
        fitted("LinearSVC-binary", svm.LinearSVC, binary),
        fitted("LinearSVC-three", svm.LinearSVC, three),
        fitted("SVC-rbf-binary", svm.SVC, binary),
        fitted("SVC-rbf-three", svm.SVC, three, options=PLAIN),
        fitted("SVC-ovo", lambda: svm.SVC(decision_function_shape="ovo"), three, options=PLAIN),
        fitted("SVC-linear-names", lambda: svm.SVC(kernel="linear"), named, options=PLAIN),
        fitted("SVC-poly", lambda: svm.SVC(kernel="poly", degree=2, coef0=1.0), three, options=PLAIN),
        fitted("SVC-sigmoid", lambda: svm.SVC(kernel="sigmoid", gamma=0.05), binary, options=PLAIN),
        fitted("SVC-probability-binary", lambda: svm.SVC(probability=True, **SEED), binary),
        fitted("SVC-probability-three", lambda: svm.SVC(probability=True, **SEED), three, options=PLAIN),
        fitted("NuSVC", lambda: svm.NuSVC(nu=0.3), three, options=PLAIN),
        fitted("NuSVC-probability", lambda: svm.NuSVC(nu=0.3, probability=True, **SEED), three),
        fitted("GaussianProcessClassifier-binary", gaussian_process.GaussianProcessClassifier, binary, options=PLAIN),
    ]


def _neighbours() -> list[Case]:
    n = neighbors
    return [
        fitted("KNeighborsClassifier-binary", n.KNeighborsClassifier, binary),
        fitted(
            "KNeighborsClassifier-distance", lambda: n.KNeighborsClassifier(weights="distance"), three, options=PLAIN
        ),
        fitted("KNeighborsClassifier-manhattan", lambda: n.KNeighborsClassifier(metric="manhattan"), named),
        fitted("KNeighborsClassifier-cdist", n.KNeighborsClassifier, three, options={"optim": "cdist", **PLAIN}),
        fitted("RadiusNeighborsClassifier", lambda: n.RadiusNeighborsClassifier(radius=30.0), binary),
        fitted("NearestCentroid", n.NearestCentroid, three),
        fitted("NeighborhoodComponents-KNN", lambda: _nca(), three, options=PLAIN),
    ]


def _nca():
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        neighbors.NeighborhoodComponentsAnalysis(n_components=2, **SEED), neighbors.KNeighborsClassifier()
    )


def _others() -> list[Case]:
    nb, da = naive_bayes, discriminant_analysis
    mlp = neural_network.MLPClassifier
    net = {"hidden_layer_sizes": (8, 6), "max_iter": 60, **SEED}
    logistic = linear_model.LogisticRegression
    return [
        fitted("GaussianNB", nb.GaussianNB, three),
        fitted("MultinomialNB", nb.MultinomialNB, lambda: counts(three())),
        fitted("BernoulliNB", nb.BernoulliNB, three, options=PLAIN),
        fitted("ComplementNB", nb.ComplementNB, lambda: counts(three()), options=PLAIN),
        fitted("CategoricalNB", lambda: nb.CategoricalNB(min_categories=16), lambda: counts(three())),
        fitted("MLPClassifier-relu", lambda: mlp(**net), three),
        fitted("MLPClassifier-tanh", lambda: mlp(activation="tanh", **net), binary, options=PLAIN),
        fitted("MLPClassifier-logistic", lambda: mlp(activation="logistic", **net), named),
        fitted("LinearDiscriminantAnalysis", da.LinearDiscriminantAnalysis, three),
        fitted("QuadraticDiscriminantAnalysis", da.QuadraticDiscriminantAnalysis, three, options=PLAIN),
        fitted("OneVsRest-logistic", lambda: multiclass.OneVsRestClassifier(logistic()), three),
        fitted(
            "OneVsRest-trees",
            lambda: multiclass.OneVsRestClassifier(tree.DecisionTreeClassifier(max_depth=4, **SEED)),
            named,
            options=PLAIN,
        ),
        fitted("OneVsOne", lambda: multiclass.OneVsOneClassifier(logistic()), three, options=PLAIN),
        fitted("OutputCode", lambda: multiclass.OutputCodeClassifier(logistic(), **SEED), three),
        fitted("GridSearchCV", lambda: GridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3), three),
        fitted("FixedThresholdClassifier", lambda: FixedThresholdClassifier(logistic(), threshold=0.3), binary),
        fitted("TunedThresholdClassifierCV", lambda: TunedThresholdClassifierCV(logistic(), cv=3), binary),
        fitted("DummyClassifier", dummy.DummyClassifier, three),
        fitted("LinearSVC-positive", svm.LinearSVC, lambda: above_zero(three())),
    ]


CASES = [*_linear(), *_trees(), *_kernels(), *_neighbours(), *_others()]
