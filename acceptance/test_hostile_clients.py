"""Small requests that want much: of memory, of time, of a connection. Each is refused, and nobody else notices."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import subprocess
import time
from pathlib import Path

import grpc
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

import fraud
import skeg
from test_arrow_csv import ARROW, stream
from test_grpc_security import request

INFER = "/inference.GRPCInferenceService/ModelInfer"


def raw(channel: grpc.Channel, message: bytes) -> grpc.StatusCode:
    """The code that a message of these bytes ends with."""
    call = channel.unary_unary(INFER, request_serializer=bytes, response_deserializer=bytes)
    with pytest.raises(grpc.RpcError) as caught:
        call(message, timeout=60, compression=grpc.Compression.Gzip)
    return caught.value.code()


def peak_kb(server: skeg.Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_messages_of_very_many_empty_parts(folder: Path) -> None:
    head = service_pb2.ModelInferRequest(model_name="fraud").SerializeToString()
    with skeg.serving(folder) as server, grpc.insecure_channel(server.grpc) as channel:
        before = peak_kb(server)
        for part in [b"\x2a\x00", b"\x32\x00", b"\x3a\x00", b"\x22\x00"]:
            assert raw(channel, head + part * 1_000_000) == grpc.StatusCode.INVALID_ARGUMENT
        texts = service_pb2.ModelInferRequest(model_name="fraud")
        texts.inputs.add(name="x", datatype="BYTES", shape=[1]).contents.bytes_contents.extend([b""] * 20_000_000)
        assert raw(channel, texts.SerializeToString()) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert raw(channel, b"\xff\xff") == grpc.StatusCode.INVALID_ARGUMENT
        assert peak_kb(server) < before + 400_000
        # They are counted, though nobody knows whose they were.
        counted = [skeg.value(server, "skeg_requests_total", endpoint="", protocol="oip_grpc", code="400")]
        assert counted == [6.0]


def test_tables_of_very_many_columns(folder: Path) -> None:
    with skeg.serving(folder) as server, server.client() as client:
        def post(body: bytes, path: str = "/endpoints/fraud/score", **headers: str) -> skeg.Reply:
            return client.request("POST", path, body, {"Content-Encoding": "gzip", **headers})

        names = [f"c{place}" for place in range(16_000)]
        rows = [dict.fromkeys(names, 0), *(dict.fromkeys(reversed(names), 0) for _ in range(60))]
        started = time.monotonic()
        assert post(gzip.compress(json.dumps(rows).encode())).status == 400
        assert time.monotonic() - started < 20, "not the square of the columns"
        columns = b'{"input_data":{' + b",".join(b'"a%d":0' % place for place in range(1_000_000)) + b"}}"
        refused = post(gzip.compress(columns))
        assert refused.status == 400 and len(refused.body) < 5_000
        unknown = json.dumps([dict.fromkeys(names, 0)]).encode()
        named = post(gzip.compress(unknown))
        assert named.status == 400 and b"others" in named.body and len(named.body) < 10_000


def test_arrow_of_dictionaries_and_very_many_batches(folder: Path, samples: pd.DataFrame) -> None:
    with skeg.serving(folder) as server, server.client() as client:
        def post(table: pa.Table, rows_a_batch: int) -> int:
            body = stream(table, rows_a_batch)
            return client.request("POST", "/v2/models/fraud/infer", body, {"Content-Type": ARROW}).status

        columns = {name: pa.array(values, pa.float32()) for name, values in fraud.columns(samples).items()}
        nothing = pa.DictionaryArray.from_arrays(pa.array([None] * fraud.COUNT, pa.int8()), pa.array([], pa.float32()))
        assert post(pa.table({**columns, "amount": nothing}), 100) == 200, "all of it is missing"
        told = columns["amount"].dictionary_encode()
        assert post(pa.table({**columns, "amount": told}), 3) == 200
        long = pa.table({name: pa.array(np.zeros(100_000, np.float32)) for name in columns})
        started = time.monotonic()
        assert post(long, 10) == 200
        assert time.monotonic() - started < 30


def test_a_body_in_two_parts_is_read_whole(folder: Path, samples: pd.DataFrame) -> None:
    table = fraud.table(samples)
    head, *lines = table.to_csv(index=False).splitlines(keepends=True)
    packed = gzip.compress("".join([head, *lines[:2]]).encode()) + gzip.compress("".join(lines[2:]).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/csv"}
    with skeg.demo_of_one(folder) as server, server.client() as client:
        reply = client.request("POST", "/invocations", packed, headers)
        fraud.check_records(reply.json()["predictions"], samples)
        spoilt = client.request("POST", "/invocations", packed + b"more", headers)
        assert spoilt.status == 400, spoilt.body


def test_a_load_that_is_overtaken_is_answered(folder: Path) -> None:
    with skeg.demo_of_one(folder) as server:
        with server.client() as one, server.client() as two:
            one.connection.request("POST", "/v2/repository/models/fraud/load", b"")
            assert two.request("POST", "/v2/repository/models/fraud/unload").status == 200
            assert one.connection.getresponse().status in (200, 400)
            assert two.request("POST", "/v2/repository/models/fraud/load").status == 200
            assert skeg.endpoint(server)["revision"] == 2, "the next number, not the first again"


def test_nobody_waits_for_who_reads_the_log(folder: Path) -> None:
    """The log goes to a pipe that is full."""
    line = [skeg.BINARY, "demo", "--store", folder / "store", *skeg.FREE_PORTS, "--access-log=1", "--drain-delay=0s"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=skeg.environment())
    try:
        assert process.stdout is not None and process.stderr is not None
        ready = next(found for said in process.stdout if (found := skeg.READY.search(said)))
        body = (skeg.EXAMPLE / "request.json").read_bytes()
        with skeg.Client(ready[1]) as client:
            for _ in range(3000):
                assert client.infer(body).status == 200
            assert client.request("POST", "/v2/repository/models/fraud/unload").status == 200
            assert client.request("POST", "/v2/repository/models/fraud/load").status == 200
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_a_connection_that_says_nothing_more_is_closed(folder: Path) -> None:
    flags = ["--idle-timeout", "500ms", "--header-timeout", "1s", "--write-timeout", "1s"]
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    with skeg.serving(folder, *flags) as server:
        host, port = server.grpc.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as mute:
            mute.sendall(preface)
            while mute.recv(4096):
                pass
        with server.client() as client:
            assert client.get("/healthz").status == 200


def test_open_calls_do_not_keep_the_process_alive(folder: Path) -> None:
    flags = ["--drain-delay", "1s", "--shutdown-budget", "9s"]
    with skeg.serving(folder, *flags) as server, grpc.insecure_channel(server.grpc) as channel:
        watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="nobody"))
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        waiting: list[int] = []

        def requests():  # noqa: ANN202 - an iterator that stays open
            yield request()
            while not waiting:
                time.sleep(0.05)

        talk = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(requests())
        assert next(talk).infer_response.model_name == "fraud"
        host, port = server.grpc.split(":")
        with socket.create_connection((host, int(port))) as mute:
            mute.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            assert server.terminate() == 0, server.logs()
        waiting.append(1)


def test_a_broken_message_ends_its_stream_with_an_error(folder: Path) -> None:
    with skeg.serving(folder) as server, grpc.insecure_channel(server.grpc) as channel:
        path = "/inference.GRPCInferenceService/ModelStreamInfer"
        call = channel.stream_stream(path, request_serializer=bytes, response_deserializer=bytes)
        good = request().SerializeToString()
        answers = call(iter([good, b"\xff\xff", good]), timeout=30)
        assert next(answers)
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_page_of_a_browser_orders_nothing(folder: Path) -> None:
    with skeg.serving(folder) as server, grpc.insecure_channel(server.grpc) as channel:
        load = service_pb2.RepositoryModelLoadRequest(model_name="fraud")
        asked = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            asked.RepositoryModelLoad(load, timeout=30, metadata=[("origin", "https://elsewhere.example")])
        assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
        asked.RepositoryModelLoad(load, timeout=30)


def test_a_client_that_goes_away_is_counted(folder: Path) -> None:
    body = json.dumps({"inputs": []}).encode()
    with skeg.serving(folder) as server:
        connection = http.client.HTTPConnection(server.http)
        connection.putrequest("POST", "/v2/models/fraud/infer")
        connection.putheader("Content-Length", str(len(body) + 10))
        connection.endheaders(body)
        connection.close()
        skeg.until("a 499", lambda: skeg.value(server, "skeg_requests_total", endpoint="fraud", code="499") == 1)
