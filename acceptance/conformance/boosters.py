"""LightGBM, XGBoost and CatBoost models through their exporters."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from .case import Built, Case
from .data import Data, asked, binary, counts, frame, fraud, gaps, named, positive, real, three, with_missing

SIZE = {"n_estimators": 12, "random_state": 0}
DEPTH = {"max_depth": 4, **SIZE}


def _clean(name: str) -> str:
    """A name that a model may have."""
    return re.sub(r"[:=]", "-", name)


def _lightgbm(name: str, make: Callable[[], Any], data: Callable[[], Data], zipmap: bool = True, **fit: Any) -> Case:
    def build() -> Built:
        from onnxmltools import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType

        drawn = data()
        model = make().fit(drawn.x, drawn.y, **fit)
        kinds = [("X", FloatTensorType([None, drawn.x.shape[1]]))]
        return convert_lightgbm(model, initial_types=kinds, zipmap=zipmap), {"X": drawn.ask}

    return Case(f"lightgbm-{name}", build)


def _lightgbms() -> list[Case]:
    from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor

    quiet: dict[str, Any] = {"verbosity": -1, "n_jobs": 1, "num_leaves": 8, **SIZE}
    missing = lambda data: lambda: with_missing(data())  # noqa: E731

    def classifier(**extra: Any) -> Callable[[], Any]:
        return lambda: LGBMClassifier(**quiet | extra)

    def regressor(**extra: Any) -> Callable[[], Any]:
        return lambda: LGBMRegressor(**quiet | extra)

    return [
        _lightgbm("binary", classifier(), binary),
        _lightgbm("binary-plain", classifier(), binary, zipmap=False),
        _lightgbm("three", classifier(), three),
        _lightgbm("three-plain", classifier(), three, zipmap=False),
        _lightgbm("names", classifier(), named),
        _lightgbm("gaps", classifier(), gaps),
        _lightgbm("binary-missing", classifier(), missing(binary)),
        _lightgbm("three-missing", classifier(), missing(three), zipmap=False),
        _lightgbm("zero-as-missing", classifier(zero_as_missing=True), lambda: counts(binary()), zipmap=False),
        _lightgbm("ova", classifier(objective="multiclassova"), three, zipmap=False),
        _lightgbm("forest", classifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7), binary, zipmap=False),
        _lightgbm("dart", classifier(boosting_type="dart"), binary),
        _lightgbm(
            "categorical",
            classifier(min_data_per_group=5, cat_smooth=1.0),
            lambda: counts(binary()),
            categorical_feature=[0, 1],
        ),
        _lightgbm(
            "categorical-missing",
            classifier(min_data_per_group=5, cat_smooth=1.0),
            lambda: with_missing(counts(binary())),
            zipmap=False,
            categorical_feature=[0, 1],
        ),
        _lightgbm("regression", regressor(), real),
        _lightgbm("regression-missing", regressor(), missing(real)),
        *(
            _lightgbm(f"regression-{objective}", regressor(objective=objective), positive)
            for objective in ("l1", "huber", "quantile", "poisson", "gamma", "tweedie", "mape", "fair")
        ),
        _lightgbm("ranking", lambda: LGBMRanker(**quiet), three, group=[24] * 10),
    ]


def _xgboost(name: str, make: Callable[[], Any], data: Callable[[], Data], **fit: Any) -> Case:
    def build() -> Built:
        from onnxmltools import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        drawn = data()
        model = make().fit(drawn.x, drawn.y, **fit)
        kinds = [("X", FloatTensorType([None, drawn.x.shape[1]]))]
        return convert_xgboost(model, initial_types=kinds), {"X": drawn.ask}

    return Case(_clean(f"xgboost-{name}"), build)


def _xgboosts() -> list[Case]:
    from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier, XGBRFRegressor

    quiet: dict[str, Any] = {"n_jobs": 1, **DEPTH}
    missing = lambda data: lambda: with_missing(data())  # noqa: E731

    def classifier(**extra: Any) -> Callable[[], Any]:
        return lambda: XGBClassifier(**quiet | extra)

    def regressor(**extra: Any) -> Callable[[], Any]:
        return lambda: XGBRegressor(**quiet | extra)

    return [
        _xgboost("binary", classifier(), binary),
        _xgboost("binary-missing", classifier(), missing(binary)),
        _xgboost("binary-base-score", classifier(base_score=0.3), binary),
        _xgboost("binary-raw", classifier(objective="binary:logitraw"), binary),
        _xgboost("three", classifier(), three),
        _xgboost("three-missing", classifier(), missing(three)),
        _xgboost("softmax", classifier(objective="multi:softmax"), three),
        _xgboost("dart", classifier(booster="dart"), binary),
        _xgboost("linear", lambda: XGBClassifier(booster="gblinear", n_estimators=12), binary),
        _xgboost("forest", lambda: XGBRFClassifier(**quiet), binary),
        _xgboost("regression", regressor(), real),
        _xgboost("regression-missing", regressor(), missing(real)),
        _xgboost("regression-linear", lambda: XGBRegressor(booster="gblinear", n_estimators=12), real),
        _xgboost("regression-forest", lambda: XGBRFRegressor(**quiet), real),
        *(
            _xgboost(f"regression-{objective}", regressor(objective=objective), positive)
            for objective in ("count:poisson", "reg:gamma", "reg:tweedie", "reg:absoluteerror", "reg:pseudohubererror")
        ),
        _xgboost("regression-logistic", regressor(objective="reg:logistic"), binary),
        _xgboost("ranking", lambda: XGBRanker(**quiet), three, group=[24] * 10),
        _xgboost(
            "categorical",
            classifier(enable_categorical=True, feature_types=["c", "c", "q", "q", "q"]),
            lambda: counts(binary()),
        ),
    ]


def _catboost(name: str, make: Callable[[], Any], data: Callable[[], Data], **fit: Any) -> Case:
    def build() -> Built:
        drawn = data()
        model = make().fit(drawn.x, drawn.y, **fit)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            model.save_model(str(path), format="onnx")
            return onnx.load(path), {"features": drawn.ask.astype(np.float32)}

    return Case(_clean(f"catboost-{name}"), build)


def _catboosts() -> list[Case]:
    from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor

    quiet: dict[str, Any] = {
        "iterations": 12,
        "depth": 4,
        "random_seed": 0,
        "thread_count": 1,
        "verbose": False,
        "allow_writing_files": False,
    }
    missing = lambda data: lambda: with_missing(data())  # noqa: E731
    groups = np.repeat(np.arange(10), 24)

    def classifier(**extra: Any) -> Callable[[], Any]:
        return lambda: CatBoostClassifier(**quiet | extra)

    def regressor(**extra: Any) -> Callable[[], Any]:
        return lambda: CatBoostRegressor(**quiet | extra)

    return [
        _catboost("binary", classifier(), binary),
        _catboost("binary-missing", classifier(), missing(binary)),
        _catboost("three", classifier(), three),
        _catboost("three-missing", classifier(), missing(three)),
        _catboost("names", classifier(), named),
        _catboost("gaps", classifier(), gaps),
        _catboost("ova", classifier(loss_function="MultiClassOneVsAll"), three),
        _catboost("depthwise", classifier(grow_policy="Depthwise"), binary),
        _catboost("regression", regressor(), real),
        _catboost("regression-missing", regressor(), missing(real)),
        _catboost("regression-max-missing", regressor(nan_mode="Max"), missing(real)),
        *(
            _catboost(f"regression-{loss}", regressor(loss_function=loss), positive)
            for loss in ("MAE", "Quantile", "Poisson", "Tweedie:variance_power=1.5")
        ),
        _catboost("ranking", lambda: CatBoostRanker(**quiet), three, group_id=groups),
    ]


def _in_pipeline(name: str, make: Callable[[], Any], options: Any = None) -> Case:
    """A booster behind a ColumnTransformer with strings, exported by skl2onnx."""

    def build() -> Built:
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder

        from .case import export
        from .tables import columns

        register()
        steps = [
            ("numbers", SimpleImputer(), ["amount", "age"]),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["channel", "country"]),
        ]
        table = frame(missing=True).drop(columns="count")
        model = make_pipeline(ColumnTransformer(steps), make()).fit(table, fraud(frame(missing=True)))
        rows = columns(asked(missing=True, unseen=True).drop(columns="count"))
        return export(model, rows, options=options, target_opset={"": 15, "ai.onnx.ml": 3}), rows

    return Case(name, build)


def register() -> None:
    """Tells skl2onnx of the boosters' converters."""
    from lightgbm import LGBMClassifier
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from xgboost import XGBClassifier

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    shapes = calculate_linear_classifier_output_shapes
    update_registered_converter(LGBMClassifier, "LgbmClassifier", shapes, convert_lightgbm, options=options)
    update_registered_converter(XGBClassifier, "XgbClassifier", shapes, convert_xgboost, options=options)


def _pipelines() -> list[Case]:
    from lightgbm import LGBMClassifier
    from xgboost import XGBClassifier

    lgbm = lambda: LGBMClassifier(verbosity=-1, n_jobs=1, num_leaves=8, **SIZE)  # noqa: E731
    xgb = lambda: XGBClassifier(n_jobs=1, **DEPTH)  # noqa: E731
    return [
        _in_pipeline("columns-lightgbm", lgbm),
        _in_pipeline("columns-lightgbm-plain", lgbm, {"zipmap": False}),
        _in_pipeline("columns-xgboost", xgb),
        _in_pipeline("columns-xgboost-plain", xgb, {"zipmap": False}),
    ]


CASES = [*_lightgbms(), *_xgboosts(), *_catboosts(), *_pipelines()]
