"""Inference over HTTP: what is asked, in every form that the text allows, is answered."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from . import golden
from .model import Model, flattened, from_json, same
from .target import Reply, Target, model_path

Infer = Callable[..., Reply]


def answered(reply: Reply, model: Model) -> list[dict[str, Any]]:
    """The outputs of an answer that is as the protocol says."""
    assert reply.status == 200, reply
    body = reply.json()
    golden.check(body, "infer_response", model=model.name)
    for output in body["outputs"]:
        assert len(flattened(output["data"])) == math.prod(output["shape"]), output
    return body["outputs"]


def nested(flat: list[Any], shape: list[int]) -> list[Any]:
    """The same data as lists of lists."""
    for size in reversed(shape[1:]):
        flat = [flat[at : at + size] for at in range(0, len(flat), size)]
    return flat


def assert_same(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    assert [output["name"] for output in first] == [output["name"] for output in second]
    for ours, theirs in zip(first, second, strict=True):
        same(from_json(ours), from_json(theirs))


@pytest.mark.mandatory
def test_a_request_is_answered_with_all_outputs(infer: Infer, model: Model) -> None:
    reply = infer({"inputs": model.tensors()})
    outputs = answered(reply, model)
    assert {output["name"] for output in outputs} == {spec.name for spec in model.outputs}
    datatypes = {spec.name: spec.datatype for spec in model.outputs}
    for output in outputs:
        assert output["datatype"] == datatypes[output["name"]]
    assert reply.headers["content-type"].split(";")[0] == "application/json"


@pytest.mark.mandatory
def test_an_id_comes_back(infer: Infer, model: Model) -> None:
    reply = infer(golden.fill("infer_request", id="a-Ä-1", inputs=model.tensors()))
    answered(reply, model)
    assert reply.json()["id"] == "a-Ä-1"


@pytest.mark.mandatory
def test_data_may_be_flat_or_nested(infer: Infer, model: Model) -> None:
    flat = model.tensors(2 if model.batches else 1)
    deep = [{**tensor, "data": nested(tensor["data"], tensor["shape"])} for tensor in flat]
    assert_same(answered(infer({"inputs": flat}), model), answered(infer({"inputs": deep}), model))


@pytest.mark.mandatory
def test_inputs_may_come_in_any_order(infer: Infer, model: Model) -> None:
    tensors = model.tensors()
    assert_same(answered(infer({"inputs": tensors}), model), answered(infer({"inputs": tensors[::-1]}), model))


@pytest.mark.mandatory
def test_a_batch_is_answered_as_its_rows_are(infer: Infer, model: Model) -> None:
    if not model.batches:
        pytest.skip("the model's first dimension is fixed")
    whole = answered(infer({"inputs": model.tensors(3)}), model)
    for row in range(3):
        values = {spec.name: spec.values(3)[row : row + 1] for spec in model.inputs}
        tensors = [{"name": spec.name, "datatype": spec.datatype, "shape": list(values[spec.name].shape),
                    "data": values[spec.name].reshape(-1).tolist()} for spec in model.inputs]
        for one, all_ in zip(answered(infer({"inputs": tensors}), model), whole, strict=True):
            same(from_json(one), from_json(all_)[row : row + 1])


@pytest.mark.mandatory
def test_only_the_outputs_asked_for_are_answered(infer: Infer, model: Model) -> None:
    for spec in model.outputs:
        outputs = answered(infer({"inputs": model.tensors(), "outputs": [{"name": spec.name}]}), model)
        assert [output["name"] for output in outputs] == [spec.name]


@pytest.mark.usual
def test_outputs_come_in_the_order_asked_for(infer: Infer, model: Model) -> None:
    names = [spec.name for spec in model.outputs][::-1]
    outputs = answered(infer({"inputs": model.tensors(), "outputs": [{"name": name} for name in names]}), model)
    assert [output["name"] for output in outputs] == names


@pytest.mark.mandatory
def test_parameters_may_stand_at_every_place(infer: Infer, model: Model) -> None:
    parameters = {"text": "word", "whole": 1, "part": 0.5, "flag": True}
    request = {
        "parameters": parameters,
        "inputs": [{**tensor, "parameters": parameters} for tensor in model.tensors()],
        "outputs": [{"name": spec.name, "parameters": parameters} for spec in model.outputs],
    }
    assert_same(answered(infer(request), model), answered(infer({"inputs": model.tensors()}), model))


@pytest.mark.usual
def test_fields_that_nobody_knows_are_passed_over(infer: Infer, model: Model) -> None:
    inputs = [{**tensor, "unknown_field": [None, {}]} for tensor in model.tensors()]
    outputs = [{"name": spec.name} for spec in model.outputs]
    request = golden.fill("infer_request_everything", id="all", inputs=inputs, outputs=outputs)
    assert_same(answered(infer(request), model), answered(infer({"inputs": model.tensors()}), model))


@pytest.mark.usual
@pytest.mark.parametrize("content_type", [None, "application/octet-stream"])
def test_json_needs_no_content_type(infer: Infer, model: Model, content_type: str | None) -> None:
    """Triton's Python clients send none, and the asynchronous one that of bytes."""
    body = golden.fill("infer_request", id="plain", inputs=model.tensors())
    answered(infer(body, {"Content-Type": content_type}), model)


