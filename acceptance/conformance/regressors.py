"""scikit-learn's regressors."""

from __future__ import annotations

import numpy as np
from sklearn import (
    cross_decomposition,
    dummy,
    ensemble,
    gaussian_process,
    kernel_ridge,
    linear_model,
    multioutput,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import kernels
from sklearn.model_selection import GridSearchCV

from .case import Case
from .data import positive, real, two_targets, whole, wide, with_missing
from .tables import fitted

SEED = {"random_state": 0}
# Older trees have single precision only.
DOUBLE = {"": 18, "ai.onnx.ml": 3}


def _linear() -> list[Case]:
    lm = linear_model
    one = [
        lm.LinearRegression(),
        lm.Ridge(),
        lm.RidgeCV(),
        lm.Lasso(0.01),
        lm.LassoCV(cv=3),
        lm.ElasticNet(0.01),
        lm.ElasticNetCV(cv=3),
        lm.Lars(),
        lm.LarsCV(cv=3),
        lm.LassoLars(0.01),
        lm.LassoLarsCV(cv=3),
        lm.LassoLarsIC(),
        lm.OrthogonalMatchingPursuit(),
        lm.OrthogonalMatchingPursuitCV(cv=3),
        lm.BayesianRidge(),
        lm.ARDRegression(),
        lm.HuberRegressor(),
        lm.TheilSenRegressor(**SEED),
        lm.RANSACRegressor(**SEED),
        lm.SGDRegressor(**SEED),
        lm.QuantileRegressor(alpha=0.01),
        svm.LinearSVR(),
    ]
    several = [
        lm.LinearRegression(),
        lm.Ridge(),
        lm.MultiTaskLasso(0.01),
        lm.MultiTaskElasticNet(0.01),
        lm.MultiTaskLassoCV(cv=3),
        lm.MultiTaskElasticNetCV(cv=3),
    ]
    above = [lm.PoissonRegressor(), lm.GammaRegressor(), lm.TweedieRegressor(power=1.5)]
    return [
        *(fitted(type(m).__name__, lambda m=m: m, real) for m in one),
        *(fitted(f"{type(m).__name__}-two", lambda m=m: m, two_targets) for m in several),
        *(fitted(type(m).__name__, lambda m=m: m, positive) for m in above),
        fitted("LinearRegression-double", lm.LinearRegression, lambda: wide(real())),
        fitted("LinearRegression-int64", lm.LinearRegression, lambda: whole(real())),
        fitted("LinearRegression-no-intercept", lambda: lm.LinearRegression(fit_intercept=False), real),
        fitted("BayesianRidge-std", lm.BayesianRidge, real, options={"return_std": True}),
    ]


def _trees() -> list[Case]:
    e, t = ensemble, tree
    small = {"n_estimators": 12, "max_depth": 4, **SEED}
    return [
        fitted("DecisionTreeRegressor", lambda: t.DecisionTreeRegressor(max_depth=5, **SEED), real),
        fitted("DecisionTreeRegressor-two", lambda: t.DecisionTreeRegressor(max_depth=5, **SEED), two_targets),
        fitted(
            "DecisionTreeRegressor-double",
            lambda: t.DecisionTreeRegressor(max_depth=5, **SEED),
            lambda: wide(real()),
            target_opset=DOUBLE,
        ),
        fitted("ExtraTreeRegressor", lambda: t.ExtraTreeRegressor(max_depth=5, **SEED), real),
        fitted("RandomForestRegressor", lambda: e.RandomForestRegressor(**small), real),
        fitted("RandomForestRegressor-two", lambda: e.RandomForestRegressor(**small), two_targets),
        fitted("RandomForestRegressor-missing", lambda: e.RandomForestRegressor(**small), lambda: with_missing(real())),
        fitted("ExtraTreesRegressor", lambda: e.ExtraTreesRegressor(**small), real),
        fitted("GradientBoostingRegressor", lambda: e.GradientBoostingRegressor(**small), real),
        fitted("GradientBoostingRegressor-int64", lambda: e.GradientBoostingRegressor(**small), lambda: whole(real())),
        fitted("GradientBoostingRegressor-huber", lambda: e.GradientBoostingRegressor(loss="huber", **small), real),
        fitted(
            "GradientBoostingRegressor-quantile", lambda: e.GradientBoostingRegressor(loss="quantile", **small), real
        ),
        fitted(
            "HistGradientBoostingRegressor",
            lambda: e.HistGradientBoostingRegressor(max_iter=10, **SEED),
            lambda: with_missing(real()),
        ),
        fitted(
            "HistGradientBoostingRegressor-poisson",
            lambda: e.HistGradientBoostingRegressor(loss="poisson", max_iter=10, **SEED),
            positive,
        ),
        fitted("AdaBoostRegressor", lambda: e.AdaBoostRegressor(n_estimators=6, **SEED), real),
        fitted("BaggingRegressor", lambda: e.BaggingRegressor(n_estimators=5, **SEED), real),
        fitted("BaggingRegressor-features", lambda: e.BaggingRegressor(n_estimators=5, max_features=0.6, **SEED), real),
    ]


def _kernels() -> list[Case]:
    gp = gaussian_process.GaussianProcessRegressor
    k = kernels

    def process(name: str, kernel, **extra):
        return fitted(
            f"GaussianProcessRegressor-{name}",
            lambda: gp(kernel, alpha=1.0, optimizer=None, **extra),
            lambda: wide(real()),
        )

    return [
        *(
            fitted(f"SVR-{kernel}", lambda kernel=kernel: svm.SVR(kernel=kernel, gamma=0.1, degree=2), real)
            for kernel in ("rbf", "linear", "poly", "sigmoid")
        ),
        fitted("NuSVR", svm.NuSVR, real),
        fitted("KernelRidge", lambda: kernel_ridge.KernelRidge(kernel="rbf"), real),
        process("rbf", k.RBF(1.5)),
        process("matern", k.Matern(1.5, nu=1.5)),
        process("dot", k.DotProduct()),
        process("sum", k.ConstantKernel(0.7) * k.RationalQuadratic(1.2) + k.WhiteKernel(0.1)),
        process("sine", k.ExpSineSquared(5.0, 9.0) + k.WhiteKernel(9.0)),
        fitted(
            "GaussianProcessRegressor-std",
            lambda: gp(k.RBF(1.5), alpha=0.1, optimizer=None),
            lambda: wide(real()),
            options={"return_std": True},
        ),
    ]


def _others() -> list[Case]:
    n, lm, e = neighbors, linear_model, ensemble
    net = {"hidden_layer_sizes": (8, 6), "max_iter": 60, **SEED}
    two = [("linear", lm.LinearRegression()), ("tree", tree.DecisionTreeRegressor(max_depth=4, **SEED))]
    return [
        fitted("KNeighborsRegressor", n.KNeighborsRegressor, real),
        fitted("KNeighborsRegressor-distance", lambda: n.KNeighborsRegressor(weights="distance"), real),
        fitted("KNeighborsRegressor-two", n.KNeighborsRegressor, two_targets),
        fitted("KNeighborsRegressor-cdist", n.KNeighborsRegressor, real, options={"optim": "cdist"}),
        fitted("RadiusNeighborsRegressor", lambda: n.RadiusNeighborsRegressor(radius=30.0), real),
        fitted("MLPRegressor", lambda: neural_network.MLPRegressor(**net), real),
        fitted("MLPRegressor-tanh-two", lambda: neural_network.MLPRegressor(activation="tanh", **net), two_targets),
        fitted("PLSRegression", cross_decomposition.PLSRegression, real),
        fitted("MultiOutputRegressor", lambda: multioutput.MultiOutputRegressor(lm.Ridge()), two_targets),
        fitted("RegressorChain", lambda: multioutput.RegressorChain(lm.Ridge()), two_targets),
        fitted("VotingRegressor", lambda: e.VotingRegressor(two, weights=np.array([2, 1])), real),
        fitted("StackingRegressor", lambda: e.StackingRegressor(two, cv=3), real),
        fitted("TransformedTargetRegressor", lambda: TransformedTargetRegressor(lm.Ridge()), real),
        fitted("GridSearchCV-regressor", lambda: GridSearchCV(lm.Ridge(), {"alpha": [0.1, 1.0]}, cv=3), real),
        fitted("DummyRegressor", dummy.DummyRegressor, real),
    ]


CASES = [*_linear(), *_trees(), *_kernels(), *_others()]
