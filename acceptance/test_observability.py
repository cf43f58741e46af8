"""What each request leaves behind: its trace, its times, and a line in the access log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest
import tritonclient.grpc as triton
from scipy.stats import binom
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

import fraud
import skeg
import small_models

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
FIELDS = {"method", "path", "endpoint", "deployment", "protocol", "code", "request_id", "request_bytes", "response_bytes",
          "user_agent", "request_duration_ms", "response_duration_ms", "duration_ms", "code_reason", "model_code", "model_reason"}


def asked(samples: pd.DataFrame) -> dict[str, tuple[str, dict[str, Any]]]:
    """A path and a body of each protocol."""
    matrix = fraud.matrix(samples)
    return {
        "infer": ("/v2/models/fraud/infer", skeg.matrix(fraud.table(samples).to_numpy())),
        "score": ("/score", {"data": matrix}),
        "invocations": ("/invocations", {"inputs": matrix}),
        "predict": ("/v1/models/fraud:predict", {"instances": matrix}),
    }


PROTOCOLS = ["infer", "score", "invocations", "predict"]


def post(client: skeg.Client, path: str, body: Any, **headers: str) -> skeg.Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("POST", path, body, {"Content-Type": "application/json", **named})


# === traces ===


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_trace_is_continued(green: skeg.Server, samples: pd.DataFrame, protocol: str, flags: str) -> None:
    path, body = asked(samples)[protocol]
    with green.client() as client:
        reply = post(client, path, body, traceparent=f"00-{TRACE}-{SPAN}-{flags}")
        refused = post(client, path, {}, traceparent=f"00-{TRACE}-{SPAN}-{flags}")
    for answer, status in [(reply, 200), (refused, 400)]:
        assert answer.status == status, answer.body
        trace, span, sampled = PARENT.fullmatch(answer.headers["traceparent"]).groups()
        assert (trace, sampled) == (TRACE, flags)
        assert span not in (SPAN, "0" * 16), "the server's part is a span of its own"


def test_a_later_version_of_the_header_is_read_as_this_one(green: skeg.Server, samples: pd.DataFrame) -> None:
    path, body = asked(samples)["infer"]
    with green.client() as client:
        reply = post(client, path, body, traceparent=f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like")
    assert PARENT.fullmatch(reply.headers["traceparent"])[1] == TRACE


@pytest.mark.parametrize("wrong", [
    "", "x", f"00-{TRACE}-{SPAN}", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
    f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE[:31]}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f"00-{TRACE}-{SPAN}-0x",
])
def test_what_is_no_trace_is_passed_over(green: skeg.Server, samples: pd.DataFrame, wrong: str) -> None:
    path, body = asked(samples)["infer"]
    with green.client() as client:
        reply = post(client, path, body, traceparent=wrong)
    assert reply.status == 200
    said = reply.headers.get("traceparent")
    # A trace of the server's own, or none.
    assert said is None or (PARENT.fullmatch(said) and TRACE not in said), said


def test_a_trace_over_grpc(green: skeg.Server, samples: pd.DataFrame) -> None:
    data = fraud.table(samples).to_numpy().tobytes()
    request = service_pb2.ModelInferRequest(model_name="fraud", raw_input_contents=[data])
    request.inputs.add(name="features", datatype="FP32", shape=[fraud.COUNT, 20])
    with grpc.insecure_channel(green.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        _, call = stub.ModelInfer.with_call(request, timeout=30, metadata=[("traceparent", f"00-{TRACE}-{SPAN}-01")])
        said = dict([*call.initial_metadata(), *call.trailing_metadata()])
    assert PARENT.fullmatch(said["traceparent"])[1] == TRACE
    assert said["azureml-model-deployment"] == "green"
    assert {"queue", "infer", "total"} == set(times(said["server-timing"]))


# === times ===


def times(header: str) -> dict[str, float]:
    """`name;dur=MILLISECONDS` by name."""
    parts = [re.fullmatch(r"\s*([a-z]+);dur=(\d+(?:\.\d+)?)\s*", part) for part in header.split(",")]
    assert all(parts), header
    return {part[1]: float(part[2]) for part in parts}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_times_of_a_request(green: skeg.Server, samples: pd.DataFrame, protocol: str) -> None:
    path, body = asked(samples)[protocol]
    with green.client() as client:
        found = times(post(client, path, body).headers["server-timing"])
    assert list(found) == ["queue", "infer", "total"]
    assert found["infer"] > 0
    # Each is rounded by itself.
    assert found["total"] >= found["queue"] + found["infer"] - 0.002


# === access log ===


def lines(server: skeg.Server) -> list[dict[str, Any]]:
    """The objects on the standard error that are of the access log."""
    found = [json.loads(line) for line in server.logs().splitlines() if line.startswith("{")]
    return [line for line in found if "duration_ms" in line]


def test_each_request_has_a_line(folder: Path, samples: pd.DataFrame) -> None:
    agent = "agent/" + "x" * 100
    with skeg.demo_of_one(folder, "--access-log", "1.0") as server, server.client() as client:
        replies: dict[str, tuple[str, bytes, skeg.Reply]] = {}
        for protocol, (path, body) in asked(samples).items():
            sent = json.dumps(body).encode()
            headers = {"x-request-id": protocol, "User-Agent": agent, "Content-Type": "application/json",
                       "x-ms-client-request-id": f"client of {protocol}"}
            replies[protocol] = (path, sent, client.request("POST", path, sent, headers))
        with triton.InferenceServerClient(server.grpc) as other:
            tensor = triton.InferInput("features", [fraud.COUNT, 20], "FP32")
            tensor.set_data_from_numpy(fraud.table(samples).to_numpy(np.float32))
            other.infer("fraud", [tensor], headers={"x-request-id": "grpc", "x-ms-client-request-id": "client of grpc"})
        client.request("POST", "/v2/models/nobody/infer", b"{}", {"x-request-id": "lost"})
        client.request("POST", "/v2/models/fraud/infer", b"{", {"x-request-id": "broken"})
        skeg.until("all lines", lambda: len(lines(server)) >= len(replies) + 3)
        found = {line["request_id"]: line for line in lines(server)}
    assert set(found) == {*replies, "grpc", "lost", "broken"}
    assert all(found[name]["client_request_id"] == f"client of {name}" for name in [*replies, "grpc"])
    for protocol, (path, sent, reply) in replies.items():
        line = found[protocol]
        assert set(line) >= FIELDS
        assert (line["method"], line["path"], line["code"]) == ("POST", path, 200) == ("POST", path, reply.status)
        assert (line["endpoint"], line["deployment"]) == ("fraud", "green")
        assert (line["request_bytes"], line["response_bytes"]) == (len(sent), len(reply.body))
        assert line["user_agent"] == agent[:70]
        assert 0 < line["request_duration_ms"] <= line["response_duration_ms"] <= line["duration_ms"] < 60_000
        assert (line["code_reason"], line["model_code"], line["model_reason"]) == (None, 200, None)
    over_grpc = found["grpc"]
    assert set(over_grpc) >= FIELDS
    assert (over_grpc["path"], over_grpc["code"]) == ("/inference.GRPCInferenceService/ModelInfer", 200)
    protocols = [found[name]["protocol"] for name in [*replies, "grpc"]]
    assert len(set(protocols)) == len(protocols) and all(protocols), protocols
    assert (found["lost"]["code"], found["lost"]["deployment"]) == (404, None)
    assert (found["broken"]["code"], found["broken"]["endpoint"]) == (400, "fraud")
    assert found["lost"]["code_reason"] == 'unknown model "nobody"' and found["lost"]["model_code"] is None


def test_a_model_that_fails_and_a_client_that_may_not_have_their_lines(folder: Path) -> None:
    """What Azure's traffic log has as ModelStatusCode and ModelStatusReason, and who was turned away at the door."""
    key = folder / "key"
    key.write_text("primary-key-0123456789")
    flags = ("--access-log", "1.0", "--auth", "keys", "--auth-primary-key-file", str(key))
    with small_models.serving(folder, "table", flags=flags) as server, server.client() as client:
        body, allowed = {"data": [[9]]}, {"Authorization": "Bearer primary-key-0123456789"}
        path = "/endpoints/table/score"
        assert client.request("POST", path, body, {**allowed, "x-request-id": "failed"}).status == 424
        assert client.request("POST", path, body, {"x-request-id": "denied"}).status == 401
        with triton.InferenceServerClient(server.grpc) as other, pytest.raises(InferenceServerException):
            tensor = triton.InferInput("index", [1, 1], "INT64")
            tensor.set_data_from_numpy(np.array([[1]], np.int64))
            other.infer("table", [tensor], request_id="grpc")
        skeg.until("all lines", lambda: len(lines(server)) >= 3)
        failed, denied, over_grpc = lines(server)
    assert (failed["code"], failed["model_code"], failed["deployment"]) == (424, 500, None)
    assert failed["model_reason"] == failed["code_reason"] != ""
    assert (denied["code"], denied["model_code"], denied["endpoint"], denied["path"]) == (401, None, "table", path)
    assert denied["code_reason"] and denied["model_reason"] is None
    assert (over_grpc["code"], over_grpc["path"]) == (401, "/inference.GRPCInferenceService/ModelInfer")


