"""The forms that a request may have: one tensor an input, one matrix, named columns; scores as ONNX Runtime's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skeg
from conformance.case import Rows, export

SPEC = 'name: {0}\ndeployments:\n  blue: {{model: "{0}:1"}}\ntraffic: {{blue: 100}}\n'
DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "bool": "BOOL", "object": "BYTES"}
COUNT = 40


def draw(seed: int = 1) -> pd.DataFrame:
    """Rows of a shop; the numbers are all FP32's, so that a matrix of any float type holds them."""
    random = np.random.default_rng(seed)
    return pd.DataFrame({
        "amount": random.lognormal(3, 1, COUNT).astype(np.float32),
        "age": random.integers(18, 90, COUNT),
        "known": random.random(COUNT) < 0.5,
        "lat": random.normal(50, 9, COUNT).astype(np.float32).astype(np.float64),
        "lon": random.normal(0, 40, COUNT).astype(np.float32).astype(np.float64),
    })


def pipeline() -> onnx.ModelProto:
    """A ColumnTransformer over columns of two types, as skl2onnx exports it."""
    table = draw(2)[["amount", "age"]]
    scale = ColumnTransformer([("number", StandardScaler(), ["amount"]), ("year", OneHotEncoder(handle_unknown="ignore"), ["age"])])
    model = make_pipeline(scale, LogisticRegression()).fit(table, table["amount"] > 20)
    return export(model, {name: table[[name]].to_numpy() for name in table}, options={"zipmap": False})


def by_hand() -> onnx.ModelProto:
    """A sum over a float, a vector of integers, a boolean and a group of two doubles."""
    value = helper.make_tensor_value_info
    inputs = [
        value("amount", TensorProto.FLOAT, [None, 1]),
        value("age", TensorProto.INT64, [None]),
        value("known", TensorProto.BOOL, [None, 1]),
        value("place", TensorProto.DOUBLE, [None, 2]),
    ]
    node = helper.make_node
    nodes = [
        node("Cast", ["amount"], ["amount64"], to=TensorProto.DOUBLE),
        node("Cast", ["age"], ["age64"], to=TensorProto.DOUBLE),
        node("Unsqueeze", ["age64", "axis"], ["age_column"]),
        node("Cast", ["known"], ["known64"], to=TensorProto.DOUBLE),
        node("Concat", ["amount64", "age_column", "known64", "place"], ["all"], axis=1),
        node("MatMul", ["all", "weights"], ["score"]),
    ]
    weights = helper.make_tensor("weights", TensorProto.DOUBLE, [5, 1], [0.5, -0.25, 3.0, 0.125, 7.0])
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    outputs = [value("score", TensorProto.DOUBLE, [None, 1])]
    return built(helper.make_graph(nodes, "sum", inputs, outputs, [weights, axis]))


def with_words() -> onnx.ModelProto:
    """A group of two numbers beside a string, both given back."""
    value = helper.make_tensor_value_info
    inputs = [value("numbers", TensorProto.FLOAT, [None, 2]), value("city", TensorProto.STRING, [None, 1])]
    outputs = [value("total", TensorProto.FLOAT, [None, 1]), value("same", TensorProto.STRING, [None, 1])]
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [2, 1], [1.5, -2.0])
    nodes = [helper.make_node("MatMul", ["numbers", "weights"], ["total"]), helper.make_node("Identity", ["city"], ["same"])]
    return built(helper.make_graph(nodes, "words", inputs, outputs, [weights]))


def built(graph: onnx.GraphProto) -> onnx.ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


MODELS = {
    "pipeline": (pipeline, []),
    "hand": (by_hand, ["--features", "place=lat,lon"]),
    "words": (with_words, ["--features", "numbers=lat,lon"]),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[skeg.Server, Path]]:
    """A server of the models, and the folder of their files."""
    folder = tmp_path_factory.mktemp("inputs")
    store = folder / "store"
    (store / "endpoints").mkdir(parents=True)
    for name, (make, flags) in MODELS.items():
        onnx.save(make(), folder / f"{name}.onnx")
        done = skeg.run("models", "register", str(folder / f"{name}.onnx"), "--store", str(store), "--model", f"{name}:1", *flags)
        assert done.returncode == 0, done.stderr
        (store / "endpoints" / f"{name}.yaml").write_text(SPEC.format(name))
    with skeg.serving(folder, "--workers", "1", "--roll-age", "200ms", command="serve", store=store) as server:
        yield server, folder


def whole(table: pd.DataFrame) -> dict[str, Rows]:
    """What each model is given in ONNX Runtime."""
    cities = np.array([f"city {age}" for age in table["age"]], dtype=object).reshape(-1, 1)
    place = table[["lat", "lon"]].to_numpy()
    column = {name: table[[name]].to_numpy() for name in table}
    return {
        "pipeline": {name: column[name] for name in ["amount", "age"]},
        "hand": {"amount": column["amount"], "age": table["age"].to_numpy(), "known": column["known"], "place": place},
        "words": {"numbers": place.astype(np.float32), "city": cities},
    }


def tensor(name: str, values: np.ndarray, datatype: str | None = None) -> dict[str, Any]:
    """A tensor of a request, of its own type unless it is to be sent as another."""
    datatype = datatype or DATATYPES[str(values.dtype)]
    return {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.reshape(-1).tolist()}


def infer(server: skeg.Server, model: str, tensors: list[dict[str, Any]], **extra: Any) -> skeg.Reply:
    with server.client() as client:
        return client.infer({"inputs": tensors, **extra}, path=f"/v2/models/{model}/infer")


