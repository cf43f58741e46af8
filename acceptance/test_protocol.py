"""The Open Inference Protocol over plain HTTP: health, metadata, inference, refusals."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

import skeg

ONE = json.loads((skeg.EXAMPLE / "request.json").read_text())


def changed(**fields: Any) -> dict[str, Any]:
    """The sample request with fields of its tensor replaced; `None` removes one."""
    tensor = {**ONE["inputs"][0], **fields}
    return {"inputs": [{key: value for key, value in tensor.items() if value is not None}]}


@pytest.mark.parametrize("path", ["/healthz", "/v2/health/live", "/v2/health/ready", "/v2/models/fraud/ready"])
def test_health(client: skeg.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status == 200
    assert all(value is True or key == "name" for key, value in reply.json().items())


def test_server_metadata(client: skeg.Client) -> None:
    reply = client.get("/v2").json()
    assert reply["name"] == "skeg"
    assert reply["version"]
    assert isinstance(reply["extensions"], list)


def test_model_metadata(client: skeg.Client) -> None:
    reply = client.get("/v2/models/fraud").json()
    assert reply["name"] == "fraud"
    assert reply["versions"] == ["1", "2"]
    assert reply["platform"] == "onnx_onnxv1"
    assert reply["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 20]}]
    assert [output["shape"][0] for output in reply["outputs"]] == [-1, -1]


def test_an_answer_names_its_deployment_and_version(client: skeg.Client) -> None:
    for deployment, version in [("green", "1"), ("blue", "2")]:
        reply = client.infer({**ONE, "id": "a-1"}, deployment)
        assert reply.headers["azureml-model-deployment"] == deployment
        assert reply.headers["x-ms-request-id"] == "a-1"
        body = reply.json()
        assert (body["model_name"], body["model_version"], body["id"]) == ("fraud", version, "a-1")
        assert body["parameters"] == {"deployment": deployment}


def test_a_version_in_the_path_is_the_version_that_answers(client: skeg.Client) -> None:
    for version in ["1", "2"]:
        reply = client.infer(ONE, path=f"/v2/models/fraud/versions/{version}/infer")
        assert reply.json()["model_version"] == version


def test_requested_outputs_come_alone_and_in_order(client: skeg.Client) -> None:
    model = client.get("/v2/models/fraud/versions/1").json()
    names = [output["name"] for output in model["outputs"]]
    for wanted in [names[:1], names[::-1]]:
        reply = client.infer({**ONE, "outputs": [{"name": name} for name in wanted]}, "green")
        assert [output["name"] for output in reply.json()["outputs"]] == wanted


def test_fields_may_come_in_any_order_and_unknown_ones_are_passed_over(client: skeg.Client) -> None:
    tensor = dict(reversed(ONE["inputs"][0].items())) | {"parameters": {"k": [1, {"x": None}]}}
    reply = client.infer({"extra": [1, 2], "inputs": [tensor], "parameters": {}}, "green")
    assert reply.json()["outputs"] == client.infer(ONE, "green").json()["outputs"]


REFUSALS = {
    "wrong shape": (changed(shape=[1, 19]), ["features"]),
    "shape that its data does not fill": (changed(shape=[2, 20]), ["features"]),
    "wrong rank": (changed(shape=[20]), ["features"]),
    "no rows": (changed(shape=[0, 20], data=[]), ["features"]),
    "wrong datatype": (changed(datatype="INT64", data=[1] * 20), ["features", "INT64", "FP32"]),
    "unknown datatype": (changed(datatype="FP31"), ["FP31"]),
    "text in numbers": (changed(data=["x"] * 20), ["features"]),
    "no datatype": (changed(datatype=None), ["features", "datatype"]),
    "no data": (changed(data=None), ["features", "data"]),
    "unknown input": (changed(name="other"), ["other"]),
    "missing input": ({"inputs": []}, ["features"]),
    "duplicate input": ({"inputs": ONE["inputs"] * 2}, ["features"]),
    "no inputs": ({}, ["inputs"]),
    "unknown output": ({**ONE, "outputs": [{"name": "nope"}]}, ["nope"]),
    "output asked for twice": ({**ONE, "outputs": [{"name": "label"}, {"name": "label"}]}, ["label", "twice"]),
    "broken JSON": (b'{"inputs": [', ["byte"]),
    "no JSON": (b"\xff\xfe", ["byte"]),
    "nothing": (b"", ["byte"]),
    "deep nesting": (b'{"x":' + b"[" * 5000, ["deep"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_scored_is_a_400_that_names_the_culprit(client: skeg.Client, case: str) -> None:
    body, culprits = REFUSALS[case]
    reply = client.infer(body)
    assert reply.status == 400, reply.body
    assert reply.headers["content-type"] == "application/json"
    for culprit in culprits:
        assert culprit in reply.json()["error"]


def test_a_shape_over_the_limits_is_a_413_before_its_data_is_looked_at(client: skeg.Client) -> None:
    for shape, what in [([2**40, 2**40], "rows"), ([1, 2**62, 2**62], "elements")]:
        reply = client.infer(changed(shape=shape))
        assert (reply.status, what in reply.json()["error"]) == (413, True), reply.body


def test_unknown_things_are_404(client: skeg.Client) -> None:
    assert "nobody" in client.infer(ONE, path="/v2/models/nobody/infer").json()["error"]
    for reply in [
        client.infer(ONE, path="/v2/models/nobody/infer"),
        client.infer(ONE, deployment="purple"),
        client.infer(ONE, path="/v2/models/fraud/versions/9/infer"),
        client.get("/v2/models/nobody"),
        client.get("/v2/models/nobody/ready"),
        client.get("/v3"),
    ]:
        assert reply.status == 404
        assert reply.json()["error"]


def test_a_wrong_method_is_405_and_says_which(client: skeg.Client) -> None:
    reply = client.get("/v2/models/fraud/infer")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    reply = client.request("DELETE", "/v2/models/fraud")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def raw(address: str, head: bytes, seconds: float = 20) -> bytes:
    """Sends `head` and reads until the server closes."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as sock:
        sock.sendall(head)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer


def test_a_body_over_the_limit_is_413_before_it_is_read(demo: skeg.Server) -> None:
    size = 64 * 1024 * 1024 + 1
    head = f"POST /v2/models/fraud/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    answer = raw(demo.http, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_limits_and_timeouts_of_the_head_and_the_body(folder: Any) -> None:
    flags = ["--body-limit", "4096", "--header-timeout", "300ms", "--body-timeout", "300ms"]
    with skeg.serving(folder, *flags) as server:
        post = b"POST /v2/models/fraud/infer HTTP/1.1\r\nHost: x\r\n"
        chunked = post + b"Transfer-Encoding: chunked\r\n\r\n2000\r\n" + b" " * 0x2000 + b"\r\n"
        assert raw(server.http, chunked).startswith(b"HTTP/1.1 413 ")
        slow_body = post + b"Content-Length: 10\r\n\r\n{"
        assert raw(server.http, slow_body).startswith(b"HTTP/1.1 408 ")
        # A head that never ends gets no answer, but the connection is closed.
        assert raw(server.http, b"POST /v2/models/fraud/infer HTTP/1.1\r\nHos") in (b"", raw_408())


def raw_408() -> bytes:
    return b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
