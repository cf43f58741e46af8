"""Triton's other extensions, each asked of a server that announces it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from . import golden
from .model import Model, Spec, flattened, from_json, from_raw
from .target import Reply, Target, model_path

Infer = Callable[..., Reply]
NOBODY = "no-such-model-Zq7"
STEPS = ("compute_input", "compute_infer", "compute_output")


def refused(reply: Reply) -> None:
    assert 400 <= reply.status < 500, reply
    golden.check(reply.json(), "error")


# === statistics ===


def stats(target: Target, path: str) -> list[dict[str, Any]]:
    reply = target.get(path)
    assert reply.status == 200, reply
    golden.check(reply.json(), "stats")
    return reply.json()["model_stats"]


def summed(target: Target, model: Model) -> dict[str, int]:
    """The counts over all versions, so that it does not matter which of them answers."""
    entries = stats(target, model_path(model.name, action="stats"))
    counts = {key: sum(entry[key] for entry in entries) for key in ("inference_count", "execution_count")}
    for step in ("success", "queue", *STEPS):
        counts[step] = sum(entry["inference_stats"][step]["count"] for entry in entries)
    return counts


@pytest.mark.extension("statistics")
def test_statistics_have_all_that_perf_analyzer_reads(target: Target, infer: Infer, model: Model) -> None:
    assert infer({"inputs": model.tensors()}).status == 200
    entries = stats(target, model_path(model.name, action="stats"))
    assert entries
    for entry in entries:
        assert entry["name"] == model.name
        int(entry["version"])
        counts = entry["inference_stats"]
        assert len({counts[step]["count"] for step in STEPS}) == 1, counts
        assert all(value >= 0 for pair in counts.values() for value in pair.values()), counts


@pytest.mark.extension("statistics")
@pytest.mark.parametrize("rows", [1, 3])
def test_statistics_rise_by_what_was_inferred(target: Target, infer: Infer, model: Model, rows: int) -> None:
    """Nobody else may ask the server meanwhile."""
    if rows > 1 and not model.batches:
        pytest.skip("the model's first dimension is fixed")
    before = summed(target, model)
    for _ in range(5):
        assert infer({"inputs": model.tensors(rows)}).status == 200
    after = summed(target, model)
    risen = {key: after[key] - before[key] for key in after}
    assert risen == {key: 5 * rows if key == "inference_count" else 5 for key in after}


@pytest.mark.extension("statistics")
def test_statistics_of_all_models_and_of_one_version(target: Target, model: Model) -> None:
    everything = {(entry["name"], entry["version"]) for entry in stats(target, "/v2/models/stats")}
    of_model = {(entry["name"], entry["version"]) for entry in stats(target, model_path(model.name, action="stats"))}
    assert of_model <= everything
    for version in model.versions:
        (entry,) = stats(target, model_path(model.name, version, "stats"))
        assert entry["name"] == model.name


@pytest.mark.extension("statistics")
def test_statistics_of_nobody_are_refused(target: Target) -> None:
    refused(target.get(model_path(NOBODY, action="stats")))


# === model_configuration ===


@pytest.mark.extension("model_configuration")
def test_the_configuration_agrees_with_the_metadata(target: Target, model: Model) -> None:
    for version in ["", *model.versions]:
        reply = target.get(model_path(model.name, version, "config"))
        assert reply.status == 200, reply
        config = reply.json()
        golden.check(config, "config", model=model.name)
        specs = model.inputs if not version else \
            Model.read(model.name, target.get(model_path(model.name, version)).json()).inputs
        assert [tensor["name"] for tensor in config["input"]] == [spec.name for spec in specs]
        for tensor, spec in zip(config["input"], specs, strict=True):
            assert tensor["data_type"] == f"TYPE_{'STRING' if spec.datatype == 'BYTES' else spec.datatype}"
            assert tensor["dims"] == without_batch(spec, config["max_batch_size"])


def without_batch(spec: Spec, max_batch_size: int) -> list[int]:
    """A model that batches has the first dimension in its metadata and not in its configuration."""
    if max_batch_size <= 0:
        return list(spec.shape)
    assert spec.shape[0] == -1, "max_batch_size is for models whose first dimension is free"
    return list(spec.shape[1:])


@pytest.mark.extension("model_configuration")
def test_what_perf_analyzer_reads_of_a_configuration_has_its_type(target: Target, model: Model) -> None:
    config = target.get(model_path(model.name, action="config")).json()
    for section, field in [("model_transaction_policy", "decoupled"), ("response_cache", "enable")]:
        if section in config:
            assert isinstance(config[section][field], bool)


@pytest.mark.extension("model_configuration")
def test_the_configuration_of_nobody_is_refused(target: Target) -> None:
    refused(target.get(model_path(NOBODY, action="config")))


# === model_repository ===


def index(target: Target, body: Any) -> list[dict[str, Any]]:
    reply = target.post("/v2/repository/index", body)
    assert reply.status == 200, reply
    golden.check(reply.json(), "repository_index")
    return reply.json()


@pytest.mark.extension("model_repository")
@pytest.mark.parametrize("body", [b"", {}, {"ready": True}, {"ready": False}])
def test_the_index_has_the_model(target: Target, model: Model, body: Any) -> None:
    """Triton's Python client sends no body at all."""
    entries = [entry for entry in index(target, body) if entry["name"] == model.name]
    assert "READY" in {entry.get("state") for entry in entries}, entries


