"""Triton's own HTTP clients, the one that waits and the asynchronous one, against the example and a model of text."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from test_limits import resident
from tritonclient.utils import InferenceServerException

import fraud as fraud_rows
import skeg
import small_models
from blocking import Blocking
from fraud import COUNT, LABEL, PROBABILITY

STEPS = ("compute_input", "compute_infer", "compute_output")
KINDS = {
    "waits": triton.InferenceServerClient,
    "asynchronous": lambda url: Blocking(lambda: triton_aio.InferenceServerClient(url)),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    """Makes a client of each kind."""
    return KINDS[request.param]


@pytest.fixture
def fraud(kind: Any, green: skeg.Server) -> Iterator[Any]:
    with kind(green.http) as client:
        yield client


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    with small_models.serving(tmp_path_factory.mktemp("small"), "words", "half", "halves", version="v3") as server:
        yield server


@pytest.fixture
def others(kind: Any, small: skeg.Server) -> Iterator[Any]:
    with kind(small.http) as client:
        yield client


def tensor(name: str, values: np.ndarray, binary: bool = True) -> triton.InferInput:
    datatype = {"float32": "FP32", "float16": "FP16", "int32": "INT32", "object": "BYTES"}[str(values.dtype)]
    made = triton.InferInput(name, list(values.shape), datatype)
    return made.set_data_from_numpy(values, binary_data=binary)


def wanted(*names: str, binary: bool, **more: Any) -> list[triton.InferRequestedOutput]:
    return [triton.InferRequestedOutput(name, binary_data=binary, **more) for name in names]


def rows(samples: pd.DataFrame) -> np.ndarray:
    """Real rows; the client writes what is missing as a bare NaN."""
    return fraud_rows.table(samples).to_numpy()


def assert_scores(answer: Any, samples: pd.DataFrame) -> None:
    """The answer is ONNX Runtime's, which the samples carry."""
    assert answer.as_numpy(LABEL).tolist() == samples["v1_label"][:COUNT].tolist()
    assert answer.as_numpy(LABEL).dtype == np.int64
    found = answer.as_numpy(PROBABILITY)
    assert (found.dtype, found.shape) == (np.float32, (COUNT, 2))
    np.testing.assert_allclose(found[:, 1], samples["v1_p"][:COUNT], rtol=0, atol=1e-5)


# === what the server says of itself ===


def test_health(fraud: Any) -> None:
    assert fraud.is_server_live() and fraud.is_server_ready()
    assert fraud.is_model_ready("fraud") and fraud.is_model_ready("fraud", "2")
    assert not fraud.is_model_ready("nobody") and not fraud.is_model_ready("fraud", "9")


