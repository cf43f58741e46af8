"""The weighted router: counts inside what chance allows."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scipy.stats import binom

import skeg

REQUESTS = 10_000
CLIENTS = 8


def deployments_of(server: skeg.Server, requests: int) -> Counter[str]:
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    counts: Counter[str] = Counter()
    with server.client() as client:
        for _ in range(requests):
            reply = client.infer(body)
            assert reply.status == 200
            counts[reply.headers["azureml-model-deployment"]] += 1
    return counts


def test_ten_thousand_requests_split_ninety_to_ten(folder: Path) -> None:
    # One worker and a seed: the same draws in every run, so that chance cannot fail the test.
    with skeg.serving(folder, "--workers", "1", "--seed", "1") as server, ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(deployments_of, [server] * CLIENTS, [REQUESTS // CLIENTS] * CLIENTS)
        counts = sum(parts, Counter())
    assert counts.total() == REQUESTS
    low, high = binom.interval(0.999, REQUESTS, 0.1)
    assert low <= counts["blue"] <= high, counts
    assert set(counts) == {"green", "blue"}


def test_the_header_overrides_the_weights(demo: skeg.Server) -> None:
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    with demo.client() as client:
        for deployment in ["blue", "green"] * 20:
            assert client.infer(body, deployment).headers["azureml-model-deployment"] == deployment
