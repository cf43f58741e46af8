"""Copies of live traffic: compared with the live answers, counted, and without a trace in them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from scipy.stats import binom

import skeg

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
