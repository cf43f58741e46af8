"""Small ONNX models of other kinds than the example, and servers of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import skeg

# Datatypes that JSON has a form for, as ONNX has them.
TYPES = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16, "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8, "INT16": TensorProto.INT16, "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64, "FP32": TensorProto.FLOAT, "FP64": TensorProto.DOUBLE, "BYTES": TensorProto.STRING,
}


def built(
    name: str, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], **weights: np.ndarray
) -> onnx.ModelProto:
    """A model whose inputs and outputs are (type, shape) by name."""
    value = helper.make_tensor_value_info
    kept = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    signature = [[value(name, *it) for name, it in side.items()] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, name, *signature, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def words() -> onnx.ModelProto:
    """Two numbers beside a text; the text comes back."""
    node = helper.make_node
    nodes = [node("MatMul", ["numbers", "weights"], ["total"]), node("Identity", ["city"], ["same"])]
    return built(
        "words", nodes,
        {"numbers": (TensorProto.FLOAT, [None, 2]), "city": (TensorProto.STRING, [None, 1])},
        {"total": (TensorProto.FLOAT, [None, 1]), "same": (TensorProto.STRING, [None, 1])},
        weights=np.array([[1.5], [-2.0]], np.float32),
    )


def types() -> onnx.ModelProto:
    """One column of each datatype, which comes back."""
    nodes = [helper.make_node("Identity", [f"{name.lower()}_in"], [f"{name.lower()}_out"]) for name in TYPES]
    sides = [{f"{name.lower()}_{side}": (kind, [None, 1]) for name, kind in TYPES.items()} for side in ("in", "out")]
    return built("types", nodes, *sides)


def half() -> onnx.ModelProto:
    """Numbers that come back as they are and doubled; tests send them in half precision."""
    nodes = [helper.make_node("Identity", ["x"], ["same"]), helper.make_node("Add", ["x", "x"], ["double"])]
    it = (TensorProto.FLOAT, [None, 3])
    return built("half", nodes, {"x": it}, {"same": it, "double": it})


def halves() -> onnx.ModelProto:
    """A layer of a network in half precision, from its inputs to its outputs."""
    random = np.random.default_rng(7)
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["sums"]), helper.make_node("Add", ["sums", "bias"], ["moved"]),
        helper.make_node("Relu", ["moved"], ["layer"]), helper.make_node("Softmax", ["layer"], ["shares"]),
    ]
    out = (TensorProto.FLOAT16, [None, 4])
    return built(
        "halves", nodes, {"x": (TensorProto.FLOAT16, [None, 3])}, {"layer": out, "shares": out},
        weights=random.normal(size=(3, 4)).astype(np.float16), bias=random.normal(size=4).astype(np.float16),
    )


def total() -> onnx.ModelProto:
    """One output, a number a row: the sum of `a` and twice `b`."""
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["total"])]
    return built(
        "total", nodes, {"x": (TensorProto.FLOAT, [None, 2])}, {"total": (TensorProto.FLOAT, [None])},
        weights=np.array([1.0, 2.0], np.float32),
    )


def turned() -> onnx.ModelProto:
    """The same as `total` for a client that names its columns: here they stand the other way round."""
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["total"])]
    return built(
        "turned", nodes, {"x": (TensorProto.FLOAT, [None, 2])}, {"total": (TensorProto.FLOAT, [None])},
        weights=np.array([2.0, 1.0], np.float32),
    )


def table() -> onnx.ModelProto:
    """Fails on what is not in its table of three: ONNX Runtime says that the index is out of bounds."""
    nodes = [helper.make_node("Gather", ["entries", "index"], ["value"])]
    return built(
        "table", nodes, {"index": (TensorProto.INT64, [None, 1])}, {"value": (TensorProto.FLOAT, [None, 1])},
        entries=np.array([1, 2, 3], np.float32),
    )


FEATURES = {"words": ["--features", "numbers=lat,lon"], "total": ["--features", "x=a,b"],
            "turned": ["--features", "x=b,a"]}
MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "words": words, "types": types, "half": half, "halves": halves, "total": total, "turned": turned, "table": table,
}


def register(folder: Path, *names: str, version: str = "1") -> Path:
    """A store with these models; each is an endpoint of its name with one deployment, `only`."""
    store = folder / "store"
    (store / "endpoints").mkdir(parents=True, exist_ok=True)
    for name in names:
        onnx.save(MODELS[name](), folder / f"{name}.onnx")
        model = ["--model", f"{name}:{version}", *FEATURES.get(name, [])]
        done = skeg.run("models", "register", str(folder / f"{name}.onnx"), "--store", str(store), *model)
        assert done.returncode == 0, done.stderr
        spec = skeg.spec({"only": f"{name}:{version}"}, {"only": 100}, name=name)
        (store / "endpoints" / f"{name}.yaml").write_text(json.dumps(spec))
    return store


@contextmanager
def serving(folder: Path, *names: str, flags: tuple[str, ...] = (), version: str = "1") -> Iterator[skeg.Server]:
    """A server of these models."""
    store = register(folder, *names, version=version)
    control = ["--model-control", "explicit"]
    with skeg.serving(folder, *control, *flags, command="serve", store=store) as server:
        yield server
