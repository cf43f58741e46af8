"""Triton's own gRPC clients, the one that waits and the asynchronous one; health, reflection, limits and deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from fraud import COUNT, PROBABILITY
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from test_triton_http import STEPS, TEXTS, assert_scores, rows
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

import skeg
import small_models
import test_overload
from blocking import Blocking

SECONDS = 30
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
    with kind(green.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    with small_models.serving(tmp_path_factory.mktemp("small"), "words", "half") as server:
        yield server


@pytest.fixture
def others(kind: Any, small: skeg.Server) -> Iterator[Any]:
    with kind(small.grpc) as client:
        yield client


@pytest.fixture
def channel(green: skeg.Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(green.grpc) as channel:
        yield channel


def tensor(name: str, values: np.ndarray) -> triton.InferInput:
    datatype = {"float32": "FP32", "float16": "FP16", "int32": "INT32", "object": "BYTES"}[str(values.dtype)]
    return triton.InferInput(name, list(values.shape), datatype).set_data_from_numpy(values)


def wanted(*names: str, **more: Any) -> list[triton.InferRequestedOutput]:
    return [triton.InferRequestedOutput(name, **more) for name in names]


# === what the server says of itself ===


def test_health(fraud: Any) -> None:
    assert fraud.is_server_live() and fraud.is_server_ready()
    assert fraud.is_model_ready("fraud") and fraud.is_model_ready("fraud", "2")
    for name, version in [("nobody", ""), ("fraud", "9")]:
        assert fraud.is_model_ready(name, version) is False


def test_descriptions_are_those_of_http(fraud: Any, green: skeg.Server) -> None:
    with green.client() as plain:
        assert fraud.get_server_metadata(as_json=True) == plain.get("/v2").json()
        model, theirs = fraud.get_model_metadata("fraud"), plain.get("/v2/models/fraud").json()
        said = {"name": model.name, "versions": list(model.versions), "platform": model.platform}
        assert said == {key: theirs[key] for key in said}
        for ours, other in zip([*model.inputs, *model.outputs], theirs["inputs"] + theirs["outputs"], strict=True):
            assert (ours.name, ours.datatype, list(ours.shape)) == (other["name"], other["datatype"], other["shape"])
        config, theirs = fraud.get_model_config("fraud").config, plain.get("/v2/models/fraud/config").json()
        assert (config.name, config.max_batch_size) == (theirs["name"], theirs["max_batch_size"])
        assert (config.platform, config.backend) == (theirs["platform"], theirs["backend"])
        types = type(config.input[0]).DESCRIPTOR.fields_by_name["data_type"].enum_type.values_by_number
        for ours, other in zip([*config.input, *config.output], theirs["input"] + theirs["output"], strict=True):
            found = {"name": ours.name, "data_type": types[ours.data_type].name, "dims": list(ours.dims)}
            assert found == {key: other[key] for key in found}


def test_statistics(kind: Any, folder: Path, samples: pd.DataFrame) -> None:
    with skeg.demo_of_one(folder) as server, kind(server.grpc) as client:
        for _ in range(5):
            client.infer("fraud", [tensor("features", rows(samples))])
        found = {one.version: one for one in client.get_inference_statistics("fraud").model_stats}
        first, second = found["1"], found["2"]
        assert (first.inference_count, first.execution_count) == (5 * COUNT, 5)
        stats = first.inference_stats
        for name in ("success", "queue", *STEPS):
            assert getattr(stats, name).count == 5, name
        assert stats.success.ns >= stats.queue.ns + sum(getattr(stats, step).ns for step in STEPS)
        # A field of zeros is there all the same: readers of the C++ client ask for it.
        assert all(stats.HasField(name) for name in ("fail", "cache_hit", "cache_miss"))
        assert second.inference_count == 0 and second.HasField("inference_stats")
        with server.client() as plain:
            (entry,) = plain.get("/v2/models/fraud/versions/1/stats").json()["model_stats"]
        assert entry["inference_count"] == 5 * COUNT, "both protocols count in one place"
        everything = client.get_inference_statistics(as_json=True)["model_stats"]
        assert {(one["name"], one["version"]) for one in everything} == {("fraud", "1"), ("fraud", "2")}


def test_index_unload_and_load(kind: Any, folder: Path, samples: pd.DataFrame) -> None:
    with skeg.demo_of_one(folder) as server, kind(server.grpc) as client:
        index = client.get_model_repository_index().models
        assert [(one.name, one.version, one.state) for one in index] == [("fraud", "1", "READY"), ("fraud", "2", "READY")]
        client.unload_model("fraud")
        with pytest.raises(InferenceServerException, match="fraud"):
            client.infer("fraud", [tensor("features", rows(samples))])
        index = client.get_model_repository_index().models
        assert {(one.state, one.reason) for one in index} == {("UNAVAILABLE", "unloaded")}
        client.load_model("fraud")
        assert_scores(client.infer("fraud", [tensor("features", rows(samples))]), samples)
        with pytest.raises(InferenceServerException, match="nobody"):
            client.load_model("nobody")
        with pytest.raises(InferenceServerException, match="config"):
            client.load_model("fraud", config="{}")


def test_kserves_load_has_the_name_in_another_field(green: skeg.Server) -> None:
    """In KServe's message field 1 is the model; in Triton's it is the repository."""
    with grpc.insecure_channel(green.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.RepositoryModelLoad(service_pb2.RepositoryModelLoadRequest(repository_name="fraud"), timeout=SECONDS)
        with pytest.raises(grpc.RpcError) as caught:
            stub.RepositoryModelLoad(service_pb2.RepositoryModelLoadRequest(repository_name="nobody"), timeout=SECONDS)
        assert "nobody" in caught.value.details()


def test_log_settings(fraud: Any) -> None:
    before = fraud.get_log_settings(as_json=True)["settings"]
    try:
        changed = fraud.update_log_settings({"log_verbose_level": 1})
        assert changed.settings["log_verbose_level"].uint32_param == 1
    finally:
        fraud.update_log_settings({"log_verbose_level": 0})
    assert fraud.get_log_settings(as_json=True)["settings"] == before


# === inference ===


def test_infer(fraud: Any, samples: pd.DataFrame) -> None:
    inputs = [tensor("features", rows(samples))]
    answer = fraud.infer("fraud", inputs, request_id="a-1", priority=1, timeout=60_000_000,
                         parameters={"text": "word", "whole": 1, "part": 0.5, "flag": True})
    assert_scores(answer, samples)
    response = answer.get_response()
    assert (response.model_name, response.model_version, response.id) == ("fraud", "1", "a-1")
    assert response.parameters["deployment"].string_param == "green"
    assert len(response.raw_output_contents) == 2
    named = fraud.infer("fraud", inputs, outputs=wanted(PROBABILITY))
    assert [output.name for output in named.get_response().outputs] == [PROBABILITY]


def test_a_version_or_a_deployment_can_be_named(fraud: Any, samples: pd.DataFrame) -> None:
    inputs = [tensor("features", rows(samples))]
    second = fraud.infer("fraud", inputs, model_version="2")
    assert second.as_numpy("label").tolist() == samples["v2_label"][:COUNT].tolist()
    named = fraud.infer("fraud", inputs, headers={"azureml-model-deployment": "blue"})
    assert named.get_response().parameters["deployment"].string_param == "blue"
    np.testing.assert_array_equal(named.as_numpy("probabilities"), second.as_numpy("probabilities"))


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression(fraud: Any, samples: pd.DataFrame, algorithm: str) -> None:
    answer = fraud.infer("fraud", [tensor("features", rows(samples))], compression_algorithm=algorithm)
    assert_scores(answer, samples)


def test_text(others: Any) -> None:
    numbers = np.arange(8, dtype=np.float32).reshape(4, 2)
    answer = others.infer("words", [tensor("numbers", numbers), tensor("city", TEXTS)])
    assert [text.decode() for text in answer.as_numpy("same").reshape(-1)] == TEXTS.reshape(-1).tolist()
    np.testing.assert_allclose(answer.as_numpy("total"), numbers @ np.array([[1.5], [-2.0]], np.float32), rtol=1e-6)


def test_half_precision(others: Any) -> None:
    values = np.array([[0.5, -2, 30000], [np.nan, 1e-7, 3]], np.float16)
    wide = values.astype(np.float32)
    answer = others.infer("half", [tensor("x", values)])
    np.testing.assert_array_equal(answer.as_numpy("same"), wide)
    np.testing.assert_array_equal(answer.as_numpy("double"), wide + wide)


@pytest.mark.parametrize(("most", "kept"), [(1, 1), (2, 2), (5, 2)])
def test_classification(fraud: Any, samples: pd.DataFrame, most: int, kept: int) -> None:
    answer = fraud.infer("fraud", [tensor("features", rows(samples))], outputs=wanted(PROBABILITY, class_count=most))
    found = answer.as_numpy(PROBABILITY)
    assert found.shape == (COUNT, kept)
    for row, texts in enumerate(found):
        value, place = texts[0].decode().split(":")[:2]
        of_fraud = samples["v1_p"][row]
        assert int(place) == int(of_fraud > 0.5)
        np.testing.assert_allclose(float(value), max(of_fraud, 1 - of_fraud), rtol=0, atol=1e-5)


def test_many_at_once(green: skeg.Server, samples: pd.DataFrame) -> None:
    found: dict[str, Any] = {}
    with triton.InferenceServerClient(green.grpc) as client:
        for number in range(64):
            def done(result: Any, error: Any, name: str = str(number)) -> None:
                found[name] = error or result

            client.async_infer("fraud", [tensor("features", rows(samples))], done, request_id=str(number))
        skeg.until("all answers", lambda: len(found) == 64)
    for name, result in found.items():
        assert_scores(result, samples)
        assert result.get_response().id == name


# === refusals ===


def test_errors_have_a_status_and_name_the_culprit(fraud: Any, samples: pd.DataFrame) -> None:
    good = rows(samples)
    for inputs, more, status, culprit in [
        ([tensor("nobody", good)], {}, "INVALID_ARGUMENT", "nobody"),
        ([tensor("features", good), tensor("features", good)], {}, "INVALID_ARGUMENT", "features"),
        ([tensor("features", good[:, :19].copy())], {}, "INVALID_ARGUMENT", "features"),
        ([tensor("features", np.nan_to_num(good).astype(np.int32))], {}, "INVALID_ARGUMENT", "INT32"),
        ([tensor("features", good)], {"outputs": wanted("nobody")}, "INVALID_ARGUMENT", "nobody"),
        ([tensor("features", good)], {"model_version": "9"}, "NOT_FOUND", "9"),
        ([tensor("features", good)], {"headers": {"azureml-model-deployment": "purple"}}, "NOT_FOUND", "purple"),
    ]:
        with pytest.raises(InferenceServerException, match=culprit) as caught:
            fraud.infer("fraud", inputs, **more)
        assert caught.value.status() == f"StatusCode.{status}"
    for ask in (fraud.get_model_metadata, fraud.get_model_config, fraud.get_inference_statistics):
        with pytest.raises(InferenceServerException, match="nobody") as caught:
            ask("nobody")
        assert caught.value.status() == "StatusCode.NOT_FOUND"


def test_a_message_over_the_limit_is_refused(folder: Path, samples: pd.DataFrame) -> None:
    large = samples[skeg.FEATURES].to_numpy(np.float32)[:1000]
    with skeg.serving(folder, "--body-limit", "65536") as server, triton.InferenceServerClient(server.grpc) as client:
        with pytest.raises(InferenceServerException) as caught:
            client.infer("fraud", [tensor("features", large)])
        # tonic says OUT_OF_RANGE where gRPC's own libraries say RESOURCE_EXHAUSTED.
        assert caught.value.status() in ("StatusCode.RESOURCE_EXHAUSTED", "StatusCode.OUT_OF_RANGE")
        client.infer("fraud", [tensor("features", large[:100])])


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_overload.slow_store(tmp_path_factory.mktemp("slow"))


def test_a_deadline_is_kept_and_gives_the_place_back(folder: Path, slow: Path) -> None:
    """The client gives up by itself; that the server does shows in its places."""
    values = np.full((1024, test_overload.WIDTH), 0.5, np.float32)
    options = [("grpc.max_send_message_length", -1)]
    with test_overload.serve(folder, slow, max_concurrent=1, queue=8) as server:
        with triton.InferenceServerClient(server.grpc, channel_args=options) as client:
            for _ in range(4):
                with pytest.raises(InferenceServerException) as caught:
                    client.infer("slow", [tensor("x", values)], client_timeout=0.1)
                assert caught.value.status() == "StatusCode.DEADLINE_EXCEEDED"
            for held in ("skeg_queue_depth", "skeg_admitted"):
                skeg.until("all places are free", lambda held=held: skeg.value(server, held) == 0)
            client.infer("slow", [tensor("x", values[:1])], client_timeout=SECONDS)


def test_too_many_are_refused(folder: Path, slow: Path) -> None:
    values = np.full((64, test_overload.WIDTH), 0.5, np.float32)
    with test_overload.serve(folder, slow, max_concurrent=1, queue=0) as server:
        with triton.InferenceServerClient(server.grpc) as client:
            said: list[str] = []

            def done(result: Any, error: Any) -> None:  # The client calls it by these names.
                said.append(error.status() if error else "OK")

            for _ in range(32):
                client.async_infer("slow", [tensor("x", values)], done)
            skeg.until("all answers", lambda: len(said) == 32)
    assert set(said) == {"OK", "StatusCode.RESOURCE_EXHAUSTED"}


# === gRPC's own services ===


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_health_service(channel: grpc.Channel, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert next(iter(stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS))).status == answer.status
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=SECONDS)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(database.get_services()) >= {"inference.GRPCInferenceService", "grpc.health.v1.Health"}
    service = DescriptorPool(database).FindServiceByName("inference.GRPCInferenceService")
    methods = {method.name for method in service.methods}
    assert methods >= {"ModelInfer", "ModelConfig", "ModelStatistics", "RepositoryIndex", "LogSettings"}
    fields = service.methods_by_name["ModelInfer"].input_type.fields_by_name
    assert {name: field.number for name, field in fields.items()} == {
        "model_name": 1, "model_version": 2, "id": 3, "parameters": 4, "inputs": 5, "outputs": 6, "raw_input_contents": 7,
    }
