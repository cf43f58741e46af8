"""MLflow's scoring protocol: `/invocations` in its JSON forms and CSV, its health routes, and MLflow's own client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fraud
import mlflow_tool
import skeg
import small_models

SCORE = Path(__file__).resolve().parent / "tools" / "mlflow" / "score.py"
JSON = "application/json"


@pytest.fixture
def client(green: skeg.Server) -> Iterator[skeg.Client]:
    with green.client() as client:
        yield client


def invoke(client: skeg.Client, body: Any, kind: str = JSON, **headers: str) -> skeg.Reply:
    return client.request("POST", "/invocations", body, {"Content-Type": kind, **headers})


def assert_scores(reply: skeg.Reply, samples: pd.DataFrame) -> None:
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == JSON
    assert list(reply.json()) == ["predictions"]
    fraud.check_records(reply.json()["predictions"], samples)


def forms(samples: pd.DataFrame) -> dict[str, Any]:
    return {
        "split": {"dataframe_split": fraud.split(samples)},
        "split without names": {"dataframe_split": {"data": fraud.matrix(samples)}},
        "records": {"dataframe_records": fraud.records(samples)},
        "instances": {"instances": fraud.matrix(samples)},
        "instances by name": {"instances": fraud.records(samples)},
        "inputs": {"inputs": fraud.matrix(samples)},
        "inputs by column": {"inputs": fraud.columns(samples)},
        "inputs by tensor": {"inputs": {"features": fraud.matrix(samples)}},
        "with parameters": {"dataframe_split": fraud.split(samples), "params": {"threshold": 0.5}},
    }


FORMS = ["split", "split without names", "records", "instances", "instances by name", "inputs", "inputs by column",
         "inputs by tensor", "with parameters"]


@pytest.mark.parametrize("form", FORMS)
def test_json(client: skeg.Client, samples: pd.DataFrame, form: str) -> None:
    assert_scores(invoke(client, forms(samples)[form]), samples)


def test_what_pandas_writes(client: skeg.Client, samples: pd.DataFrame) -> None:
    table = fraud.table(samples)
    for orient in ["split", "records"]:
        text = table.to_json(orient=orient, double_precision=15)
        body = f'{{"dataframe_{orient}": {text}}}'.encode()
        assert_scores(invoke(client, body), samples)
    shuffled = table[table.columns[::-1]]
    assert_scores(invoke(client, shuffled.to_csv(index=False).encode(), "text/csv"), samples)


def test_one_output_is_a_list(folder: Path) -> None:
    with small_models.serving(folder, "total") as server, server.client() as client:
        for body in [{"inputs": [[1, 2], [3, 4]]}, {"dataframe_records": [{"b": 2, "a": 1}, {"a": 3, "b": 4}]}]:
            assert invoke(client, body).json() == {"predictions": [5, 11]}


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", "application/json;charset=UTF-8"])
def test_types_that_are_taken(client: skeg.Client, samples: pd.DataFrame, kind: str) -> None:
    assert_scores(invoke(client, {"inputs": fraud.matrix(samples)}, kind), samples)


@pytest.mark.parametrize(("kind", "words"), [
    ("text/html", "text/html"), ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
    ("application/json; charset=latin-1", "UTF-8"), ("text/csv; charset=utf-16", "UTF-8"),
    ("application/json; format=pandas-split", "format"), ("text/csv; header=present", "header"),
])
def test_types_that_are_not(client: skeg.Client, samples: pd.DataFrame, kind: str, words: str) -> None:
    reply = invoke(client, {"inputs": fraud.matrix(samples)}, kind)
    assert reply.status == 415 and words in reply.body.decode(), reply.body
    assert reply.headers["content-type"].startswith("text/plain")


def refused(reply: skeg.Reply, culprit: str = "") -> None:
    """An error as MlflowException has it."""
    assert reply.status == 400, reply.body
    assert reply.headers["content-type"] == JSON
    assert reply.json()["error_code"] in ("BAD_REQUEST", "INVALID_PARAMETER_VALUE")
    assert culprit in reply.json()["message"], reply.body


BROKEN: dict[str, Any] = {
    "nothing": b"", "no JSON": b'{"inputs": [', "no text": b"\xff\xfe", "a list": [[1.0] * 20], "a number": 1,
    "no form": {"rows": [[1.0] * 20]}, "only parameters": {"params": {}},
    "two forms": {"inputs": [[1.0] * 20], "instances": [[1.0] * 20]}, "no rows": {"inputs": []},
    "a split that is a list": {"dataframe_split": [[1.0] * 20]},
    "a split without data": {"dataframe_split": {"columns": []}},
    "a split of other keys": {"dataframe_split": {"data": [[1.0] * 20], "dtypes": []}},
    "records that are an object": {"dataframe_records": {"amount": [1]}}, "deep": b'{"inputs":' + b"[" * 5000,
    "rows of other lengths": {"instances": [[1.0] * 20, [1.0] * 19]}, "too wide": {"inputs": [[1.0] * 21]},
    "a width that is not that of the columns": {"dataframe_split": {"columns": skeg.FEATURES, "data": [[1.0] * 19]}},
    "an index of another length": {"dataframe_split": {"index": [1, 2], "data": [[1.0] * 20]}},
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_scored_is_a_400(client: skeg.Client, case: str) -> None:
    refused(invoke(client, BROKEN[case]))


@pytest.mark.parametrize("case", ["missing", "extra", "renamed", "mistyped", "objects", "shorter"])
def test_columns_that_do_not_fit_are_named(client: skeg.Client, samples: pd.DataFrame, case: str) -> None:
    columns, culprit = fraud.spoilt_columns(samples)[case]
    refused(invoke(client, {"inputs": columns}), culprit)
    if case == "shorter":
        return
    names, rows = list(columns), [list(row) for row in zip(*columns.values(), strict=True)]
    refused(invoke(client, {"dataframe_split": {"columns": names, "data": rows}}), culprit)
    records = [dict(zip(names, row, strict=True)) for row in rows]
    refused(invoke(client, {"dataframe_records": records}), culprit)
    refused(invoke(client, {"instances": records}), culprit)


def test_a_column_that_is_there_twice_is_named(client: skeg.Client, samples: pd.DataFrame) -> None:
    names, culprit = fraud.twice("amount")
    data = [[*row, 1.0] for row in fraud.matrix(samples)]
    refused(invoke(client, {"dataframe_split": {"columns": names, "data": data}}), culprit)


def test_records_of_other_fields_are_named(client: skeg.Client, samples: pd.DataFrame) -> None:
    records = fraud.records(samples)
    del records[3]["card_age_days"]
    refused(invoke(client, {"dataframe_records": records}), "card_age_days")


def test_health_and_version(client: skeg.Client) -> None:
    for path in ["/ping", "/health"]:
        reply = client.get(path)
        assert (reply.status, reply.body) == (200, b"\n")
    version = client.get("/version")
    assert version.status == 200
    assert version.body.decode().strip() == client.get("/v2").json()["version"]
    assert client.get("/invocations").status == 405


def test_databricks_path(client: skeg.Client, samples: pd.DataFrame) -> None:
    """Where the clients of its serving endpoints post."""
    body = {"dataframe_records": fraud.records(samples)}
    kind = {"Content-Type": JSON}
    assert_scores(client.request("POST", "/serving-endpoints/fraud/invocations", body, kind), samples)
    assert client.request("POST", "/serving-endpoints/fraud/score", body, kind).status == 404


# === MLflow's own client ===


def test_mlflows_own_client(green: skeg.Server, samples: pd.DataFrame, folder: Path) -> None:
    """Its DataFrames go out as `dataframe_split` with bare NaN, its arrays as `inputs`; answers become DataFrames."""
    assert mlflow_tool.PYTHON.exists(), f"{mlflow_tool.PYTHON} is missing: `make tools` installs MLflow"
    table = fraud.table(samples)
    table[table.columns[::-1]].to_csv(folder / "rows.csv", index=False)
    host, port = green.http.split(":")
    done = subprocess.run(
        [mlflow_tool.PYTHON, SCORE, host, port, folder / "rows.csv", ",".join(skeg.FEATURES)], cwd=folder,
        env=mlflow_tool.environment(), capture_output=True, text=True, timeout=mlflow_tool.START_SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    with green.client() as plain:
        assert said["version"].strip() == plain.get("/version").body.decode().strip()
    for way in ["frame", "array", "params", "string"]:
        assert said[way]["columns"] == [fraud.LABEL, fraud.PROBABILITY], way
        labels, probabilities = zip(*said[way]["data"], strict=True)
        fraud.check(labels, probabilities, samples)
    assert "error code 400" in said["refused"] and "amount" in said["refused"]
