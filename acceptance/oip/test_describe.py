"""Health and metadata: what the server and its model say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from . import golden
from .model import DATATYPES, Model
from .target import Target, model_path

NOBODY = "no-such-model-Zq7"
HEALTH = {"live": "/v2/health/live", "ready": "/v2/health/ready"}


@pytest.mark.mandatory
@pytest.mark.parametrize("name", HEALTH)
def test_a_healthy_server_says_200(target: Target, name: str) -> None:
    assert target.get(HEALTH[name]).status == 200


@pytest.mark.usual
@pytest.mark.parametrize("name", HEALTH)
def test_health_has_a_body_that_says_so(target: Target, name: str) -> None:
    """The two texts of the protocol disagree; KServe's client reads the field, and Triton's only the status."""
    golden.check(target.get(HEALTH[name]).json(), name)


@pytest.mark.mandatory
def test_a_model_that_serves_is_ready(target: Target, model: Model) -> None:
    assert target.get(model_path(model.name, action="ready")).status == 200


@pytest.mark.usual
def test_a_ready_model_has_a_body_that_says_so(target: Target, model: Model) -> None:
    golden.check(target.get(model_path(model.name, action="ready")).json(), "model_ready", model=model.name)


@pytest.mark.mandatory
def test_the_server_describes_itself(target: Target) -> None:
    reply = target.get("/v2")
    assert reply.status == 200, reply
    golden.check(reply.json(), "server_metadata")


@pytest.mark.mandatory
def test_the_model_is_described(metadata: dict[str, Any], model: Model) -> None:
    golden.check(metadata, "model_metadata", model=model.name)
    for tensor in [*metadata["inputs"], *metadata["outputs"]]:
        assert tensor["datatype"] in DATATYPES
        assert all(size >= -1 for size in tensor["shape"]), tensor
    for key in ["inputs", "outputs"]:
        names = [tensor["name"] for tensor in metadata[key]]
        assert len(set(names)) == len(names), names


@pytest.mark.mandatory
def test_every_version_that_is_listed_is_there(target: Target, model: Model) -> None:
    for version in model.versions:
        reply = target.get(model_path(model.name, version))
        assert reply.status == 200, reply
        golden.check(reply.json(), "model_metadata", model=model.name)
        assert target.get(model_path(model.name, version, "ready")).status == 200


def nowhere(model: Model) -> dict[str, str]:
    """Paths of things that are not there."""
    return {
        "metadata": model_path(NOBODY),
        "ready": model_path(NOBODY, action="ready"),
        "version": model_path(model.name, "987654321"),
        "ready version": model_path(model.name, "987654321", "ready"),
    }


@pytest.mark.mandatory
@pytest.mark.parametrize("what", ["metadata", "ready", "version", "ready version"])
def test_what_is_not_there_is_refused(target: Target, model: Model, what: str) -> None:
    reply = target.get(nowhere(model)[what])
    assert reply.status >= 400, reply
    if "ready" not in what:
        golden.check(reply.json(), "error")


@pytest.mark.usual
@pytest.mark.parametrize("what", ["metadata", "ready", "version", "ready version"])
def test_what_is_not_there_is_404(target: Target, model: Model, what: str) -> None:
    reply = target.get(nowhere(model)[what])
    assert reply.status == 404, reply
    golden.check(reply.json(), "error")


@pytest.mark.usual
def test_another_path_is_404(target: Target) -> None:
    reply = target.get("/v2/no-such-route")
    assert reply.status == 404, reply
    golden.check(reply.json(), "error")


@pytest.mark.mandatory
def test_names_are_case_sensitive(target: Target, model: Model) -> None:
    other = model.name.swapcase()
    if other == model.name:
        pytest.skip("the model's name has no letters")
    assert 400 <= target.get(model_path(other)).status < 500