def test_metadata(fraud: Any) -> None:
    server = fraud.get_server_metadata()
    assert server["name"] == "skeg"
    assert set(server["extensions"]) >= {
        "binary_tensor_data", "classification", "logging", "model_configuration", "model_repository", "parameters",
        "schedule_policy", "statistics",
    }
    assert not {"system_shared_memory", "cuda_shared_memory", "sequence"} & set(server["extensions"])
    model = fraud.get_model_metadata("fraud")
    assert model["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 20]}]
    assert [output["name"] for output in model["outputs"]] == [LABEL, PROBABILITY]
    second = fraud.get_model_metadata("fraud", "2")
    assert [output["name"] for output in second["outputs"]] == ["label", "probabilities"]


def test_configuration(fraud: Any) -> None:
    config = fraud.get_model_config("fraud")
    assert config["name"] == "fraud" and config["max_batch_size"] > 0
    assert config["platform"] == "onnxruntime_onnx" and config["backend"] == "onnxruntime"
    assert config["input"] == [{"name": "features", "data_type": "TYPE_FP32", "dims": [20]}]
    outputs = [(tensor["name"], tensor["data_type"], tensor["dims"]) for tensor in config["output"]]
    assert outputs == [(LABEL, "TYPE_INT64", [1]), (PROBABILITY, "TYPE_FP32", [2])]
    assert [tensor["name"] for tensor in fraud.get_model_config("fraud", "2")["output"]] == ["label", "probabilities"]


def test_log_settings(fraud: Any) -> None:
    before = fraud.get_log_settings()
    assert before["log_verbose_level"] == 0
    try:
        assert fraud.update_log_settings({"log_verbose_level": 1})["log_verbose_level"] == 1
        assert fraud.get_log_settings()["log_verbose_level"] == 1
    finally:
        assert fraud.update_log_settings({"log_verbose_level": 0}) == before


# === statistics ===


def counts(client: Any, version: str) -> dict[str, int]:
    (entry,) = client.get_inference_statistics("fraud", version)["model_stats"]
    assert (entry["name"], entry["version"]) == ("fraud", version)
    found = {name: entry["inference_stats"][name]["count"] for name in ("success", "fail", "queue", *STEPS)}
    return {**found, "inferences": entry["inference_count"], "executions": entry["execution_count"]}


def test_statistics_rise_by_what_was_inferred(kind: Any, folder: Path, samples: pd.DataFrame) -> None:
    with skeg.demo_of_one(folder) as server, kind(server.http) as client:
        # Both versions are there before anything was asked, with every field.
        first = {version: counts(client, version) for version in ("1", "2")}
        assert set(first["2"].values()) == {0}
        for _ in range(5):
            client.infer("fraud", [tensor("features", rows(samples))])
        last = counts(client, "1")
        risen = {name: last[name] - first["1"][name] for name in last}
        five = dict.fromkeys(["success", "queue", *STEPS, "executions"], 5)
        assert risen == {**five, "fail": 0, "inferences": 5 * COUNT}
        assert counts(client, "2") == first["2"]
        # What the request itself had wrong is nothing that the model failed at.
        with pytest.raises(InferenceServerException):
            client.infer("fraud", [tensor("features", rows(samples)[:, :19].copy())])
        assert counts(client, "1") == last


def test_times_of_statistics_add_up(fraud: Any, samples: pd.DataFrame) -> None:
    """perf_analyzer prints success - queue - compute as the server's overhead."""
    fraud.infer("fraud", [tensor("features", rows(samples))])
    (entry,) = fraud.get_inference_statistics("fraud", "1")["model_stats"]
    spent = {name: pair["ns"] for name, pair in entry["inference_stats"].items()}
    assert spent["compute_infer"] > 0
    assert spent["success"] >= spent["queue"] + sum(spent[step] for step in STEPS)
    assert entry["last_inference"] > 1_700_000_000_000, "milliseconds since 1970"
    assert spent["cache_hit"] == spent["cache_miss"] == 0


def test_statistics_of_all(fraud: Any, samples: pd.DataFrame) -> None:
    fraud.infer("fraud", [tensor("features", rows(samples))], model_version="2")
    entries = fraud.get_inference_statistics()["model_stats"]
    assert {(entry["name"], entry["version"]) for entry in entries} == {("fraud", "1"), ("fraud", "2")}


def test_a_version_that_is_no_number_has_one_in_statistics(others: Any) -> None:
    """perf_analyzer reads it with `std::stoll`; metadata keep its name."""
    (entry,) = others.get_inference_statistics("words")["model_stats"]
    assert int(entry["version"]) >= 1
    assert others.get_model_metadata("words")["versions"] == ["v3"]


# === repository ===


def test_index(fraud: Any) -> None:
    entries = fraud.get_model_repository_index()
    assert [(entry["name"], entry["version"], entry["state"]) for entry in entries] == \
        [("fraud", "1", "READY"), ("fraud", "2", "READY")]
    assert all(entry.get("reason", "") == "" for entry in entries)


def test_unload_and_load(kind: Any, folder: Path, samples: pd.DataFrame) -> None:
    inputs = [tensor("features", rows(samples))]
    with skeg.demo_of_one(folder) as server, kind(server.http) as client:
        client.unload_model("fraud")
        assert not client.is_model_ready("fraud")
        with pytest.raises(InferenceServerException, match="fraud") as caught:
            client.infer("fraud", inputs)
        assert caught.value.status() in ("400", "404", "503")
        assert {(entry["state"], entry["reason"]) for entry in client.get_model_repository_index()} == \
            {("UNAVAILABLE", "unloaded")}
        with server.client() as plain:
            assert plain.request("POST", "/v2/repository/index", {"ready": True}).json() == []
        # When the call is over, the model is there.
        client.load_model("fraud")
        assert client.is_model_ready("fraud")
        assert_scores(client.infer("fraud", inputs), samples)
        client.load_model("fraud")
        for call in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException, match="nobody"):
                call("nobody")


def test_a_model_in_a_request_is_refused(fraud: Any) -> None:
    """Models come from the registry; files and configurations of a client's own do not."""
    with pytest.raises(InferenceServerException, match="config"):
        fraud.load_model("fraud", config=json.dumps({"max_batch_size": 1}))


