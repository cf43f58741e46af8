"""What cannot be inferred is refused with a status and a JSON error, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from . import golden
from .model import Model
from .target import Reply, Target, model_path


def changed(model: Model, **fields: Any) -> dict[str, Any]:
    """The request with fields of its first input replaced; `None` removes one."""
    tensors = model.tensors()
    first = {**tensors[0], **fields}
    return {"inputs": [{key: value for key, value in first.items() if value is not None}, *tensors[1:]]}


def longer(model: Model) -> dict[str, Any]:
    """One value more than the shape holds."""
    data = model.tensors()[0]["data"]
    return changed(model, data=[*data, data[0]])


def bigger(model: Model) -> dict[str, Any]:
    """A shape that holds one row more than the data."""
    shape = model.tensors()[0]["shape"]
    return changed(model, shape=[shape[0] + 1, *shape[1:]])


def other_datatype(model: Model) -> dict[str, Any]:
    return changed(model, datatype="INT8" if model.inputs[0].datatype == "BYTES" else "BYTES")


def other_kind(model: Model) -> dict[str, Any]:
    """Text for numbers, or objects for text."""
    value: Any = {} if model.inputs[0].datatype == "BYTES" else "a word"
    return changed(model, data=[value] * len(model.tensors()[0]["data"]))


# What the text of the protocol itself rules out.
MANDATORY: dict[str, Callable[[Model], Any]] = {
    "nothing": lambda _: b"",
    "no JSON": lambda _: b'{"inputs": [',
    "no text": lambda _: b"\xff\xfe\x00",
    "a list": lambda model: model.tensors(),
    "no inputs": lambda _: {"id": "x"},
    "inputs that are no list": lambda model: {"inputs": model.tensors()[0]},
    "an input without a name": lambda model: changed(model, name=None),
    "an input without a datatype": lambda model: changed(model, datatype=None),
    "an input without a shape": lambda model: changed(model, shape=None),
    "an input without data": lambda model: changed(model, data=None),
    "a datatype that is none": lambda model: changed(model, datatype="FP31"),
    "a shape that is no list": lambda model: changed(model, shape="1"),
    "fewer data than the shape holds": bigger,
    "more data than the shape holds": longer,
    "data of another kind": other_kind,
}
# What it leaves open, and serving systems refuse.
USUAL: dict[str, Callable[[Model], Any]] = {
    "an empty list of inputs": lambda _: {"inputs": []},
    "an input that is missing": lambda model: {"inputs": model.tensors()[1:]},
    "an input of another name": lambda model: changed(model, name="no_such_input"),
    "an input too many": lambda model: {"inputs": [*model.tensors(), {**model.tensors()[0], "name": "no_such_input"}]},
    "an input that is there twice": lambda model: {"inputs": [*model.tensors(), model.tensors()[0]]},
    "a datatype in small letters": lambda model: changed(model, datatype=model.inputs[0].datatype.lower()),
    "another datatype": other_datatype,
    "a dimension below zero": lambda model: changed(model, shape=[-size for size in model.tensors()[0]["shape"]]),
    "a dimension that is no whole number": lambda model: changed(model, shape=[0.5, *model.tensors()[0]["shape"][1:]]),
    "a shape beyond all bounds": lambda model: changed(model, shape=[2**62, 2**62, *model.tensors()[0]["shape"][1:]]),
    "an output that is not there": lambda model: {"inputs": model.tensors(), "outputs": [{"name": "no_such_output"}]},
    "a hundred thousand open brackets": lambda _: b'{"inputs":' + b"[" * 100_000,
}
# A size that is too large may have a status of its own.
SIZES = {"a shape beyond all bounds", "a hundred thousand open brackets"}


@pytest.mark.mandatory
@pytest.mark.parametrize("case", MANDATORY)
def test_is_refused_with_an_error(infer: Callable[..., Reply], model: Model, case: str) -> None:
    reply = infer(MANDATORY[case](model))
    assert reply.status >= 400, reply
    golden.check(reply.json(), "error")


@pytest.mark.usual
@pytest.mark.parametrize("case", [*MANDATORY, *USUAL])
def test_is_a_400(infer: Callable[..., Reply], model: Model, case: str) -> None:
    reply = infer((MANDATORY | USUAL)[case](model))
    assert reply.status in ((400, 413) if case in SIZES else (400,)), reply
    golden.check(reply.json(), "error")
    assert reply.headers["content-type"] == "application/json", "KServe's client reads no error of another type"


@pytest.mark.mandatory
def test_the_server_is_well_afterwards(infer: Callable[..., Reply], model: Model) -> None:
    for case in MANDATORY.values():
        infer(case(model))
    assert infer({"inputs": model.tensors()}).status == 200


@pytest.mark.mandatory
def test_another_method_is_refused(target: Target, model: Model) -> None:
    assert 400 <= target.get(model_path(model.name, action="infer")).status < 500
    assert 400 <= target.post(model_path(model.name), {}).status < 500


@pytest.mark.usual
def test_another_method_is_a_405(target: Target, model: Model) -> None:
    for reply in [target.get(model_path(model.name, action="infer")), target.post(model_path(model.name), {}),
                  target.request("DELETE", "/v2")]:
        assert reply.status == 405, reply
        golden.check(reply.json(), "error")