def test_a_path_cannot_forge_a_line(folder: Path) -> None:
    with skeg.demo_of_one(folder, "--access-log", "1.0") as server, server.client() as client:
        agent = 'quote" back\\slash \t{"code":200}'
        headers = {"User-Agent": agent, "x-request-id": "odd"}
        client.request("POST", "/v2/models/fraud/infer?a=%0A%7B%22code%22", b"{}", headers)
        (line,) = skeg.until("the line", lambda: [line for line in lines(server) if line["request_id"] == "odd"])
    assert line["user_agent"] == agent
    # A query may carry what is nobody's business.
    assert line["path"] == "/v2/models/fraud/infer"


def test_a_share_of_the_requests_is_logged(folder: Path) -> None:
    body, count, share = (skeg.EXAMPLE / "request.json").read_bytes(), 2000, 0.25
    with skeg.demo_of_one(folder, "--access-log", str(share), "--workers", "1", "--seed", "1") as server:
        with server.client() as client:
            for _ in range(count):
                assert client.infer(body).status == 200
        # What is written comes before the end of the process.
        assert server.terminate() == 0
    low, high = binom.interval(0.999, count, share)
    assert low <= len(lines(server)) <= high


def test_nothing_is_logged_unless_asked(folder: Path) -> None:
    with skeg.demo_of_one(folder) as server:
        with server.client() as client:
            assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
        assert server.terminate() == 0
    assert lines(server) == []


@pytest.mark.parametrize("share", ["-0.1", "1.1", "all"])
def test_a_share_that_is_none_exits_78(folder: Path, share: str) -> None:
    (folder / "store").mkdir()
    done = skeg.run("serve", "--store", str(folder / "store"), *skeg.FREE_PORTS, f"--access-log={share}")
    assert done.returncode in (64, 78) and "access-log" in done.stderr, done.stderr
