"""KServe V1 and TensorFlow Serving: `/v1/models/{m}:predict` with rows as `instances` or columns as `inputs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fraud
import skeg
import small_models

PATH = "/v1/models/fraud:predict"


@pytest.fixture
def client(green: skeg.Server) -> Iterator[skeg.Client]:
    with green.client() as client:
        yield client


def predict(client: skeg.Client, body: Any, path: str = PATH, **headers: str) -> skeg.Reply:
    return client.request("POST", path, body, headers)


def tensors(samples: pd.DataFrame) -> list[dict[str, Any]]:
    """TensorFlow Serving's rows: an object of the model's inputs each."""
    return [{"features": row} for row in fraud.matrix(samples)]


@pytest.mark.parametrize("make", [fraud.matrix, fraud.records, tensors])
def test_instances_give_a_prediction_each(client: skeg.Client, samples: pd.DataFrame, make: Any) -> None:
    reply = predict(client, {"instances": make(samples)})
    assert reply.status == 200, reply.body
    assert list(reply.json()) == ["predictions"]
    fraud.check_records(reply.json()["predictions"], samples)
    assert reply.headers["azureml-model-deployment"] == "green"


@pytest.mark.parametrize("make", [fraud.matrix, fraud.columns, lambda samples: {"features": fraud.matrix(samples)}])
def test_inputs_give_outputs_by_name(client: skeg.Client, samples: pd.DataFrame, make: Any) -> None:
    reply = predict(client, {"inputs": make(samples), "signature_name": "serving_default"})
    assert reply.status == 200, reply.body
    assert list(reply.json()) == ["outputs"]
    outputs = reply.json()["outputs"]
    assert list(outputs) == [fraud.LABEL, fraud.PROBABILITY]
    fraud.check(outputs[fraud.LABEL], outputs[fraud.PROBABILITY], samples)


def test_one_output_has_no_name(folder: Path) -> None:
    with small_models.serving(folder, "total") as server, server.client() as client:
        path = "/v1/models/total:predict"
        assert predict(client, {"instances": [[1, 2], [3, 4]]}, path).json() == {"predictions": [5, 11]}
        assert predict(client, {"instances": [{"b": 2, "a": 1}]}, path).json() == {"predictions": [5]}
        assert predict(client, {"inputs": {"a": [1, 3], "b": [2, 4]}}, path).json() == {"outputs": [5, 11]}


def test_text(folder: Path) -> None:
    with small_models.serving(folder, "words") as server, server.client() as client:
        body = {"instances": [{"lat": 1, "lon": 2, "city": "Zürich"}, {"lat": 3, "lon": 4, "city": ""}]}
        answers = predict(client, body, "/v1/models/words:predict").json()["predictions"]
        # A column of one is a value a row.
        assert answers == [{"total": -2.5, "same": "Zürich"}, {"total": -3.5, "same": ""}]


@pytest.mark.parametrize("path", ["/v1/models/fraud/versions/2:predict", "/v1/models/fraud/labels/blue:predict"])
def test_a_version_or_a_label_can_be_named(client: skeg.Client, samples: pd.DataFrame, path: str) -> None:
    """A label is a deployment's name."""
    reply = predict(client, {"instances": fraud.matrix(samples)}, path)
    assert reply.headers["azureml-model-deployment"] == "blue"
    assert [answer["label"] for answer in reply.json()["predictions"]] == samples["v2_label"][: fraud.COUNT].tolist()


def test_models_and_their_health(client: skeg.Client) -> None:
    assert client.get("/v1/models").json() == {"models": ["fraud"]}
    reply = client.get("/v1/models/fraud")
    assert reply.status == 200
    assert (reply.json()["name"], reply.json()["ready"]) == ("fraud", True)
    gone = client.get("/v1/models/nobody")
    assert (gone.status, "nobody" in gone.json()["error"]) == (404, True)


ROW = [1.0] * 20
BROKEN: dict[str, Any] = {
    "nothing": b"", "no JSON": b'{"instances": [', "a list": [ROW], "neither": {"rows": [ROW]},
    "both": {"instances": [ROW], "inputs": [ROW]}, "no rows": {"instances": []}, "no list": {"instances": "many"},
    "rows of other lengths": {"instances": [ROW, ROW[:19]]}, "too wide": {"instances": [[*ROW, 1.0]]},
    "objects and lists": {"instances": [ROW, {"features": ROW}]}, "text": {"inputs": [["x"] * 20]},
    "deep": b'{"instances":' + b"[" * 5000,
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_scored_is_a_400(client: skeg.Client, case: str) -> None:
    reply = predict(client, BROKEN[case])
    assert reply.status == 400 and isinstance(reply.json()["error"], str), reply.body


@pytest.mark.parametrize("case", ["missing", "extra", "renamed", "mistyped", "objects", "shorter"])
def test_columns_that_do_not_fit_are_named(client: skeg.Client, samples: pd.DataFrame, case: str) -> None:
    columns, culprit = fraud.spoilt_columns(samples)[case]
    bodies: list[Any] = [{"inputs": columns}]
    if case != "shorter":
        rows = zip(*columns.values(), strict=True)
        bodies.append({"instances": [dict(zip(columns, row, strict=True)) for row in rows]})
    for body in bodies:
        reply = predict(client, body)
        assert (reply.status, culprit in reply.json()["error"]) == (400, True), reply.body


def test_what_is_not_there(client: skeg.Client) -> None:
    for path, status in [
        ("/v1/models/nobody:predict", 404), ("/v1/models/fraud/versions/9:predict", 404),
        ("/v1/models/fraud/labels/purple:predict", 404), ("/v1/models/fraud:explain", 404),
    ]:
        reply = predict(client, {"instances": [ROW]}, path)
        assert reply.status == status and reply.json()["error"], (path, reply.body)
    reply = client.get(PATH)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
