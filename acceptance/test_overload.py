"""More requests than a deployment takes: some are admitted and quick, the rest are refused at once."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import skeg
from load import Load, running

pytestmark = pytest.mark.alone

WIDTH = 1024
LAYERS = 8


def slow_model(path: Path) -> None:
    """Some milliseconds a row: a chain of square matrices."""
    chance = np.random.default_rng(1)
    weights = [numpy_helper.from_array(chance.normal(0, 0.03, (WIDTH, WIDTH)).astype(np.float32), f"w{layer}")
               for layer in range(LAYERS)]
    names = ["x", *(f"h{layer}" for layer in range(LAYERS - 1)), "y"]
    nodes = [helper.make_node("MatMul", [names[layer], f"w{layer}"], [names[layer + 1]]) for layer in range(LAYERS)]
    signature = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, WIDTH]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "slow", signature[:1], signature[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def slow_store(folder: Path) -> Path:
    """A store with that model as `slow:1`."""
    slow_model(folder / "slow.onnx")
    store = folder / "store"
    done = skeg.run("models", "register", str(folder / "slow.onnx"), "--model", "slow:1", "--store", str(store))
    assert done.returncode == 0, done.stderr
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return slow_store(tmp_path_factory.mktemp("slow"))


BODY = {"inputs": [{"name": "x", "shape": [1, WIDTH], "datatype": "FP32", "data": [0.5] * WIDTH}]}
ROWS = {"inputs": [{"name": "x", "shape": [64, WIDTH], "datatype": "FP32", "data": [0.5] * (64 * WIDTH)}]}


def serve(folder: Path, store: Path, **keys: object):
    specs = folder / "specs"
    specs.mkdir()
    spec = skeg.spec({"only": {"model": "slow:1", **keys}}, {"only": 100}, name="slow")
    spec["collect"] = {"inputs": False}
    (specs / "slow.yaml").write_text(json.dumps(spec))
    return skeg.serving(folder, "--endpoints", str(specs), command="serve", store=store)


def resident(server: skeg.Server) -> int:
    return int(Path(f"/proc/{server.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])


def test_ten_times_overload_is_refused_at_once(folder: Path, store: Path) -> None:
    with serve(folder, store, max_concurrent=2, queue=2) as server:
        with server.client() as client:
            timing = client.infer(BODY, path="/v2/models/slow/infer").headers["server-timing"]
            assert not timing.startswith("queue;dur=0.000"), "it runs on the pool"
        with running(Load(server, 4, BODY, "slow")) as calm:
            skeg.until("answers at rest", lambda: len(calm.answers) > 100)
        assert calm.statuses() == {200} and not calm.failed
        before = resident(server)
        with running(Load(server, 40, BODY, "slow")) as storm:
            skeg.until("answers in the storm", lambda: sum(a.status == 200 for a in storm.answers) > 200)
        assert storm.statuses() == {200, 429} and not storm.failed
        # By the server's clock: that of the clients is mostly the forty clients' own.
        at_rest, admitted = (np.median([a.total_ms for a in load.answers if a.status == 200]) for load in (calm, storm))
        refused = np.median([a.seconds for a in storm.answers if a.status == 429])
        print(f"medians: at rest {at_rest:.2f} ms, in the storm {admitted:.2f} ms, refused after {refused * 1e3:.2f} ms")
        # Places are never more than there are: the admitted wait for as many others as at rest.
        assert admitted < 5 * at_rest, (admitted, at_rest)
        assert refused < np.median([a.seconds for a in storm.answers if a.status == 200])
        assert resident(server) < 1.5 * before
        with server.client() as client:
            started = time.monotonic()
            reply = client.infer(BODY, path="/v2/models/slow/infer")
            assert reply.status == 200 and time.monotonic() - started < 5
        assert skeg.value(server, "skeg_queue_depth") == skeg.value(server, "skeg_admitted") == 0
        assert skeg.value(server, "skeg_requests_total", code="429") > 0


def test_refusals_say_when_to_come_back(folder: Path, store: Path) -> None:
    with serve(folder, store, max_concurrent=1, queue=0) as server, running(Load(server, 4, ROWS, "slow")):
        with server.client() as client:
            reply = skeg.until("a refusal", lambda: (r := client.infer(BODY, path="/v2/models/slow/infer")).status == 429 and r)
        assert reply.headers["retry-after"] == "1"
        assert b"too many requests" in reply.body


def test_a_request_whose_time_is_over_is_not_run(folder: Path, store: Path) -> None:
    with serve(folder, store, max_concurrent=1, queue=64, timeout_ms=60_000) as server:
        with running(Load(server, 6, ROWS, "slow")), server.client() as client:
            hurried = {**BODY, "parameters": {"timeout": 1000}}
            reply = client.infer(hurried, path="/v2/models/slow/infer")
            assert reply.status == 408 and b"in time" in reply.body
        patient = {**BODY, "parameters": {"timeout": 30_000_000}}
        with server.client() as client:
            assert client.infer(patient, path="/v2/models/slow/infer").status == 200


def test_a_client_that_is_gone_gives_its_place_back(folder: Path, store: Path) -> None:
    with serve(folder, store, max_concurrent=1, queue=8) as server:
        clients = [server.client() for _ in range(6)]
        for client in clients:
            client.connection.request("POST", "/v2/models/slow/infer", json.dumps(ROWS).encode())
        for client in clients:
            client.close()
        def held() -> float:
            return skeg.value(server, "skeg_queue_depth") + skeg.value(server, "skeg_admitted")

        skeg.until("all places are free", lambda: held() == 0)
        with server.client() as client:
            assert client.infer(BODY, path="/v2/models/slow/infer").status == 200


def test_ten_times_overload_of_an_inline_model_is_refused_at_once(folder: Path, store: Path) -> None:
    with serve(folder, store, execution="inline", max_concurrent=2, queue=2) as server:
        assert skeg.value(server, "skeg_queue_depth", deployment="only") is None, "it does not run on the pool"
        with running(Load(server, 4, BODY, "slow")) as calm:
            skeg.until("answers at rest", lambda: sum(a.status == 200 for a in calm.answers) > 100)
        before = resident(server)
        with running(Load(server, 40, BODY, "slow")) as storm:
            skeg.until("answers in the storm", lambda: sum(a.status == 200 for a in storm.answers) > 200)
        assert storm.statuses() == {200, 429} and not storm.failed
        refused = [a.seconds for a in storm.answers if a.status == 429]
        admitted = np.median([a.seconds for a in storm.answers if a.status == 200])
        at_rest = np.median([a.seconds for a in calm.answers if a.status == 200])
        # A turn runs as many models as its worker may take on: nobody waits for more than some turns.
        assert admitted < 10 * at_rest and np.median(refused) < 10 * at_rest, (admitted, at_rest)
        assert resident(server) < 1.5 * before
        with server.client() as client:
            assert client.infer(BODY, path="/v2/models/slow/infer").status == 200


def test_many_rows_do_not_hold_up_the_thread_that_reads(folder: Path) -> None:
    """The example's model runs inline, but not for requests whose rows would keep everybody else waiting."""
    matrix = np.ones((400_000, len(skeg.FEATURES)), np.float32)
    head = json.dumps({
        "inputs": [{"name": "features", "shape": list(matrix.shape), "datatype": "FP32",
                    "parameters": {"binary_data_size": matrix.nbytes}}],
        "outputs": [{"name": "output_label", "parameters": {"binary_data": True}}],
    }).encode()
    many = head + matrix.tobytes()
    headers = {"inference-header-content-length": str(len(head)), "azureml-model-deployment": "green"}
    one = skeg.matrix([[1.0] * len(skeg.FEATURES)])
    small, large = [], []

    def part(timings: list[str], name: str) -> list[float]:
        return [float(re.search(rf"{name};dur=([\d.]+)", timing)[1]) for timing in timings]

    with skeg.serving(folder, "--workers", "1", "--pool", "1") as server, server.client() as client, server.client() as other:
        def send() -> None:
            reply = other.request("POST", "/v2/models/fraud/infer", many, headers)
            assert reply.status == 200, reply.body
            large.append(reply.headers["server-timing"])

        for _ in range(5):
            sending = threading.Thread(target=send)
            sending.start()
            while sending.is_alive():
                small.append(client.infer(one).headers["server-timing"])
            sending.join()
        assert len(large) == 5 and min(part(large, "queue")) > 0 and max(part(small, "queue")) == 0
        ran, waited = min(part(large, "infer")), max(part(small, "total"))
        assert waited < ran, f"a small one waited {waited} ms, a large one ran for {ran} ms"


def test_a_timeout_counts_while_a_request_waits_for_its_place(folder: Path, store: Path) -> None:
    with serve(folder, store, max_concurrent=1, queue=64, timeout_ms=60_000) as server:
        with running(Load(server, 24, json.dumps(ROWS).encode(), "slow")) as load, server.client() as client:
            skeg.until("a queue", lambda: skeg.value(server, "skeg_queue_depth") >= 8)
            begun = time.monotonic()
            reply = client.infer({**BODY, "parameters": {"timeout": 10_000}}, path="/v2/models/slow/infer")
            took = (time.monotonic() - begun) * 1e3
            assert reply.status == 408, reply.body
        waited = np.median([answer.total_ms for answer in load.answers if answer.status == 200])
        assert took < waited / 2, f"told after {took} ms, and the others wait for {waited} ms"