# === inference ===


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_infer(fraud: Any, samples: pd.DataFrame, binary_in: bool, binary_out: bool) -> None:
    inputs = [tensor("features", rows(samples), binary_in)]
    answer = fraud.infer("fraud", inputs, outputs=wanted(PROBABILITY, LABEL, binary=binary_out), request_id="a-1")
    assert_scores(answer, samples)
    response = answer.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == ("fraud", "1", "a-1")
    assert response["parameters"] == {"deployment": "green"}
    assert [output["name"] for output in response["outputs"]] == [PROBABILITY, LABEL]
    assert all(("data" in output) != binary_out for output in response["outputs"])


@pytest.mark.parametrize("binary_in", [True, False])
def test_outputs_that_nobody_names_are_all_there_and_binary(fraud: Any, samples: pd.DataFrame, binary_in: bool) -> None:
    answer = fraud.infer("fraud", [tensor("features", rows(samples), binary_in)])
    assert_scores(answer, samples)
    assert all("binary_data_size" in output["parameters"] for output in answer.get_response()["outputs"])


def test_some_outputs_binary(fraud: Any, samples: pd.DataFrame) -> None:
    outputs = wanted(LABEL, binary=False) + wanted(PROBABILITY, binary=True)
    answer = fraud.infer("fraud", [tensor("features", rows(samples))], outputs=outputs)
    assert_scores(answer, samples)
    assert "data" in answer.get_output(LABEL) and "data" not in answer.get_output(PROBABILITY)


def test_a_version_or_a_deployment_can_be_named(fraud: Any, samples: pd.DataFrame) -> None:
    inputs = [tensor("features", rows(samples))]
    second = fraud.infer("fraud", inputs, model_version="2")
    assert second.as_numpy("label").tolist() == samples["v2_label"][:COUNT].tolist()
    named = fraud.infer("fraud", inputs, headers={"azureml-model-deployment": "blue"})
    assert named.get_response()["parameters"] == {"deployment": "blue"}
    np.testing.assert_array_equal(named.as_numpy("probabilities"), second.as_numpy("probabilities"))