@pytest.mark.mandatory
def test_a_version_in_the_path_is_the_one_that_answers(infer: Infer, model: Model) -> None:
    if not model.versions:
        pytest.skip("the model has no versions")
    for version in model.versions:
        reply = infer({"inputs": model.tensors()}, version=version)
        assert reply.status == 200, reply
        assert reply.json()["model_version"] == version


@pytest.mark.usual
def test_what_is_not_there_is_left_out(infer: Infer, model: Model, metadata: dict[str, Any]) -> None:
    """The grammar of the text has no `null` but in data."""
    body = infer({"inputs": model.tensors()}).json()
    for part in [body, metadata, *body["outputs"]]:
        assert None not in part.values(), part


@pytest.mark.usual
def test_json_outputs_have_no_parameters(infer: Infer, model: Model) -> None:
    """Triton's C++ client takes a `parameters` object for the mark of binary data."""
    assert all("parameters" not in output for output in answered(infer({"inputs": model.tensors()}), model))


def with_first(model: Model, place: int, token: str) -> bytes:
    """The request as JSON text whose tensor at `place` has the token as its first value."""
    tensors = model.tensors()
    tensors[place]["data"][0] = "@"
    return json.dumps({"inputs": tensors}).replace('"@"', token, 1).encode()


@pytest.mark.usual
@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_read(infer: Infer, model: Model, token: str) -> None:
    """As Triton does; the model must be one that takes missing values."""
    place = model.first("FP32", "FP64")
    if place is None:
        pytest.skip("no input takes FP32 or FP64")
    # `answered` reads strict JSON: whatever comes out, no such token does.
    answered(infer(with_first(model, place, token)), model)


@pytest.mark.usual
def test_null_is_nan(infer: Infer, model: Model) -> None:
    place = model.first("FP32", "FP64")
    if place is None:
        pytest.skip("no input takes FP32 or FP64")
    null, nan = infer(with_first(model, place, "null")), infer(with_first(model, place, "NaN"))
    assert_same(answered(null, model), answered(nan, model))


@pytest.mark.usual
def test_a_model_that_is_not_there_is_404(target: Target, model: Model) -> None:
    reply = target.post(model_path("no-such-model-Zq7", action="infer"), {"inputs": model.tensors()})
    assert reply.status == 404, reply
    golden.check(reply.json(), "error")


@pytest.mark.usual
def test_a_version_that_is_not_there_is_404(infer: Infer, model: Model) -> None:
    reply = infer({"inputs": model.tensors()}, version="987654321")
    assert reply.status == 404, reply
    golden.check(reply.json(), "error")
