"""`skeg models register` takes the folders of MLflow, Triton and Azure ML, and says what it does not take."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import mlflow_tool
import skeg
import test_register

COLUMNS = [f"column_{i}" for i in range(test_register.WIDTH)]
CONFIG = """
name: "payments"
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 64 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" } ]
"""


def two_columns() -> onnx.ModelProto:
    """A model with one input a column."""
    value = helper.make_tensor_value_info
    weights = numpy_helper.from_array(np.array([[2.0], [-3.0]], np.float32), "w")
    nodes = [
        helper.make_node("Concat", ["age", "amount"], ["x"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    inputs = [value(name, TensorProto.FLOAT, [None, 1]) for name in ["age", "amount"]]
    graph = helper.make_graph(nodes, "columns", inputs, [value("y", TensorProto.FLOAT, [None, 1])], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders that MLflow saved: `beside` and `inside` by where the weights are, and `columns`."""
    folder = tmp_path_factory.mktemp("mlflow")
    onnx.save(test_register.dense(), folder / "dense.onnx")
    onnx.save(two_columns(), folder / "columns.onnx")
    mlflow_tool.save("folder", "dense.onnx", "beside", "--columns", ",".join(COLUMNS), cwd=folder)
    mlflow_tool.save("folder", "dense.onnx", "inside", "--inside", "--tensors", cwd=folder)
    mlflow_tool.save("folder", "columns.onnx", "columns", "--columns", "amount,age", cwd=folder)
    assert len(list((folder / "beside").glob("*.data"))) >= 1
    return folder


def register(folder: Path, *args: Any, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [skeg.BINARY, "models", "register", "--store", folder / "store", *args], capture_output=True, text=True,
        timeout=120, env=skeg.environment() | variables, check=False,
    )


def registered(folder: Path, model: str, *args: Any, **variables: str) -> dict[str, Any]:
    """Registers, and the record of the version."""
    done = register(folder, *args, **variables)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert f"registered {model}, digest" in done.stdout, done.stdout
    name, version = model.split(":")
    return json.loads((folder / "store" / "models" / name / version / "manifest.json").read_text())


def scored(folder: Path, model: str, body: dict[str, Any], name: str = "y") -> list[Any]:
    """The answer of the registered model, served."""
    specs = folder / "specs"
    specs.mkdir(exist_ok=True)
    (specs / "it.yaml").write_text(f'name: it\ndeployments:\n  blue: {{model: "{model}"}}\ntraffic: {{blue: 100}}\n')
    with skeg.serving(folder, "--endpoints", str(specs), command="serve") as server, server.client() as client:
        return skeg.output(client.infer(body, path="/v2/models/it/infer"), name)


def rows() -> np.ndarray:
    return np.random.default_rng(6).normal(0, 1, (5, test_register.WIDTH)).astype(np.float32)


def tensor(name: str, values: np.ndarray) -> dict[str, Any]:
    return {"name": name, "shape": list(values.shape), "datatype": "FP32", "data": values.reshape(-1).tolist()}


