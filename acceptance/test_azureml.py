"""Azure ML's side: `/score` as its inference server and its MLflow models have it, ids, health, and errors."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pandas as pd
import pytest
from load import Load, running
from openapi_spec_validator import OpenAPIV2SpecValidator, validate
from test_overload import ROWS, WIDTH, slow_store

import fraud
import skeg
import small_models

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATHS = ["/score", "/endpoints/fraud/score"]


@pytest.fixture
def client(green: skeg.Server) -> Iterator[skeg.Client]:
    with green.client() as client:
        yield client


def score(client: skeg.Client, body: Any, path: str = "/score", **headers: str) -> skeg.Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("POST", path, body, {"Content-Type": "application/json", **named})


def assert_scores(reply: skeg.Reply, samples: pd.DataFrame) -> None:
    assert reply.status == 200, reply.body
    body = reply.json()
    assert list(body) == [fraud.LABEL, fraud.PROBABILITY]
    fraud.check(body[fraud.LABEL], body[fraud.PROBABILITY], samples)


def forms(samples: pd.DataFrame) -> dict[str, Any]:
    """What scripts and MLflow models are sent."""
    without_index = {key: value for key, value in fraud.split(samples).items() if key != "index"}
    return {
        "data": {"data": fraud.matrix(samples)},
        "columns and data": {"input_data": without_index},
        "columns, index and data": {"input_data": fraud.split(samples)},
        "rows": {"input_data": fraud.matrix(samples)},
        "columns by name": {"input_data": fraud.columns(samples)},
        "records": fraud.records(samples),
        "with parameters": {"input_data": fraud.matrix(samples), "params": {"temperature": 1}},
        "a tensor by name": {"input_data": {"features": fraud.matrix(samples)}},
    }


FORMS = ["data", "columns and data", "columns, index and data", "rows", "columns by name", "records", "with parameters",
         "a tensor by name"]


# === scoring ===


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", FORMS)
def test_score(client: skeg.Client, samples: pd.DataFrame, form: str, path: str) -> None:
    assert_scores(score(client, forms(samples)[form], path), samples)


def test_one_output_is_a_bare_list(folder: Path) -> None:
    with small_models.serving(folder, "total") as server, server.client() as client:
        records = [{"a": 1, "b": 2}, {"b": 4, "a": 3}]
        for body in [{"data": [[1, 2], [3, 4]]}, {"input_data": {"b": [2, 4], "a": [1, 3]}}, records]:
            assert score(client, body).json() == [5, 11]


def test_nan_may_be_written_as_pandas_and_python_do(client: skeg.Client, samples: pd.DataFrame) -> None:
    body = json.dumps({"data": fraud.matrix(samples)}).replace("null", "NaN").encode()
    assert b"NaN" in body
    assert_scores(score(client, body), samples)


def test_curl_that_names_no_json(client: skeg.Client, samples: pd.DataFrame) -> None:
    """`curl -d` says that it sends a form."""
    body = json.dumps({"data": fraud.matrix(samples)}).encode()
    for kind in ["application/x-www-form-urlencoded", "application/json; charset=utf-8"]:
        assert_scores(client.request("POST", "/score", body, {"Content-Type": kind}), samples)


def test_a_query_is_one_row(client: skeg.Client, samples: pd.DataFrame) -> None:
    row = fraud.records(samples)[0]
    query = urlencode({name: "" if value is None else value for name, value in row.items()})
    reply = client.get(f"/score?{query}")
    assert reply.status == 200, reply.body
    fraud.check(reply.json()[fraud.LABEL], reply.json()[fraud.PROBABILITY], samples, 1)
    assert client.request("OPTIONS", "/score").status == 200


# === headers ===


A, B, C = "id-a", "id-b", "id-c"
MADE = "made"
# x-request-id, x-ms-request-id and x-ms-client-request-id: those sent, then those that come back. The table is the
# one of `docs/AzureMLInferenceServer.md` in microsoft/azureml-inference-server.
TRUTH = [
    ((None, None, None), (MADE, MADE, None)),
    ((A, None, None), (A, A, None)),
    ((None, B, None), (MADE, B, B)),
    ((None, None, C), (MADE, C, C)),
    ((A, B, None), (A, B, B)),
    ((None, B, C), (MADE, B, C)),
    ((A, None, C), (A, C, C)),
    ((A, B, C), (A, B, C)),
]
IDS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize(("sent", "wanted"), TRUTH)
def test_ids(client: skeg.Client, samples: pd.DataFrame, sent: tuple, wanted: tuple, good: bool) -> None:
    headers = {name: value for name, value in zip(IDS, sent, strict=True) if value}
    body = {"data": fraud.matrix(samples)} if good else {"data": []}
    reply = client.request("POST", "/score", body, headers)
    assert reply.status == (200 if good else 400), reply.body
    found = [reply.headers.get(name) for name in IDS]
    made = found[0]
    assert made and (sent[0] or UUID.fullmatch(made)), made
    assert found == [made if value == MADE else value for value in wanted]


def test_made_ids_differ(client: skeg.Client, samples: pd.DataFrame) -> None:
    body = {"data": fraud.matrix(samples)}
    assert len({score(client, body).headers["x-request-id"] for _ in range(20)}) == 20


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_too_long_is_a_431(client: skeg.Client, samples: pd.DataFrame, name: str) -> None:
    body = {"data": fraud.matrix(samples)}
    assert client.request("POST", "/score", body, {name: "x" * 100}).status == 200
    reply = client.request("POST", "/score", body, {name: "x" * 101})
    assert (reply.status, name in reply.json()["message"]) == (431, True), reply.body


def test_headers_of_an_answer(client: skeg.Client, samples: pd.DataFrame) -> None:
    reply = score(client, {"data": fraud.matrix(samples)}, TraceId="t-1")
    assert reply.headers["azureml-model-deployment"] == "green"
    assert reply.headers["x-ms-run-function-failed"] == "False"
    assert re.fullmatch(r"\d+\.\d{3}", reply.headers["x-ms-run-fn-exec-ms"])
    assert float(reply.headers["x-ms-run-fn-exec-ms"]) > 0
    assert reply.headers["traceid"] == "t-1"
    assert reply.headers["server-timing"]
    assert reply.headers["content-type"] == "application/json"
    assert "traceid" not in score(client, {"data": fraud.matrix(samples)}).headers


def test_a_deployment_can_be_named_whatever_its_weight(client: skeg.Client, samples: pd.DataFrame) -> None:
    reply = score(client, {"data": fraud.matrix(samples)}, azureml_model_deployment="blue")
    assert reply.headers["azureml-model-deployment"] == "blue"
    assert reply.json()["label"] == samples["v2_label"][: fraud.COUNT].tolist()
    reply = score(client, {"data": fraud.matrix(samples)}, azureml_model_deployment="purple")
    assert (reply.status, "purple" in reply.json()["message"]) == (404, True), reply.body


# === errors ===


@pytest.mark.parametrize("case", ["missing", "extra", "renamed", "mistyped", "objects", "shorter"])
def test_columns_that_do_not_fit_are_named(client: skeg.Client, samples: pd.DataFrame, case: str) -> None:
    columns, culprit = fraud.spoilt_columns(samples)[case]
    bodies: list[Any] = [{"input_data": columns}]
    if case != "shorter":
        names = list(columns)
        rows = [list(row) for row in zip(*columns.values(), strict=True)]
        bodies += [{"input_data": {"columns": names, "data": rows}}, [dict(zip(names, row, strict=True)) for row in rows]]
    for body in bodies:
        reply = score(client, body)
        assert (reply.status, culprit in reply.json()["message"]) == (400, True), reply.body


def test_a_column_that_is_there_twice_is_named(client: skeg.Client, samples: pd.DataFrame) -> None:
    names, culprit = fraud.twice("amount")
    data = [[*row, 1.0] for row in fraud.matrix(samples)]
    by_name = json.dumps({"input_data": fraud.columns(samples)})[:-2] + ', "amount": [1.0]}}'
    for body in [{"input_data": {"columns": names, "data": data}}, by_name.encode()]:
        reply = score(client, body)
        assert (reply.status, culprit in reply.json()["message"]) == (400, True), reply.body


BROKEN: dict[str, Any] = {
    "nothing": b"", "no JSON": b'{"data": [', "no text": b"\xff\xfe", "a number": 1, "nothing known": {"rows": [[1]]},
    "no rows": {"data": []}, "rows of other lengths": {"data": [[1.0] * 20, [1.0] * 19]},
    "too wide": {"data": [[1.0] * 21]},
    "text for rows": {"data": "many"}, "two kinds of data": {"data": [[1.0] * 20], "input_data": [[1.0] * 20]},
    "text for numbers": {"data": [["x"] * 20]}, "deep": b'{"data":' + b"[" * 5000,
    "columns for no data": {"input_data": {"columns": skeg.FEATURES}},
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_scored_is_a_400_with_a_message(client: skeg.Client, case: str) -> None:
    reply = score(client, BROKEN[case])
    assert reply.status == 400 and isinstance(reply.json()["message"], str), reply.body
    assert "error" not in reply.json()


def test_another_method_is_a_405(client: skeg.Client) -> None:
    reply = client.request("PUT", "/score", {"data": [[1.0] * 20]})
    assert (reply.status, "POST" in reply.headers["allow"]) == (405, True)
    assert reply.json()["message"]


def test_an_endpoint_that_is_not_there_is_a_404(client: skeg.Client) -> None:
    reply = score(client, {"data": [[1.0] * 20]}, "/endpoints/nobody/score")
    assert (reply.status, "nobody" in reply.json()["message"]) == (404, True)


@pytest.mark.parametrize("path", ["/score", "/invocations"])
def test_of_several_endpoints_one_must_be_the_default(folder: Path, path: str) -> None:
    body = {"input_data": [[1, 2]]} if path == "/score" else {"inputs": [[1, 2]]}
    store = small_models.register(folder, "total", "words")
    with skeg.serving(folder, command="serve", store=store) as server, server.client() as client:
        reply = score(client, body, path)
        assert (reply.status, "--default-endpoint" in reply.json()["message"]) == (404, True), reply.body
        assert score(client, {"input_data": [[1, 2]]}, "/endpoints/total/score").json() == [5]
    flags = ["--default-endpoint", "total"]
    with skeg.serving(folder, *flags, command="serve", store=store) as server, server.client() as client:
        assert score(client, body, path).json() == ([5] if path == "/score" else {"predictions": [5]})


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return slow_store(tmp_path_factory.mktemp("slow"))


@pytest.mark.parametrize(("keys", "status"), [
    ({"max_concurrent": 1, "queue": 64, "timeout_ms": 20}, 408),
    ({"max_concurrent": 1, "queue": 0}, 429),
])
def test_too_late_and_too_many(folder: Path, slow: Path, keys: dict[str, Any], status: int) -> None:
    (folder / "specs").mkdir()
    spec = skeg.spec({"only": {"model": "slow:1", **keys}}, {"only": 100}, name="slow")
    (folder / "specs" / "slow.yaml").write_text(json.dumps(spec))
    flags = ["--endpoints", str(folder / "specs")]
    row = {"data": [[0.5] * WIDTH]}
    with skeg.serving(folder, *flags, command="serve", store=slow) as server, server.client() as client:
        with running(Load(server, 4, ROWS, "slow")):
            reply = skeg.until(f"a {status}", lambda: (r := score(client, row)).status == status and r)
        assert isinstance(reply.json()["message"], str)
        assert reply.headers["x-request-id"]
        assert ("retry-after" in reply.headers) == (status == 429)
        assert "ms-azureml-model-error-statuscode" not in reply.headers



def test_a_model_that_fails_is_a_424(folder: Path) -> None:
    with small_models.serving(folder, "table") as server, server.client() as client:
        assert score(client, {"data": [[1]]}).json() == [[2.0]]
        reply = score(client, {"data": [[7]]})
        assert reply.status == 424 and isinstance(reply.json()["message"], str), reply.body
        assert reply.headers["ms-azureml-model-error-statuscode"] == "500"
        assert reply.headers["ms-azureml-model-error-reason"]
        assert reply.headers["x-ms-run-function-failed"] == "True"
        body = {"inputs": [{"name": "index", "shape": [1, 1], "datatype": "INT64", "data": [7]}]}
        assert client.infer(body, path="/v2/models/table/infer").status == 424
        assert score(client, {"data": [[2]]}).status == 200


# === health and descriptions ===


def test_health(client: skeg.Client) -> None:
    reply = client.get("/")
    assert (reply.status, reply.body) == (200, b"Healthy")
    assert reply.headers["content-type"].startswith("text/plain")
    assert client.request("HEAD", "/").status == 200


def test_swagger_is_version_2_unless_asked(client: skeg.Client) -> None:
    reply = client.get("/swagger.json")
    assert reply.status == 200 and reply.json()["swagger"] == "2.0", reply.body
    validate(reply.json(), cls=OpenAPIV2SpecValidator)
    assert client.get("/swagger.json?version=2").json() == reply.json()
    third = client.get("/swagger.json?version=3")
    assert third.json()["openapi"].startswith("3.")
    validate(third.json())
    unknown = client.get("/swagger.json?version=9")
    assert (unknown.status, "9" in unknown.json()["message"]) == (404, True)


def schema_of(document: dict[str, Any], path: str) -> jsonschema.Draft202012Validator:
    """The schema of what is posted to `path`."""
    pointer = f"#/paths/{path.replace('/', '~1')}/post/requestBody/content/application~1json/schema"
    return jsonschema.Draft202012Validator({**document, "$ref": pointer})


def test_the_description_takes_what_the_server_takes(client: skeg.Client, samples: pd.DataFrame) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    validate(document)
    paths = document["paths"]
    assert {"/", "/score", "/endpoints/fraud/score", "/v2/models/fraud/infer", "/invocations"} <= set(paths)
    schema = schema_of(document, "/score")
    for form, body in forms(samples).items():
        assert schema.is_valid(body), (form, list(schema.iter_errors(body)))
    spoilt: list[Any] = [1, "text", {}, {"input_data": "text"}, {"data": [["x"] * 20]}]
    missing = copy.deepcopy(fraud.records(samples))
    del missing[0]["amount"]
    for body in [*spoilt, missing]:
        assert not schema.is_valid(body), body
    text = json.dumps(document)
    assert all(f'"{name}"' in text for name in [*skeg.FEATURES, fraud.LABEL, fraud.PROBABILITY])
