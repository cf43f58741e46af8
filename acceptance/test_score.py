"""Scores equal ONNX Runtime's, whatever the shape of the request."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pandas as pd
import pytest

import skeg

DEPLOYMENTS = {"green": "1", "blue": "2"}
TOLERANCE = 1e-5


def runtime(version: str) -> onnxruntime.InferenceSession:
    # One thread: with more, ONNX Runtime adds trees in another order and may tip a tie.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(skeg.EXAMPLE / "models" / version / "model.onnx", options)


def reference(version: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ONNX Runtime's labels and probabilities; a ZipMap's list of maps becomes a matrix."""
    labels, probabilities = runtime(version).run(None, {"features": rows})
    if isinstance(probabilities, list):
        probabilities = np.array([[row[label] for label in sorted(row)] for row in probabilities])
    return labels, np.asarray(probabilities)


def outputs_of(client: skeg.Client, version: str) -> tuple[str, str]:
    """The names of the label and the probability output, which the two exporters choose differently."""
    outputs = client.get(f"/v2/models/fraud/versions/{version}").json()["outputs"]
    label = next(o["name"] for o in outputs if o["datatype"] == "INT64")
    return label, next(o["name"] for o in outputs if o["datatype"] == "FP32")


@pytest.fixture(scope="module")
def random_rows(samples: pd.DataFrame) -> np.ndarray:
    """10,000 rows: noise around real rows, a tenth of all values missing, some rows all missing."""
    draw = np.random.default_rng(7)
    real = samples[skeg.FEATURES].to_numpy(np.float32)
    rows = real[draw.integers(0, len(real), 10_000)]
    rows = rows * draw.lognormal(0, 0.3, rows.shape).astype(np.float32)
    rows[draw.random(rows.shape) < 0.1] = np.nan
    rows[:10] = np.nan
    return rows


@pytest.mark.parametrize(("deployment", "version"), DEPLOYMENTS.items())
def test_ten_thousand_random_rows_score_as_onnx_runtime_does(
    client: skeg.Client, random_rows: np.ndarray, deployment: str, version: str
) -> None:
    label_name, probability_name = outputs_of(client, version)
    labels, probabilities = reference(version, random_rows)
    for rows in (random_rows, random_rows[:1], random_rows[:7]):
        reply = client.infer(skeg.matrix(rows), deployment)
        assert skeg.output(reply, label_name) == labels[: len(rows)].tolist()
        ours = np.array(skeg.output(reply, probability_name)).reshape(len(rows), -1)
        np.testing.assert_allclose(ours, probabilities[: len(rows)], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("deployment", "version"), DEPLOYMENTS.items())
@pytest.mark.parametrize("name", ["request", "batch"])
def test_the_sample_requests_give_the_goldens(
    client: skeg.Client, name: str, deployment: str, version: str
) -> None:
    golden = json.loads((skeg.EXAMPLE / "goldens.json").read_text())[name][version]
    body = (skeg.EXAMPLE / f"{name}.json").read_bytes()
    reply = client.infer(body, deployment)
    label_name, probability_name = outputs_of(client, version)
    assert skeg.output(reply, label_name) == golden["label"]
    ours = np.array(skeg.output(reply, probability_name)).reshape(len(golden["label"]), -1)
    np.testing.assert_allclose(ours, golden["probabilities"], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_committed_samples_carry_onnx_runtimes_answers(samples: pd.DataFrame, version: str) -> None:
    labels, probabilities = reference(version, samples[skeg.FEATURES].to_numpy(np.float32))
    assert samples[f"v{version}_label"].tolist() == labels.tolist()
    np.testing.assert_allclose(samples[f"v{version}_p"], probabilities[:, 1], rtol=0, atol=1e-6)


def test_flat_and_nested_data_score_the_same(client: skeg.Client, samples: pd.DataFrame) -> None:
    nested = skeg.matrix(samples[skeg.FEATURES].to_numpy()[:5])
    flat = json.loads(json.dumps(nested))
    flat["inputs"][0]["data"] = [value for row in nested["inputs"][0]["data"] for value in row]
    first, second = client.infer(nested, "green"), client.infer(flat, "green")
    assert first.json()["outputs"] == second.json()["outputs"]


def test_an_int64_label_leaves_as_int64(client: skeg.Client) -> None:
    for deployment, version in DEPLOYMENTS.items():
        reply = client.infer((skeg.EXAMPLE / "request.json").read_bytes(), deployment).json()
        datatypes = [(output["name"], output["datatype"]) for output in reply["outputs"]]
        declared = client.get(f"/v2/models/fraud/versions/{version}").json()["outputs"]
        assert datatypes == [(output["name"], output["datatype"]) for output in declared]
        assert [datatype for _, datatype in datatypes] == ["INT64", "FP32"]