def assert_scores(ours: list[Any], inputs: dict[str, np.ndarray], model: onnx.ModelProto) -> None:
    (wanted,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)
    np.testing.assert_allclose(np.array(ours).reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


def test_an_mlflow_folder_with_weights_beside_and_named_columns(folder: Path, saved: Path) -> None:
    record = registered(folder, "dense:1", saved / "beside", "--model", "dense:1")
    assert record["inputs"][0]["feature_names"] == COLUMNS
    tags = record["lineage"]["tags"]
    assert (tags["team"], tags["rows"]) == ("payments", "5000")
    assert tags["mlflow.version"] == "3.17.2" and len(tags["mlflow.model_uuid"]) == 32
    # The columns may be sent by the names that the signature gave them.
    x = rows()
    body = {"inputs": [tensor(name, x[:, i]) for i, name in enumerate(COLUMNS)]}
    assert_scores(scored(folder, "dense:1", body), {"x": x}, test_register.dense())


def test_an_mlflow_folder_with_one_file_and_a_tensor_signature(folder: Path, saved: Path) -> None:
    record = registered(folder, "dense:1", saved / "inside", "--model", "dense:1")
    assert "feature_names" not in record["inputs"][0]
    assert_scores(scored(folder, "dense:1", {"inputs": [tensor("x", rows())]}), {"x": rows()}, test_register.dense())


def test_an_mlflow_folder_of_a_model_with_one_input_a_column(folder: Path, saved: Path) -> None:
    registered(folder, "c:1", saved / "columns", "--model", "c:1")
    inputs = {name: rows()[:, i : i + 1] for i, name in enumerate(["age", "amount"])}
    body = {"inputs": [tensor(name, values) for name, values in inputs.items()]}
    assert_scores(scored(folder, "c:1", body), inputs, two_columns())


def triton(folder: Path, versions: dict[str, onnx.ModelProto], config: str | None = CONFIG) -> Path:
    at = folder / "repository" / "payments"
    at.mkdir(parents=True)
    for version, model in versions.items():
        (at / version).mkdir()
        onnx.save(model, at / version / "model.onnx")
    if config is not None:
        (at / "config.pbtxt").write_text(config)
        (at / "labels.txt").write_text("genuine\nfraud\nunsure\n")
    return at


def test_a_triton_folder_registers_its_highest_version(folder: Path) -> None:
    at = triton(folder, {"1": two_columns(), "2": test_register.dense(), "10": test_register.dense()})
    record = registered(folder, "payments:10", at)
    assert record["outputs"][0]["class_labels"] == ["genuine", "fraud", "unsure"]
    # The labels are there when it is served, too.
    assert_scores(scored(folder, "payments:10", {"inputs": [tensor("x", rows())]}), {"x": rows()}, test_register.dense())
    registered(folder, "payments:2", at, "--source-version", "2")
    registered(folder, "other:5", at, "--model", "other:5")
    done = register(folder, at, "--source-version", "1")
    assert done.returncode == 1 and "`config.pbtxt` has the input `x`, the model does not" in done.stderr
    done = register(folder, at, "--source-version", "3")
    assert done.returncode == 1 and "it has no version 3, only 1, 10, 2" in done.stderr


def test_a_triton_version_may_be_a_folder_with_weights_beside(folder: Path) -> None:
    at = folder / "dense" / "4" / "model.onnx"
    at.mkdir(parents=True)
    onnx.save(test_register.dense(), at / "model.onnx", save_as_external_data=True, size_threshold=0)
    registered(folder, "dense:4", folder / "dense")
    assert_scores(scored(folder, "dense:4", {"inputs": [tensor("x", rows())]}), {"x": rows()}, test_register.dense())


def test_an_azure_ml_mount_needs_no_argument(folder: Path, saved: Path) -> None:
    mounts = folder / "azureml-models"
    shutil.copytree(saved / "beside", mounts / "dense" / "3" / "model")
    record = registered(folder, "dense:3", AZUREML_MODEL_DIR=str(mounts / "dense" / "3"))
    assert record["inputs"][0]["feature_names"] == COLUMNS
    (mounts / "fraud" / "8").mkdir(parents=True)
    shutil.copy(skeg.EXAMPLE / "models/1/model.onnx", mounts / "fraud" / "8" / "any name.onnx")
    registered(folder, "fraud:8", AZUREML_MODEL_DIR=str(mounts / "fraud" / "8"))
    done = register(folder, AZUREML_MODEL_DIR=str(mounts))
    assert done.returncode == 1 and "it holds 2 models, name one: `dense/3/model` of MLflow" in done.stderr
    assert_scores(scored(folder, "dense:3", {"inputs": [tensor("x", rows())]}), {"x": rows()}, test_register.dense())


def broken(saved: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Folders that are refused, and the words for it."""

    def fresh(name: str) -> Path:
        shutil.copytree(saved / "inside", folder / name)
        return folder / name / "MLmodel"

    ml_model = fresh("two")
    (ml_model.parent / "1").mkdir()
    shutil.copy(ml_model.parent / "model.onnx", ml_model.parent / "1")
    yield "two", "it holds 2 models, name one: `.` of MLflow, `.` of Triton"
    (folder / "none").mkdir()
    yield "none", "it holds no MLmodel file, no version folder with a model.onnx, and no .onnx file"
    ml_model = fresh("out")
    (ml_model.parent / "model.onnx").rename(folder / "secret.onnx")
    (ml_model.parent / "model.onnx").symlink_to(folder / "secret.onnx")
    yield "out", "`model.onnx` leads out of the folder"
    ml_model = fresh("up")
    ml_model.write_text(ml_model.read_text().replace("data: model.onnx", "data: ../secret.onnx"))
    yield "up", "`../secret.onnx` is no plain relative path"
    ml_model = fresh("bomb")
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20))
    ml_model.write_text(f"a0: &a0 [{', '.join('x' * 9)}]\n{levels}metadata: {{a: *a19}}\n" + ml_model.read_text())
    yield "bomb", "`MLmodel`: "
    ml_model = fresh("flavor")
    ml_model.write_text(ml_model.read_text().replace("  onnx:", "  sklearn:"))
    yield "flavor", "it has no flavor `onnx`, only these: python_function, sklearn"
    ml_model = fresh("signature")
    ml_model.write_text(ml_model.read_text().replace("64", "63"))
    yield "signature", "the signature in `MLmodel` gives `x` the extents [-1,63], the model [-1,64]"
    ml_model = fresh("operator")
    model = test_register.dense()
    model.graph.node[1].op_type = "Fourier"
    onnx.save(model, ml_model.parent / "model.onnx")
    yield "operator", "operators that are not supported: Fourier"
    ml_model = fresh("cut")
    whole = (ml_model.parent / "model.onnx").read_bytes()
    (ml_model.parent / "model.onnx").write_bytes(whole[:-100])
    yield "cut", "not an ONNX file"


def test_what_is_not_taken_is_one_sentence(folder: Path, saved: Path) -> None:
    for name, words in broken(saved, folder):
        done = register(folder, folder / name, "--model", "m:1")
        assert done.returncode == 1 and words in done.stderr, done.stderr
        assert done.stderr.startswith(f"skeg: {folder / name}: ") and done.stderr.count("\n") == 1, done.stderr
        assert not (folder / "store" / "models").exists()


def test_a_source_that_does_not_say_its_name_wants_one(folder: Path, saved: Path) -> None:
    done = register(folder, saved / "inside")
    assert done.returncode == 64 and "say --model NAME:VERSION" in done.stderr, done.stderr
    at = triton(folder, {"1": test_register.dense()}, CONFIG.replace("payments", "my payments"))
    done = register(folder, at)
    assert done.returncode == 64 and '"my payments"' in done.stderr and "--model" in done.stderr, done.stderr
    done = register(folder)
    assert done.returncode == 64 and "SOURCE" in done.stderr, done.stderr


def test_features_that_a_person_names_win(folder: Path, saved: Path) -> None:
    names = [f"mine_{i}" for i in range(test_register.WIDTH)]
    record = registered(
        folder, "dense:1", saved / "beside", "--model", "dense:1", "--features", "x=" + ",".join(names)
    )
    assert record["inputs"][0]["feature_names"] == names


def test_a_changed_byte_refuses_the_version_by_name(folder: Path, saved: Path) -> None:
    registered(folder, "dense:1", saved / "beside", "--model", "dense:1")
    model = folder / "store" / "models" / "dense" / "1" / "model.onnx"
    changed = bytearray(model.read_bytes())
    changed[len(changed) // 2] ^= 1
    model.write_bytes(changed)
    with pytest.raises(AssertionError, match="model version `dense:1` is refused: its file .* has SHA-256"):
        scored(folder, "dense:1", {"inputs": [tensor("x", rows())]})
