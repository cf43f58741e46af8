"""`skeg models register` reads weights in files beside the model, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import skeg

SPEC = 'name: dense\ndeployments:\n  blue: {model: "dense:1"}\ntraffic: {blue: 100}\n'
WIDTH = 64


def dense() -> onnx.ModelProto:
    """Two layers, and a constant in a branch that is always taken."""
    random = np.random.default_rng(4)
    weights = [
        numpy_helper.from_array(random.normal(0, 0.2, shape).astype(np.float32), name)
        for name, shape in [("first", (WIDTH, WIDTH)), ("second", (WIDTH, 3))]
    ]
    bias = numpy_helper.from_array(random.normal(0, 1, 3).astype(np.float32), "bias")
    value, node = helper.make_tensor_value_info, helper.make_node
    branch = lambda name: helper.make_graph(  # noqa: E731
        [node("Constant", [], [name], value=bias)], name, [], [value(name, TensorProto.FLOAT, [3])]
    )
    nodes = [
        node("MatMul", ["x", "first"], ["hidden"]),
        node("Relu", ["hidden"], ["positive"]),
        node("MatMul", ["positive", "second"], ["sums"]),
        node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        node("If", ["yes"], ["chosen"], then_branch=branch("bias_then"), else_branch=branch("bias_else")),
        node("Add", ["sums", "chosen"], ["y"]),
    ]
    inputs = [value("x", TensorProto.FLOAT, [None, WIDTH])]
    graph = helper.make_graph(nodes, "dense", inputs, [value("y", TensorProto.FLOAT, [None, 3])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def saved(folder: Path, *, all_in_one: bool, attributes: bool) -> Path:
    """The model with its weights outside, in one file or each in its own, and its constants if asked for."""
    folder.mkdir()
    onnx.save(
        dense(), folder / "model.onnx", save_as_external_data=True, all_tensors_to_one_file=all_in_one,
        location="weights.bin" if all_in_one else None, size_threshold=0, convert_attribute=attributes,
    )
    assert len(list(folder.iterdir())) > (1 if all_in_one else 2)
    return folder / "model.onnx"


def register(folder: Path, model: Path) -> tuple[int, str]:
    done = skeg.run("models", "register", str(model), "--store", str(folder / "store"), "--model", "dense:1")
    return done.returncode, done.stderr


@pytest.mark.parametrize("attributes", [False, True])
@pytest.mark.parametrize("all_in_one", [True, False])
def test_weights_beside_the_model_are_registered_with_it(folder: Path, all_in_one: bool, attributes: bool) -> None:
    model = saved(folder / "made", all_in_one=all_in_one, attributes=attributes)
    assert register(folder, model) == (0, "")
    rows = np.random.default_rng(5).normal(0, 1, (7, WIDTH)).astype(np.float32)
    # ONNX Runtime does not find constants in another file; it is asked about the same model in one.
    session = onnxruntime.InferenceSession(dense().SerializeToString() if attributes else model)
    (wanted,) = session.run(None, {"x": rows})
    # The version stands by itself: what was beside the model may go.
    for file in model.parent.iterdir():
        file.unlink()
    version = folder / "store" / "models" / "dense" / "1"
    assert sorted(file.name for file in version.iterdir()) == ["manifest.json", "model.onnx"]
    onnx.checker.check_model(onnx.load(version / "model.onnx", load_external_data=False))
    assert [entry["path"] for entry in json.loads((version / "manifest.json").read_text())["files"]] == ["model.onnx"]
    (folder / "store" / "endpoints").mkdir()
    (folder / "store" / "endpoints" / "dense.yaml").write_text(SPEC)
    with skeg.serving(folder, command="serve") as server, server.client() as client:
        data = {"name": "x", "shape": list(rows.shape), "datatype": "FP32", "data": rows.reshape(-1).tolist()}
        reply = client.infer({"inputs": [data]}, path="/v2/models/dense/infer")
    ours = np.array(skeg.output(reply, "y")).reshape(wanted.shape)
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)


def moved(model: Path, location: str) -> None:
    """Lets all tensors that are outside be at another place."""
    proto = onnx.load(model, load_external_data=False)
    for tensor in proto.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == "location").value = location
    onnx.save(proto, model)


def test_weights_outside_of_its_folder_are_refused(folder: Path) -> None:
    model = saved(folder / "made", all_in_one=True, attributes=False)
    weights = model.parent / "weights.bin"
    (folder / "weights.bin").write_bytes(weights.read_bytes())
    (model.parent / "link").symlink_to(folder / "weights.bin")
    for location, words in [
        ("../weights.bin", "is no plain relative path"),
        (str(weights), "is no plain relative path"),
        ("link", "leads out of the model's folder"),
        ("missing", "is not there"),
        (".", "is no regular file"),
    ]:
        moved(model, location)
        code, said = register(folder, model)
        assert code == 1 and "tensor `first`" in said and f"`{location}`" in said and words in said, said
    moved(model, "weights.bin")
    weights.write_bytes(weights.read_bytes()[:-1])
    code, said = register(folder, model)
    assert code == 1 and "`weights.bin` has" in said, said
    assert not (folder / "store" / "models").exists()
