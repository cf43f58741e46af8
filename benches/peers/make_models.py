"""Trains and exports the models that the bench `peers` scores, and the rows it scores them on.

    python make_models.py [FOLDER]     default: target/bench-models

Writes six tree ensembles, an identity, a logistic regression and two perceptrons as ONNX, the
LightGBM ones also as LightGBM's text, 5,000 rows a width as raw float32, and `peers.txt`: where the
peers' libraries of this environment are. The seed is fixed and everything runs on one thread.

Of an exported tree model just its TreeEnsembleClassifier is kept: ZipMap and the casts of labels
are cut off, so that ONNX Runtime is charged for the trees alone. Linear model and perceptrons are
as skl2onnx writes them, with `zipmap` off.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before numpy is loaded: the number of threads changes the order of sums.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import lightgbm
import numpy as np
import onnx
import onnxruntime
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as BoosterFloats
from skl2onnx import to_onnx
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

SEED = 20_261_123
TRAINING_ROWS = 20_000
ROWS = 5_000  # a multiple of the batches 1, 8 and 1,000; 4,992 of them of 32
NOISE = 0.3  # of the rows that are scored, so that they are not the training rows again
TREES_WIDTH, WIDE = 30, 256
OPSETS = {"": 17, "ai.onnx.ml": 3}

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def main() -> None:
    take_booleans()
    parser = argparse.ArgumentParser(description="Makes the models and rows of the bench `peers`.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("target/bench-models"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.txt").write_text("".join(f"{path}\n" for path in libraries()))

    x, y = data(TREES_WIDTH)
    write_rows(folder, x)
    for name, (estimator, export) in trees().items():
        estimator.fit(x, y)
        save(folder, name, single_node(export(estimator), TREES_WIDTH))
        if isinstance(estimator, LGBMClassifier):
            estimator.booster_.save_model(folder / f"{name}.txt")
    save(folder, "identity", identity(TREES_WIDTH))
    logistic = LogisticRegression(max_iter=500).fit(x, y)
    save(folder, "logistic", sklearn_onnx(logistic, TREES_WIDTH))
    save(folder, "mlp", perceptron(x, y, (128, 64), passes=10))
    x, y = data(WIDE)
    write_rows(folder, x)
    save(folder, "mlp_wide", perceptron(x[:4000], y[:4000], (512, 512, 256), passes=3))


def take_booleans() -> None:
    """skl2onnx 1.20 hands `missing_go_to_left` over as booleans, which protobuf 7 refuses."""
    strict = helper.make_attribute

    def make_attribute(key: str, value: Any, *rest: Any, **named: Any) -> AttributeProto:
        if isinstance(value, list) and any(isinstance(one, np.bool_ | bool) for one in value):
            value = [int(one) for one in value]
        return strict(key, value, *rest, **named)

    helper.make_attribute = make_attribute


def libraries() -> tuple[Path, Path]:
    """ONNX Runtime's and LightGBM's shared library, in this order."""
    runtime = Path(onnxruntime.__file__).parent / "capi"
    [runtime] = runtime.glob(f"libonnxruntime.so.{onnxruntime.__version__}")
    booster = Path(lightgbm.__file__).parent / "lib" / "lib_lightgbm.so"
    return runtime.resolve(), booster.resolve(strict=True)


def data(width: int) -> tuple[Floats, Labels]:
    """Continuous features, half of which say something, and two classes that overlap.

    Chosen for trees as uneven as real ones are: a row meets about 590 nodes in 100 leaf-wise trees
    of 31 leaves, where even ones have 500.
    """
    x, y = make_classification(
        TRAINING_ROWS,
        n_features=width,
        n_informative=width // 2,
        n_redundant=width // 10,
        flip_y=0.05,
        random_state=SEED,
    )
    return x.astype(np.float32), y


def trees() -> dict[str, tuple[Any, Callable[[Any], ModelProto]]]:
    """The estimators, and how each is exported."""
    one: dict[str, int] = {"random_state": SEED, "n_jobs": 1}
    histogram = HistGradientBoostingClassifier(early_stopping=False, random_state=SEED)

    def lightgbm_trees(trees: int, leaves: int) -> LGBMClassifier:
        return LGBMClassifier(n_estimators=trees, num_leaves=leaves, verbose=-1, **one)

    return {
        "gb": (GradientBoostingClassifier(max_depth=3, random_state=SEED), sklearn_onnx),
        "hgb": (histogram, sklearn_onnx),
        "rf": (RandomForestClassifier(100, max_depth=8, **one), sklearn_onnx),
        "lgb": (lightgbm_trees(100, 31), lightgbm_onnx),
        "lgb500": (lightgbm_trees(500, 63), lightgbm_onnx),
        "xgb": (XGBClassifier(n_estimators=100, max_depth=6, **one), xgboost_onnx),
    }


def perceptron(x: Floats, y: Labels, hidden: tuple[int, ...], passes: int) -> ModelProto:
    """Trained for a few passes: what it says does not matter here, its shape does."""
    network = MLPClassifier(hidden, max_iter=passes, random_state=SEED)
    return sklearn_onnx(make_pipeline(StandardScaler(), network).fit(x, y), x.shape[1])


def sklearn_onnx(estimator: Any, width: int = TREES_WIDTH) -> ModelProto:
    sample = np.zeros((1, width), np.float32)
    return to_onnx(estimator, sample, options={"zipmap": False}, target_opset=OPSETS)


def lightgbm_onnx(estimator: LGBMClassifier) -> ModelProto:
    inputs = [("X", BoosterFloats([None, TREES_WIDTH]))]
    return convert_lightgbm(estimator, initial_types=inputs, zipmap=False, target_opset=15)


def xgboost_onnx(estimator: XGBClassifier) -> ModelProto:
    inputs = [("X", BoosterFloats([None, TREES_WIDTH]))]
    return convert_xgboost(estimator, initial_types=inputs, target_opset=15)


def single_node(model: ModelProto, width: int) -> ModelProto:
    """Just the trees of `model`, from its rows to labels and probabilities."""
    [node] = [node for node in model.graph.node if node.op_type == "TreeEnsembleClassifier"]
    node.input[:], node.output[:] = ["X"], ["label", "probabilities"]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2]),
    ]
    return graph(node, width, outputs)


def identity(width: int) -> ModelProto:
    """What a call of ONNX Runtime costs on its own."""
    output = helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["N", width])
    return graph(helper.make_node("Identity", ["X"], ["Y"]), width, [output])


def graph(node: NodeProto, width: int, outputs: list[Any]) -> ModelProto:
    rows = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", width])
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    whole = helper.make_graph([node], node.op_type, [rows], outputs)
    return helper.make_model(whole, opset_imports=opsets, ir_version=8)


def save(folder: Path, name: str, model: ModelProto) -> None:
    onnx.checker.check_model(model)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    sys.stdout.write(f"{name}.onnx: {shape(model)}\n")


def shape(model: ModelProto) -> str:
    """What a reader wants to compare with other measurements."""
    node = model.graph.node[0]
    if node.op_type != "TreeEnsembleClassifier":
        return " ".join(node.op_type for node in model.graph.node)
    of = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    branch = np.array([mode != b"LEAF" for mode in of["nodes_modes"]])
    tree, feature = np.array(of["nodes_treeids"]), np.array(of["nodes_featureids"])[branch]
    leaves = np.bincount(tree[~branch])
    threshold = np.array(of["nodes_values"], np.float32)[branch]
    distinct = [len(np.unique(threshold[feature == one])) for one in np.unique(feature)]
    modes = b", ".join(sorted(set(of["nodes_modes"]))).decode()
    return (
        f"{len(leaves)} trees of {leaves.min()} to {leaves.max()} leaves (mean {leaves.mean():.0f}),"
        f" at most {max(distinct)} thresholds a feature, {modes}"
    )


def write_rows(folder: Path, x: Floats) -> None:
    """Training rows with noise, row-major, as the machine's float32."""
    random = np.random.default_rng(SEED)
    rows = x[random.choice(len(x), ROWS, replace=False)]
    rows = rows + NOISE * random.standard_normal(rows.shape, np.float32)
    (folder / f"rows{x.shape[1]}.f32").write_bytes(rows.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
