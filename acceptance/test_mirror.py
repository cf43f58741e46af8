"""Copies of live traffic: compared with the live answers, counted, and without a trace in them."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pandas as pd
from onnx import TensorProto, helper
from scipy.stats import binom

import skeg
import small_models
from test_overload import WIDTH, slow_store

BODY = (skeg.EXAMPLE / "request.json").read_bytes()


def test_mirrored_answers_are_compared_with_the_live_ones(folder: Path, samples: pd.DataFrame) -> None:
    rows = samples[skeg.FEATURES].to_numpy()
    with skeg.serving(folder) as server, server.client() as client:
        deployments = {"green": "fraud:1", "blue": "fraud:2", "same": "fraud:1"}
        mirror = {"mirror": {"blue": 100, "same": 100}}
        skeg.apply(server, skeg.spec(deployments, {"green": 100}, **mirror))
        skeg.until("it serves", lambda: len(skeg.states(server)) == 3 and set(skeg.states(server).values()) == {"Ready"})
        requests = 200
        for number in range(requests):
            reply = client.infer(skeg.matrix(rows[10 * number:10 * number + 10]))
            assert reply.headers["azureml-model-deployment"] == "green"
        def compared(deployment: str) -> float:
            return skeg.value(server, "skeg_mirror_rows_total", deployment=deployment) or 0
        skeg.until("all are compared", lambda: compared("blue") == compared("same") == 10 * requests)
        # The oracle: ONNX Runtime's labels and scores of both versions, in the example's samples.
        part = samples.iloc[:10 * requests]
        disagreeing = int((part["v1_label"] != part["v2_label"]).sum())
        assert skeg.value(server, "skeg_mirror_rows_total", deployment="blue", result="disagreed") == disagreeing > 0
        assert skeg.value(server, "skeg_mirror_rows_total", deployment="same", result="disagreed") == 0
        assert skeg.value(server, "skeg_mirror_score_difference_bucket", deployment="same", le="0") == 10 * requests
        total = skeg.value(server, "skeg_mirror_score_difference_sum", deployment="blue")
        assert abs(total - (part["v1_p"] - part["v2_p"]).abs().sum()) < 1e-2
        # The copies are in no row and no request counter.
        assert skeg.value(server, "skeg_requests_total", deployment="blue", code="200") == 0
        assert server.terminate() == 0
    logged = pd.read_parquet(server.store / "rows" / "v1", columns=["deployment_name"])
    assert set(logged["deployment_name"]) == {"green"} and len(logged) == 10 * requests


def test_a_share_is_mirrored_and_addressed_requests_are_not(folder: Path) -> None:
    with skeg.serving(folder, "--workers", "1", "--seed", "3") as server, server.client() as client:
        deployments = {"green": "fraud:1", "blue": "fraud:2"}
        skeg.apply(server, skeg.spec(deployments, {"green": 100}, mirror={"blue": 25}))
        skeg.until("it serves", lambda: skeg.endpoint(server)["revision"] == 2)
        for _ in range(100):
            client.infer(BODY, "green")
        for _ in range(1000):
            client.infer(BODY)
        low, high = binom.interval(0.9999, 1000, 0.25)
        def mirrored() -> float:
            return skeg.value(server, "skeg_mirror_rows_total", deployment="blue") or 0
        skeg.until("the share", lambda: low <= mirrored() <= high)
        assert skeg.value(server, "skeg_mirror_lost_total") == 0


def test_a_copy_is_placed_by_names(folder: Path) -> None:
    """Two models of one sum whose columns stand in other orders answer alike, live and as copies."""
    store = small_models.register(folder, "total", "turned")
    spec = skeg.spec({"live": "total:1", "copy": "turned:1"}, {"live": 100}, mirror={"copy": 100}, name="total")
    (store / "endpoints" / "total.yaml").write_text(json.dumps(spec))
    with skeg.serving(folder, command="serve", store=store) as server, server.client() as client:
        columns = {"columns": ["b", "a"], "data": [[1, 5], [2, 7], [3, 9]]}
        for model in ["total", "turned"]:
            reply = client.request("POST", f"/endpoints/{model}/score", {"input_data": columns})
            assert reply.status == 200 and reply.json() == [7, 11, 15], reply.body
        skeg.until("all are compared", lambda: skeg.value(server, "skeg_mirror_rows_total", deployment="copy") == 3)
        assert skeg.value(server, "skeg_mirror_score_difference_sum", deployment="copy") == 0
        assert skeg.value(server, "skeg_mirror_lost_total", deployment="copy") == 0


def cheap() -> onnx.ModelProto:
    """Takes what the slow model takes, and gives its largest column."""
    nodes = [helper.make_node("ReduceMax", ["x"], ["y"], axes=[1], keepdims=1)]
    it = {"x": (TensorProto.FLOAT, [None, WIDTH])}
    return small_models.built("cheap", nodes, it, {"y": (TensorProto.FLOAT, [None, 1])})


def test_copies_are_bounded_in_bytes(folder: Path) -> None:
    """A mirror that is slower than the live traffic holds no more than some megabytes of it."""
    store = slow_store(folder)
    onnx.save(cheap(), folder / "cheap.onnx")
    done = skeg.run("models", "register", str(folder / "cheap.onnx"), "--model", "cheap:1", "--store", str(store))
    assert done.returncode == 0, done.stderr
    spec = skeg.spec({"live": "cheap:1", "copy": "slow:1"}, {"live": 100}, mirror={"copy": 100}, name="slow")
    spec["collect"] = {"sampling": 0}
    (store / "endpoints").mkdir()
    (store / "endpoints" / "slow.yaml").write_text(json.dumps(spec))
    rows = 1024
    head = json.dumps({"inputs": [{"name": "x", "shape": [rows, WIDTH], "datatype": "FP32",
                                   "parameters": {"binary_data_size": rows * WIDTH * 4}}]}).encode()
    body, headers = head + bytes(rows * WIDTH * 4), {"inference-header-content-length": str(len(head))}
    with skeg.serving(folder, command="serve", store=store) as server, server.client() as client:
        def resident() -> int:
            return int(Path(f"/proc/{server.process.pid}/status").read_text().split("VmRSS:")[1].split()[0]) // 1024

        def lost() -> float:
            return skeg.value(server, "skeg_mirror_lost_total", deployment="copy") or 0

        client.request("POST", "/v2/models/slow/infer", body, headers)
        before = resident()
        for _ in range(100):
            assert client.request("POST", "/v2/models/slow/infer", body, headers).status == 200
        assert lost() > 0 and resident() < before + 256, f"{before} MB, then {resident()} MB"