@pytest.mark.parametrize("to", [None, "gzip", "deflate"])
@pytest.mark.parametrize("back", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_compression(fraud: Any, samples: pd.DataFrame, to: str | None, back: str | None, binary: bool) -> None:
    answer = fraud.infer(
        "fraud", [tensor("features", rows(samples), binary)], outputs=wanted(LABEL, PROBABILITY, binary=binary),
        request_compression_algorithm=to, response_compression_algorithm=back,
    )
    assert_scores(answer, samples)


def test_parameters_priority_and_timeout(fraud: Any, samples: pd.DataFrame) -> None:
    answer = fraud.infer(
        "fraud", [tensor("features", rows(samples))], priority=1, timeout=60_000_000,
        parameters={"text": "word", "whole": 1, "part": 0.5, "flag": True},
    )
    assert_scores(answer, samples)


def test_many_at_once(green: skeg.Server, samples: pd.DataFrame) -> None:
    with triton.InferenceServerClient(green.http, concurrency=8) as client:
        asked = [client.async_infer("fraud", [tensor("features", rows(samples))], request_id=str(n)) for n in range(64)]
        for number, answer in enumerate(asked):
            result = answer.get_result()
            assert_scores(result, samples)
            assert result.get_response()["id"] == str(number)


TEXTS = np.array([["Zürich"], [""], ["a, \"b\"\n"], ["東京"]], dtype=object)


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_text(others: Any, binary_in: bool, binary_out: bool) -> None:
    numbers = np.arange(8, dtype=np.float32).reshape(4, 2)
    inputs = [tensor("numbers", numbers, not binary_in), tensor("city", TEXTS, binary_in)]
    answer = others.infer("words", inputs, outputs=wanted("same", "total", binary=binary_out))
    found = [text.decode() if isinstance(text, bytes) else text for text in answer.as_numpy("same").reshape(-1)]
    assert found == TEXTS.reshape(-1).tolist()
    assert answer.as_numpy("same").shape == (4, 1)
    np.testing.assert_allclose(answer.as_numpy("total"), numbers @ np.array([[1.5], [-2.0]], np.float32), rtol=1e-6)


def test_half_precision_is_widened_and_binary_only(others: Any) -> None:
    values = np.array([[0.5, -2, 30000], [np.nan, 1e-7, 3]], np.float16)
    wide = values.astype(np.float32)
    answer = others.infer("half", [tensor("x", values)])
    np.testing.assert_array_equal(answer.as_numpy("same"), wide)
    np.testing.assert_array_equal(answer.as_numpy("double"), wide + wide)
    with pytest.raises(InferenceServerException, match="FP16") as caught:
        others.infer("half", [tensor("x", values, binary=False)])
    assert caught.value.status() == "400"


def test_a_model_in_half_precision_scores_as_with_onnx_runtime(others: Any) -> None:
    values = np.random.default_rng(3).normal(size=(50, 3)).astype(np.float16)
    peer = onnxruntime.InferenceSession(small_models.halves().SerializeToString(), providers=["CPUExecutionProvider"])
    wanted_layer, wanted_shares = peer.run(["layer", "shares"], {"x": values})
    for sent in (values, values.astype(np.float32)):
        answer = others.infer("halves", [tensor("x", sent)])
        # A unit in the last place of FP16 is a thousandth.
        np.testing.assert_allclose(answer.as_numpy("layer"), wanted_layer.astype(np.float32), rtol=2e-3, atol=2e-3)
        np.testing.assert_allclose(answer.as_numpy("shares"), wanted_shares.astype(np.float32), rtol=2e-3, atol=2e-3)
    assert {tensor["datatype"] for tensor in others.get_model_metadata("halves")["inputs"]} == {"FP32"}


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(("most", "kept"), [(1, 1), (2, 2), (5, 2)])
def test_classification(fraud: Any, samples: pd.DataFrame, binary: bool, most: int, kept: int) -> None:
    outputs = wanted(PROBABILITY, binary=binary, class_count=most)
    answer = fraud.infer("fraud", [tensor("features", rows(samples))], outputs=outputs)
    found = answer.as_numpy(PROBABILITY)
    assert found.shape == (COUNT, kept)
    for row, texts in enumerate(found):
        parts = [(text.decode() if isinstance(text, bytes) else text).split(":") for text in texts]
        of_fraud = samples["v1_p"][row]
        best = [1, 0] if of_fraud > 0.5 else [0, 1]
        assert [int(place) for _, place, *_ in parts] == best[:kept]
        for value, place, *_ in parts:
            np.testing.assert_allclose(float(value), of_fraud if place == "1" else 1 - of_fraud, rtol=0, atol=1e-5)


# === refusals ===


def test_errors_have_a_status_and_name_the_culprit(fraud: Any, samples: pd.DataFrame) -> None:
    good = rows(samples)
    for inputs, more, status, culprit in [
        ([tensor("nobody", good)], {}, "400", "nobody"),
        ([tensor("features", good), tensor("features", good)], {}, "400", "features"),
        ([tensor("features", good[:, :19].copy())], {}, "400", "features"),
        ([tensor("features", np.nan_to_num(good).astype(np.int32))], {}, "400", "INT32"),
        ([tensor("features", good)], {"outputs": wanted("nobody", binary=True)}, "400", "nobody"),
        ([tensor("features", good)], {"model_version": "9"}, "404", "9"),
        ([tensor("features", good)], {"headers": {"azureml-model-deployment": "purple"}}, "404", "purple"),
    ]:
        with pytest.raises(InferenceServerException, match=culprit) as caught:
            fraud.infer("fraud", inputs, **more)
        assert caught.value.status() == status
    for ask in (fraud.get_model_metadata, fraud.get_model_config, fraud.get_inference_statistics):
        with pytest.raises(InferenceServerException, match="nobody") as caught:
            ask("nobody")
        assert caught.value.status() == "404"


def test_a_body_is_bounded_before_it_is_unpacked(folder: Path) -> None:
    """Half a gigabyte of blanks in two megabytes; the limit is on what comes out, and nothing beyond it is kept."""
    packer = zlib.compressobj(1)
    bomb = b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(512)), packer.flush()])
    assert len(bomb) < 4 << 20
    with skeg.serving(folder, "--body-limit", str(4 << 20)) as server, server.client() as client:
        reply = client.request("POST", "/v2/models/fraud/infer", bomb, {"Content-Encoding": "deflate"})
        assert reply.status == 413 and str(4 << 20) in reply.json()["error"], reply.body
        assert resident(server) < 256 << 20