def check(served: tuple[skeg.Server, Path], model: str, tensors: list[dict[str, Any]], **extra: Any) -> None:
    """The reply to these tensors is what ONNX Runtime says of the drawn rows."""
    server, folder = served
    reply = infer(server, model, tensors, **extra)
    session = onnxruntime.InferenceSession(folder / f"{model}.onnx")
    wanted = session.run(None, whole(draw())[model])
    for output, values in zip(session.get_outputs(), wanted, strict=True):
        ours = np.array(skeg.output(reply, output.name)).reshape(values.shape)
        if values.dtype == object:
            assert ours.tolist() == values.tolist()
        else:
            np.testing.assert_allclose(ours, values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_one_tensor_an_input(served: tuple[skeg.Server, Path], model: str) -> None:
    rows = whole(draw())[model]
    check(served, model, [tensor(name, values) for name, values in rows.items()])
    # Columns as vectors and vectors as columns, in another order.
    turned = {name: values.reshape(-1, 1) if values.ndim == 1 else values for name, values in rows.items()}
    turned = {name: values.reshape(-1) if values.shape[1] == 1 else values for name, values in turned.items()}
    check(served, model, [tensor(name, values) for name, values in reversed(turned.items())])
    if model == "hand":
        turned["age"] = turned["age"].reshape(-1, 1)
        check(served, model, [tensor(name, values) for name, values in turned.items()])


@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
@pytest.mark.parametrize(("model", "columns"), [("pipeline", 2), ("hand", 5)])
def test_one_matrix_of_all_columns(
    served: tuple[skeg.Server, Path], model: str, columns: int, datatype: str
) -> None:
    matrix = draw().iloc[:, :columns].to_numpy(np.float64)
    check(served, model, [tensor("anything", matrix, datatype)])


def test_columns_by_name(served: tuple[skeg.Server, Path]) -> None:
    table = draw()
    columns = [tensor(name, table[name].to_numpy()) for name in table]
    check(served, "hand", columns)
    check(served, "hand", columns[::-1])
    cities = tensor("city", whole(table)["words"]["city"])
    lon, lat = (tensor(name, table[[name]].to_numpy(), "FP32") for name in ["lon", "lat"])
    check(served, "words", [lon, cities, lat])


def test_the_rows_have_one_typed_column_a_feature(served: tuple[skeg.Server, Path]) -> None:
    table = draw()
    check(served, "hand", [tensor("matrix", table.to_numpy(np.float64))], id="as-a-matrix")
    check(served, "hand", [tensor(name, table[name].to_numpy()) for name in table], id="by-name")
    rows = served[0].store / "rows" / "v1" / "endpoint=hand"

    def logged() -> pa.Table | None:
        tables = [pa.parquet.read_table(path, partitioning=None) for path in rows.rglob("*.parquet")]
        ids = {name for found in tables for name in found["request_id"].to_pylist()}
        return pa.concat_tables(tables) if {"as-a-matrix", "by-name"} <= ids else None

    found = skeg.until("both requests' rows", logged)
    types = {field.name: field.type for field in found.schema if field.name.startswith("in.")}
    assert types == {
        "in.amount": pa.float32(),
        "in.age": pa.int64(),
        "in.known": pa.bool_(),
        "in.lat": pa.float64(),
        "in.lon": pa.float64(),
    }
    for request in ["as-a-matrix", "by-name"]:
        one = found.to_pandas().query("request_id == @request").sort_values("row_index")
        for name in table:
            assert one[f"in.{name}"].tolist() == table[name].tolist(), (request, name)


@pytest.mark.parametrize(("value", "column", "words"), [
    (1.5, 1, "input `age` takes INT64, which does not hold 1.5, the value in row 3 and column 1 of `x`"),
    (None, 1, "input `age` takes INT64, which does not hold NaN, the value in row 3 and column 1 of `x`"),
    (1e19, 1, "input `age` takes INT64, which does not hold 1e19, the value in row 3 and column 1 of `x`"),
    (2, 2, "input `known` takes BOOL, which does not hold 2.0, the value in row 3 and column 2 of `x`"),
    (1e39, 0, "input `amount` takes FP32, which does not hold 1e39, the value in row 3 and column 0 of `x`"),
])
def test_a_value_that_an_input_does_not_hold_is_refused(
    served: tuple[skeg.Server, Path], value: float | None, column: int, words: str
) -> None:
    matrix = tensor("x", draw().to_numpy(np.float64))
    matrix["data"][3 * 5 + column] = value
    reply = infer(served[0], "hand", [matrix])
    assert (reply.status, reply.json()["error"]) == (400, words)


def test_what_cannot_be_placed_is_refused_by_name(served: tuple[skeg.Server, Path]) -> None:
    column = lambda name: tensor(name, np.ones(2, np.float32))  # noqa: E731
    for model, tensors, words in [
        ("hand", [tensor("x", np.ones((2, 4)))], "nor a matrix of its 5 columns: it has shape [2, 4]"),
        ("words", [tensor("x", np.ones((2, 3)))], "a matrix of FP64 cannot fill `city`, which takes BYTES"),
        ("words", [column("lat"), column("north"), column("lat"), column("south")],
         "inputs `north`, `south` are not inputs of the model; inputs `lon`, `city` are missing; "
         "input `lat` is there twice; it has numbers, lat, lon, city"),
    ]:
        reply = infer(served[0], model, tensors)
        assert reply.status == 400
        assert words in reply.json()["error"]