@pytest.mark.extension("model_repository")
def test_the_index_of_what_is_ready_has_nothing_else(target: Target) -> None:
    assert {entry.get("state", "READY") for entry in index(target, {"ready": True})} == {"READY"}


@pytest.mark.extension("model_repository")
def test_a_model_of_nobody_cannot_be_loaded(target: Target) -> None:
    refused(target.post(f"/v2/repository/models/{NOBODY}/load", {}))


# === parameters, schedule_policy ===


@pytest.mark.extension("parameters")
def test_parameters_of_ones_own_are_taken(infer: Infer, model: Model) -> None:
    parameters = {"text": "word", "whole": 1, "part": 0.5, "flag": False}
    assert infer({"inputs": model.tensors(), "parameters": parameters}).status == 200


@pytest.mark.extension("schedule_policy")
@pytest.mark.parametrize("parameters", [{"priority": 0}, {"priority": 1}, {"timeout": 60_000_000},
                                        {"priority": 2, "timeout": 60_000_000}])
def test_a_priority_and_a_timeout_are_taken(infer: Infer, model: Model, parameters: dict[str, Any]) -> None:
    reply = infer({"inputs": model.tensors(), "parameters": parameters})
    assert reply.status == 200, reply


@pytest.mark.extension("schedule_policy")
@pytest.mark.parametrize("parameters", [{"timeout": "soon"}, {"timeout": -1}, {"priority": "high"}, {"priority": -1}])
def test_what_is_no_priority_and_no_timeout_is_refused(
    infer: Infer, model: Model, parameters: dict[str, Any]
) -> None:
    refused(infer({"inputs": model.tensors(), "parameters": parameters}))


# === classification ===


def scores(model: Model) -> Spec:
    """An output of a score for each of some classes."""
    for spec in model.outputs:
        if spec.datatype in ("FP32", "FP64") and len(spec.shape) == 2:
            return spec
    pytest.skip("no output is a matrix of floats")


@pytest.mark.extension("classification")
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("most", [1, 1000])
def test_the_best_classes_of_an_output(infer: Infer, model: Model, most: int, binary: bool) -> None:
    rows = 3 if model.batches else 1
    spec = scores(model)
    plain = infer({"inputs": model.tensors(rows), "outputs": [{"name": spec.name}]})
    values = from_json(plain.json()["outputs"][0])
    wanted = {"name": spec.name, "parameters": {"classification": most, "binary_data": binary}}
    reply = infer({"inputs": model.tensors(rows), "outputs": [wanted]})
    output, texts = classes(reply)
    kept = min(most, values.shape[1])
    assert (output["datatype"], output["shape"]) == ("BYTES", [rows, kept])
    for row in range(rows):
        found = [text.split(":") for text in texts[row * kept : (row + 1) * kept]]
        best = sorted(values[row].tolist(), reverse=True)[:kept]
        for (value, place, *_), score in zip(found, best, strict=True):
            assert math.isclose(float(value), score, rel_tol=1e-4, abs_tol=1e-5)
            assert math.isclose(float(values[row][int(place)]), score, rel_tol=1e-4, abs_tol=1e-5)
        assert len({place for _, place, *_ in found}) == kept


def classes(reply: Reply) -> tuple[dict[str, Any], list[str]]:
    """The output and its texts, from JSON or from bytes."""
    assert reply.status == 200, reply
    if "inference-header-content-length" not in reply.headers:
        output = reply.json()["outputs"][0]
        return output, flattened(output["data"])
    size = int(reply.headers["inference-header-content-length"])
    output = json.loads(reply.body[:size])["outputs"][0]
    return output, [text.decode() for text in from_raw(reply.body[size:], "BYTES", output["shape"]).reshape(-1)]


@pytest.mark.extension("classification")
@pytest.mark.parametrize("most", [0, -1, "one", 1.5])
def test_a_number_of_classes_that_is_none_is_refused(infer: Infer, model: Model, most: Any) -> None:
    wanted = {"name": scores(model).name, "parameters": {"classification": most}}
    refused(infer({"inputs": model.tensors(), "outputs": [wanted]}))


# === logging ===


@pytest.mark.extension("logging")
def test_the_log_settings_can_be_read_and_written_back(target: Target) -> None:
    reply = target.get("/v2/logging")
    assert reply.status == 200 and isinstance(reply.json(), dict), reply
    written = target.post("/v2/logging", reply.json())
    assert written.status == 200, written
    assert written.json() == reply.json() == target.get("/v2/logging").json()


@pytest.mark.extension("logging")
def test_a_log_setting_that_is_none_is_refused(target: Target) -> None:
    refused(target.post("/v2/logging", {"no_such_setting": True}))


@pytest.mark.extension("logging")
def test_how_much_is_logged_can_be_changed(target: Target) -> None:
    before = target.get("/v2/logging").json()
    try:
        changed = target.post("/v2/logging", {"log_verbose_level": 1})
        assert changed.status == 200 and changed.json()["log_verbose_level"] == 1, changed
        assert target.get("/v2/logging").json()["log_verbose_level"] == 1
    finally:
        assert target.post("/v2/logging", {"log_verbose_level": before["log_verbose_level"]}).json() == before
