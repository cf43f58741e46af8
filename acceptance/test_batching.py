"""Requests of different clients run as one: each gets its own answer, and nobody pays for another's mistake."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

import skeg

WIDTH = 256
CLIENTS = 12
REQUESTS = 40


def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: list[Any]) -> None:
    graph = helper.make_graph(nodes, "batched", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def dense(path: Path) -> None:
    """Four layers; the label is the place of the largest score."""
    chance = np.random.default_rng(4)
    layers = [chance.normal(0, 0.1, (WIDTH, WIDTH)).astype(np.float32) for _ in range(4)]
    weights = [numpy_helper.from_array(layer, f"w{place}") for place, layer in enumerate(layers)]
    nodes, last = [], "x"
    for place in range(len(layers)):
        nodes += [helper.make_node("MatMul", [last, f"w{place}"], [f"m{place}"]),
                  helper.make_node("Tanh", [f"m{place}"], [f"h{place}"])]
        last = f"h{place}"
    nodes.append(helper.make_node("ArgMax", [last], ["label"], axis=1, keepdims=0))
    nodes.append(helper.make_node("Identity", [last], ["scores"]))
    save(path, nodes, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, WIDTH])],
         [helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
          helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, WIDTH])], weights)


def parse(path: Path) -> None:
    """Texts to numbers: it fails on a text that is none."""
    save(path, [helper.make_node("Cast", ["text"], ["number"], to=TensorProto.FLOAT)],
         [helper.make_tensor_value_info("text", TensorProto.STRING, [None, 1])],
         [helper.make_tensor_value_info("number", TensorProto.FLOAT, [None, 1])], [])


def total(path: Path) -> None:
    """One number for all rows."""
    save(path, [helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0)],
         [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
         [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [])], [])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batched")
    store = folder / "store"
    for model in (dense, parse, total):
        file = folder / f"{model.__name__}.onnx"
        model(file)
        done = skeg.run("models", "register", str(file), "--model", f"{model.__name__}:1", "--store", str(store))
        assert done.returncode == 0, done.stderr
    return store


def write(folder: Path, model: str, batching: dict[str, int], **keys: Any) -> Path:
    specs = folder / "specs"
    specs.mkdir()
    deployment = {"model": f"{model}:1", "batching": batching, **keys}
    (specs / f"{model}.yaml").write_text(json.dumps(skeg.spec({"only": deployment}, {"only": 100}, name=model)))
    return specs


def serve(folder: Path, store: Path, model: str, batching: dict[str, int], **keys: Any):
    return skeg.serving(folder, "--endpoints", str(write(folder, model, batching, **keys)), command="serve", store=store)


def in_parallel(server: skeg.Server, one: Callable[[skeg.Client, int], None]) -> None:
    """`one` with a connection and a number of its own, for each client."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            with server.client() as client:
                one(client, number)
        except BaseException as failure:  # noqa: BLE001 - it is raised again below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# Without a delay only those are run together that come while all threads are busy.
@pytest.mark.parametrize(("delay", "most"), [(0, 1.0), (3000, 0.7)])
def test_each_client_gets_the_answer_to_its_own_rows(folder: Path, store: Path, delay: int, most: float) -> None:
    oracle = onnxruntime.InferenceSession(store / "models" / "dense" / "1" / "model.onnx", providers=["CPUExecutionProvider"])
    with serve(folder, store, "dense", {"max_rows": 8, "max_delay_us": delay}) as server:
        def ask(client: skeg.Client, number: int) -> None:
            chance = np.random.default_rng(number)
            for request in range(REQUESTS):
                x = chance.normal(size=(1 + (number + request) % 3, WIDTH)).astype(np.float32)
                body = {"id": f"{delay}-{number}-{request}", "inputs": [
                    {"name": "x", "shape": list(x.shape), "datatype": "FP32", "data": x.ravel().tolist()}]}
                reply = client.infer(body, path="/v2/models/dense/infer")
                assert reply.status == 200, reply.body
                label, scores = oracle.run(None, {"x": x})
                assert np.array_equal(skeg.output(reply, "label"), label)
                got = np.reshape(skeg.output(reply, "scores"), scores.shape)
                # A batch adds up in another order than a row: ADR 0022.
                assert np.allclose(got, scores, rtol=1e-4, atol=1e-5)

        in_parallel(server, ask)
        requests = skeg.value(server, "skeg_batch_requests_total", deployment="only")
        runs = skeg.value(server, "skeg_batches_total", deployment="only")
        assert requests == CLIENTS * REQUESTS
        assert runs < most * requests, "requests were run together"
        rows = sum(1 + (number + request) % 3 for number in range(CLIENTS) for request in range(REQUESTS))
        assert skeg.value(server, "skeg_batch_rows_total", deployment="only") == rows
        assert server.terminate() == 0
    logged = pd.read_parquet(store / "rows" / "v1", columns=["request_id", "row_index"])
    logged = logged[logged["request_id"].str.startswith(f"{delay}-")]
    assert len(logged) == rows == len(logged.drop_duplicates())


def test_one_that_fails_does_not_fail_those_beside_it(folder: Path, store: Path) -> None:
    with serve(folder, store, "parse", {"max_rows": 64, "max_delay_us": 20_000}) as server:
        def ask(client: skeg.Client, number: int) -> None:
            for request in range(5):
                text = "no number" if number == 0 else f"{number}.{request}"
                body = {"inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}]}
                reply = client.infer(body, path="/v2/models/parse/infer")
                if number == 0:
                    assert reply.status == 424 and b"no number" in reply.body, reply.body
                else:
                    assert reply.status == 200, reply.body
                    assert np.isclose(skeg.output(reply, "number")[0], float(text))

        in_parallel(server, ask)
        assert skeg.value(server, "skeg_requests_total", deployment="only", code="424") == 5


def test_a_request_alone_is_run_after_the_delay(folder: Path, store: Path) -> None:
    with serve(folder, store, "parse", {"max_rows": 64, "max_delay_us": 300_000}) as server, server.client() as client:
        body = {"inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["7"]}]}
        begun = time.monotonic()
        assert client.infer(body, path="/v2/models/parse/infer").status == 200
        assert time.monotonic() - begun >= 0.3


def test_a_model_whose_answer_has_no_rows_is_not_batched(folder: Path, store: Path) -> None:
    specs = write(folder, "total", {"max_rows": 8})
    done = skeg.run("serve", "--store", str(store), "--endpoints", str(specs), *skeg.FREE_PORTS)
    assert done.returncode != 0
    assert 'requests cannot be batched: output "sum" does not have a row for each row' in done.stderr
