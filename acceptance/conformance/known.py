"""Cases that are known not to be equal, and cases without a model to serve, each with its reason."""

from __future__ import annotations

# Case to why its scores are not ONNX Runtime's. Strict: one that has become equal fails the test.
_KERNEL = "1e-5 of a score of 1: sums of hundreds of products in single precision, in another order"
NOT_EQUAL: dict[str, str] = {"SVR-linear": _KERNEL, "SVR-poly": _KERNEL}

_NO_CONVERTER = "skl2onnx 1.20 has no converter for it"
_NO_BOOSTER = "onnxmltools 1.16 reads boosters of trees only, and not dart's"
_DOUBLE = "skl2onnx 1.20 declares double outputs of trees that are single: ONNX Runtime refuses the file"

# Case to why there is no model of it to serve.
NOT_EXPORTED: dict[str, str] = {
    **dict.fromkeys(
        [
            "Birch",
            "ClassifierChain",
            "DummyClassifier",
            "DummyRegressor",
            "EllipticEnvelope",
            "FactorAnalysis-5",
            "FastICA-4",
            "FixedThresholdClassifier",
            "HashingVectorizer",
            "KernelRidge",
            "MissingIndicator",
            "NMF",
            "NearestCentroid",
            "Nystroem-9",
            "OutputCode",
            "RBFSampler-10",
            "RegressorChain",
            "SplineTransformer-15",
            "TransformedTargetRegressor",
        ],
        _NO_CONVERTER,
    ),
    **dict.fromkeys(
        ["DecisionTreeClassifier-double", "DecisionTreeRegressor-double", "scale-boosting-double"], _DOUBLE
    ),
    **dict.fromkeys(["xgboost-dart", "xgboost-linear", "xgboost-regression-linear"], _NO_BOOSTER),
    "GaussianProcessClassifier-binary": "its operator com.microsoft.Solve is not in ONNX Runtime",
    "KBinsDiscretizer-13": "skl2onnx 1.20 does not export sparse bins",
    "OneHotEncoder-infrequent": "skl2onnx 1.20 does not export infrequent categories",
    "RandomTreesEmbedding-21": "skl2onnx 1.20 does not export sparse embeddings",
    "SimpleImputer-double": "ONNX Runtime has no Imputer of doubles",
    "SimpleImputer-int64": "skl2onnx 1.20 does not export an integer that stands for missing",
    "catboost-depthwise": "CatBoost exports symmetric trees only",
    "columns-bins": "skl2onnx 1.20 does not export sparse bins",
    "lightgbm-regression-fair": "onnxmltools 1.16 does not know the objective",
    "lightgbm-regression-mape": "onnxmltools 1.16 does not know the objective",
    "passthrough-step": "skl2onnx 1.20 does not take a step that is a word under scikit-learn 1.9",
    "xgboost-binary-raw": "onnxmltools 1.16 does not know the objective",
    "xgboost-ranking": "onnxmltools 1.16 has no converter for rankers, and takes their boosters for classifiers",
}
