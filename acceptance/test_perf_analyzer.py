"""The ways of Triton's C++ client, which perf_analyzer has, byte by byte: the tool itself is not to be had everywhere."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

import fraud
import skeg
from fraud import COUNT, LABEL, PROBABILITY

STEPS = ("compute_input", "compute_infer", "compute_output")


def test_the_ways_of_the_cpp_client(client: skeg.Client, samples: pd.DataFrame) -> None:
    """It sends the length with every request, an empty `Expect`, and asks for binary outputs by a parameter."""
    body = json.dumps({**skeg.matrix(fraud.table(samples).to_numpy()), "id": "1"}).encode()
    headers = {"Inference-Header-Content-Length": str(len(body)), "Content-Type": "application/json", "Expect": ""}
    reply = client.request("POST", "/v2/models/fraud/versions/1/infer", body, headers)
    assert reply.status == 200, reply.body
    assert "inference-header-content-length" not in reply.headers
    assert all("parameters" not in output for output in reply.json()["outputs"])

    head = {"id": "2", "parameters": {"binary_data_output": True}, "inputs": [{
        "name": "features", "shape": [COUNT, 20], "datatype": "FP32", "parameters": {"binary_data_size": COUNT * 80},
    }]}
    text = json.dumps(head).encode()
    headers |= {"Inference-Header-Content-Length": str(len(text)), "Content-Type": "application/octet-stream"}
    body = text + fraud.table(samples).to_numpy().tobytes()
    reply = client.request("POST", "/v2/models/fraud/versions/1/infer", body, headers)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == "application/octet-stream"
    length = int(reply.headers["inference-header-content-length"])
    sizes = [output["parameters"]["binary_data_size"] for output in json.loads(reply.body[:length])["outputs"]]
    assert sizes == [COUNT * 8, COUNT * 8] and len(reply.body) == length + sum(sizes)
    assert int(reply.headers["content-length"]) == len(reply.body)


def test_what_perf_analyzer_asks_first(client: skeg.Client) -> None:
    """Metadata, configuration, server metadata; every field that it reads without looking."""
    model = client.get("/v2/models/fraud").json()
    config = client.get("/v2/models/fraud/config").json()
    assert {tensor["name"] for tensor in config["input"]} == {tensor["name"] for tensor in model["inputs"]}
    assert isinstance(config["max_batch_size"], int)
    for tensor in [*model["inputs"], *model["outputs"]]:
        assert [type(tensor[key]) for key in ("name", "datatype", "shape")] == [str, str, list]
    assert isinstance(client.get("/v2").json()["extensions"], list)
    for entry in client.get("/v2/models/stats").json()["model_stats"]:
        stats = entry["inference_stats"]
        assert set(stats) >= {"success", "fail", "queue", *STEPS, "cache_hit", "cache_miss"}
        assert all(type(pair[key]) is int and pair[key] >= 0 for pair in stats.values() for key in ("count", "ns"))
        assert len({stats[step]["count"] for step in STEPS}) == 1
        int(entry["version"])


def test_a_raw_request_is_one_row(client: skeg.Client, samples: pd.DataFrame) -> None:
    body = fraud.table(samples).to_numpy()[:1].tobytes()
    headers = {"Inference-Header-Content-Length": "0", "Content-Type": "application/octet-stream"}
    reply = client.request("POST", "/v2/models/fraud/versions/1/infer", body, headers)
    assert reply.status == 200, reply.body
    length = int(reply.headers["inference-header-content-length"])
    shapes = {output["name"]: output["shape"] for output in json.loads(reply.body[:length])["outputs"]}
    assert shapes == {LABEL: [1], PROBABILITY: [1, 2]}
    scores = np.frombuffer(reply.body[length + 8:], np.float32)
    np.testing.assert_allclose(scores[1], samples["v1_p"][0], rtol=0, atol=1e-5)
    refused = client.request("POST", "/v2/models/fraud/versions/1/infer", body[:-1], headers)
    assert refused.status == 400 and "features" in refused.json()["error"], refused.body
