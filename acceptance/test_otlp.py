"""Traces that clients record reach an OpenTelemetry collector: the server's part, with the client's as its parent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

import skeg
import small_models

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
RECORDED, PASSED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


class Collector:
    """Takes what is posted to it as OTLP says."""

    def __init__(self, address: str) -> None:
        self.url, self.spans, self.resources = address, [], []

    def take(self, body: bytes) -> None:
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({attribute.key: attribute.value.string_value for attribute in part.resource.attributes})
            self.spans += [span for scope in part.scope_spans for span in scope.spans]


@contextmanager
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sound = (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
            if sound:
                taken.take(body)
            reply = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if sound else 400)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Collector(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()


def attributes(span: Span) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_the_servers_part_of_a_trace_reaches_a_collector(folder: Path) -> None:
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    with collector() as taken:
        with skeg.demo_of_one(folder, "--otlp-endpoint", taken.url, "--replica", "one") as server, server.client() as client:
            said = []
            for number, parent in enumerate([RECORDED, PASSED, None]):
                headers = {"x-request-id": str(number), **({"traceparent": parent} if parent else {})}
                reply = client.request("POST", "/v2/models/fraud/infer", body, headers)
                assert reply.status == 200
                said.append(reply.headers.get("traceparent"))
            lost = client.request("POST", "/v2/models/nobody/infer", body, {"traceparent": RECORDED})
            assert lost.status == 404
            with triton.InferenceServerClient(server.grpc) as other:
                tensor = triton.InferInput("features", [1, 20], "FP32")
                tensor.set_data_from_numpy(np.ones((1, 20), np.float32))
                other.infer("fraud", [tensor], headers={"traceparent": RECORDED})
            # What is queued at the end is sent before the end.
            assert server.terminate() == 0
        scored, unknown, over_grpc = taken.spans
    for span in taken.spans:
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert span.kind == Span.SPAN_KIND_SERVER and 0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9
    # The span is the one that the reply named.
    assert said[0] == f"00-{TRACE}-{scored.span_id.hex()}-01" and said[2] is None
    found = attributes(scored)
    assert found["http.response.status_code"] == 200 and found["http.request.method"] == "POST"
    assert (found["url.path"], found["skeg.endpoint"]) == ("/v2/models/fraud/infer", "fraud")
    assert (found["skeg.deployment"], found["skeg.request_id"]) == ("green", "0")
    assert found["http.request.body.size"] == len(body)
    # A client's mistake is no error of the server's span.
    assert attributes(unknown)["http.response.status_code"] == 404 and unknown.status.code == Status.STATUS_CODE_UNSET
    assert (attributes(unknown)["error.type"], attributes(unknown)["skeg.reason"]) == ("404", 'unknown model "nobody"')
    assert over_grpc.name == "inference.GRPCInferenceService/ModelInfer" and attributes(over_grpc)["rpc.system"] == "grpc"
    assert all(resource["service.name"] == "skeg" and resource["service.instance.id"] == "one" for resource in taken.resources)


def test_a_model_that_fails_is_an_error_of_the_span(folder: Path) -> None:
    with collector() as taken:
        with small_models.serving(folder, "table", flags=("--otlp-endpoint", taken.url)) as server, server.client() as client:
            reply = client.request("POST", "/endpoints/table/score", {"data": [[9]]}, {"traceparent": RECORDED})
            assert reply.status == 424
            assert server.terminate() == 0
        (span,) = taken.spans
    assert span.status.code == Status.STATUS_CODE_ERROR and span.status.message == attributes(span)["skeg.reason"] != ""


def test_a_collector_that_is_away_harms_nobody(folder: Path) -> None:
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % nobody.getsockname()[1]
        with skeg.demo_of_one(folder, "--otlp-endpoint", url) as server, server.client() as client:
            for _ in range(100):
                assert client.request("POST", "/v2/models/fraud/infer", body, {"traceparent": RECORDED}).status == 200
            assert server.terminate() == 0
            assert "Export" in server.logs(), "what is lost is said"


@pytest.mark.parametrize("address", ["collector", "ftp://host", "http://user:s3cret@host:4318"])
def test_an_address_that_makes_no_sense_exits_78(folder: Path, address: str) -> None:
    (folder / "store").mkdir()
    done = skeg.run("serve", "--store", str(folder / "store"), *skeg.FREE_PORTS, "--otlp-endpoint", address)
    assert done.returncode == 78 and "--otlp-endpoint" in done.stderr and "s3cret" not in done.stderr, done.stderr
