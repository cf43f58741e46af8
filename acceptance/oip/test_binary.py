"""Extension binary_tensor_data: tensors as bytes after the JSON, both ways, and what is no such body."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from . import golden
from .model import Model, binary_request, binary_tensor, from_json, from_raw, raw, same, tensor
from .target import Reply

pytestmark = pytest.mark.extension("binary_tensor_data")
LENGTH = "inference-header-content-length"
Infer = Callable[..., Reply]
ALL_BINARY = {"binary_data_output": True}


def binary(model: Model, rows: int = 1, **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
    """The head and the parts of a request whose inputs are all binary."""
    pairs = [binary_tensor(spec, values) for spec, values in zip(model.inputs, model.values(rows).values(), strict=True)]
    return {**fields, "inputs": [head for head, _ in pairs]}, [part for _, part in pairs]


def read(reply: Reply) -> dict[str, tuple[bool, np.ndarray]]:
    """Each output: whether it came as bytes, and its values. Every byte of the body is accounted for."""
    assert reply.status == 200, reply
    size = int(reply.headers.get(LENGTH, len(reply.body)))
    head, rest = json.loads(reply.body[:size]), reply.body[size:]
    found = {}
    for output in head["outputs"]:
        if "data" in output:
            assert "parameters" not in output, output
            found[output["name"]] = (False, from_json(output))
            continue
        length = output["parameters"]["binary_data_size"]
        part, rest = rest[:length], rest[length:]
        found[output["name"]] = (True, from_raw(part, output["datatype"], output["shape"]))
    assert rest == b""
    assert (LENGTH in reply.headers) == any(as_bytes for as_bytes, _ in found.values())
    kind = "application/octet-stream" if LENGTH in reply.headers else "application/json"
    assert reply.headers["content-type"] == kind
    return found


def values_of(reply: Reply) -> dict[str, np.ndarray]:
    return {name: values for name, (_, values) in read(reply).items()}


def plain(infer: Infer, model: Model, rows: int = 1) -> dict[str, np.ndarray]:
    """What the same request gives as JSON."""
    return values_of(infer({"inputs": model.tensors(rows)}))


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert list(ours) == list(theirs)
    for name, values in ours.items():
        same(values, theirs[name])


def test_binary_inputs_and_json_outputs(infer: Infer, model: Model) -> None:
    found = read(infer(*binary_request(*binary(model, id="b-1"))))
    assert not any(as_bytes for as_bytes, _ in found.values())
    assert_same({name: values for name, (_, values) in found.items()}, plain(infer, model))


def test_binary_both_ways(infer: Infer, model: Model) -> None:
    rows = 3 if model.batches else 1
    found = read(infer(*binary_request(*binary(model, rows, parameters=ALL_BINARY))))
    assert all(as_bytes for as_bytes, _ in found.values())
    assert_same({name: values for name, (_, values) in found.items()}, plain(infer, model, rows))


def test_json_inputs_and_binary_outputs(infer: Infer, model: Model) -> None:
    found = read(infer({"inputs": model.tensors(), "parameters": ALL_BINARY}))
    assert all(as_bytes for as_bytes, _ in found.values())
    assert_same({name: values for name, (_, values) in found.items()}, plain(infer, model))


@pytest.mark.parametrize("of_request", [None, True, False])
def test_an_output_says_more_than_the_request(infer: Infer, model: Model, of_request: bool | None) -> None:
    """The first output says nothing, the second yes, the third no."""
    said: list[dict[str, Any]] = [{}, {"parameters": {"binary_data": True}}, {"parameters": {"binary_data": False}}]
    outputs = [{"name": spec.name, **said[at % 3]} for at, spec in enumerate(model.outputs)]
    for order in [outputs, [{**outputs[0], "parameters": {"binary_data": not of_request}}]]:
        request: dict[str, Any] = {"inputs": model.tensors(), "outputs": order}
        if of_request is not None:
            request["parameters"] = {"binary_data_output": of_request}
        found = read(infer(request))
        wanted = {out["name"]: out.get("parameters", {}).get("binary_data", bool(of_request)) for out in order}
        assert {name: as_bytes for name, (as_bytes, _) in found.items()} == wanted


def test_some_inputs_in_json_and_some_binary(infer: Infer, model: Model) -> None:
    if len(model.inputs) < 2:
        pytest.skip("the model has one input")
    for first in (0, 1):
        heads, parts = [], []
        for at, (spec, values) in enumerate(zip(model.inputs, model.values().values(), strict=True)):
            head, part = binary_tensor(spec, values) if at % 2 == first else (tensor(spec, values), None)
            heads.append(head)
            parts.extend([] if part is None else [part])
        assert_same(values_of(infer(*binary_request({"inputs": heads}, parts))), plain(infer, model))


def test_a_length_on_a_body_of_json_alone(infer: Infer, model: Model) -> None:
    """Triton's C++ client sends it with every request."""
    body = json.dumps({"inputs": model.tensors()}).encode()
    assert_same(values_of(infer(body, {LENGTH: str(len(body))})), plain(infer, model))


def test_an_id_and_a_name_in_a_binary_answer(infer: Infer, model: Model) -> None:
    reply = infer(*binary_request(*binary(model, id="b-2", parameters=ALL_BINARY)))
    assert reply.status == 200, reply
    head = json.loads(reply.body[: int(reply.headers[LENGTH])])
    assert (head["id"], head["model_name"]) == ("b-2", model.name)


def test_no_rows_at_all(infer: Infer, model: Model) -> None:
    """Sizes of zero are allowed; a model may take no empty batch, then it takes none in JSON either."""
    if not model.batches:
        pytest.skip("the model's first dimension is fixed")
    in_json = infer({"inputs": model.tensors(0)})
    reply = infer(*binary_request(*binary(model, 0, parameters=ALL_BINARY)))
    assert reply.status == in_json.status
    if reply.status == 200:
        assert all(values.size == 0 for values in values_of(reply).values())
    else:
        golden.check(reply.json(), "error")


def test_a_raw_request(infer: Infer, model: Model) -> None:
    """A length of 0: the whole body is the one input, and all outputs come as bytes."""
    spec = model.inputs[0]
    if len(model.inputs) > 1 or sum(size < 0 for size in spec.shape) > 1:
        pytest.skip("the model has more than one input, or more than one free dimension")
    data = raw(spec.values(1))
    found = read(infer(data, {LENGTH: "0", "Content-Type": "application/octet-stream"}))
    assert all(as_bytes for as_bytes, _ in found.values())
    assert_same({name: values for name, (_, values) in found.items()}, plain(infer, model))


def test_a_raw_request_for_many_inputs_is_refused(infer: Infer, model: Model) -> None:
    if len(model.inputs) == 1:
        pytest.skip("the model has one input")
    refused(infer(b"\0" * 64, {LENGTH: "0"}))


def refused(reply: Reply) -> None:
    assert reply.status == 400, reply
    golden.check(reply.json(), "error")


@pytest.mark.parametrize("length", ["1000000", "-1", "a", "1.5", "", "99999999999999999999999"])
def test_a_length_that_is_none_is_refused(infer: Infer, model: Model, length: str) -> None:
    body, headers = binary_request(*binary(model))
    refused(infer(body, {**headers, "Inference-Header-Content-Length": length}))


@pytest.mark.parametrize("off", [-1, 1])
def test_a_length_beside_the_end_of_the_json_is_refused(infer: Infer, model: Model, off: int) -> None:
    body, headers = binary_request(*binary(model))
    length = int(headers["Inference-Header-Content-Length"]) + off
    refused(infer(body, {**headers, "Inference-Header-Content-Length": str(length)}))


def test_data_that_are_cut_off_or_too_long_are_refused(infer: Infer, model: Model) -> None:
    body, headers = binary_request(*binary(model))
    for spoilt in [body[:-1], body + b"\0", body[: int(headers["Inference-Header-Content-Length"])]]:
        refused(infer(spoilt, headers))


@pytest.mark.parametrize("size", ["less", "more", "none", "text", "below zero", "beyond all bounds"])
def test_a_size_that_is_not_that_of_the_shape_is_refused(infer: Infer, model: Model, size: str) -> None:
    request, parts = binary(model)
    given = len(parts[0])
    sizes: dict[str, Any] = {"less": given - 1, "more": given + 1, "none": None, "text": str(given) + "x",
                             "below zero": -given, "beyond all bounds": 2**63}
    request["inputs"][0]["parameters"]["binary_data_size"] = sizes[size]
    if size in ("less", "more"):
        # The body is as long as the sizes say: only the shape disagrees.
        parts[0] = (parts[0] + b"\0")[: sizes[size]]
    refused(infer(*binary_request(request, parts)))


def test_text_that_says_more_than_there_is_is_refused(infer: Infer, model: Model) -> None:
    place = model.first("BYTES")
    if place is None:
        pytest.skip("no input takes BYTES")
    request, parts = binary(model)
    parts[place] = b"\xff\xff\xff\x7f" + parts[place][4:]
    refused(infer(*binary_request(request, parts)))


PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize("as_json", [True, False])
def test_a_compressed_request(infer: Infer, model: Model, encoding: str, as_json: bool) -> None:
    """The length counts the bytes of the JSON before they were compressed."""
    body, headers = binary_request(*binary(model))
    if as_json:
        body, headers = json.dumps({"inputs": model.tensors()}).encode(), {}
    reply = infer(PACK[encoding](body), {**headers, "Content-Encoding": encoding})
    assert "content-encoding" not in reply.headers
    assert_same(values_of(reply), plain(infer, model))


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize("parameters", [{}, ALL_BINARY])
def test_a_compressed_answer(infer: Infer, model: Model, encoding: str, parameters: dict[str, Any]) -> None:
    rows = 512 if model.batches else 1
    request = {"inputs": model.tensors(rows), "parameters": parameters}
    reply = infer(request, {"Accept-Encoding": encoding})
    assert reply.status == 200, reply
    # A small answer may come as it is.
    if rows > 1 or "content-encoding" in reply.headers:
        assert reply.headers["content-encoding"] == encoding
        reply.body = UNPACK[encoding](reply.body)
    assert_same(values_of(reply), plain(infer, model, rows))


def test_an_answer_is_compressed_only_for_who_asks(infer: Infer, model: Model) -> None:
    request = {"inputs": model.tensors(512 if model.batches else 1)}
    assert "content-encoding" not in infer(request).headers
    assert "content-encoding" not in infer(request, {"Accept-Encoding": "identity"}).headers


@pytest.mark.parametrize("encoding", PACK)
def test_a_body_that_is_not_compressed_as_it_says_is_refused(infer: Infer, model: Model, encoding: str) -> None:
    body = json.dumps({"inputs": model.tensors()}).encode()
    whole = PACK[encoding](body)
    for spoilt in [body, whole[:-6], b""]:
        refused(infer(spoilt, {"Content-Encoding": encoding}))


def test_an_encoding_that_nobody_knows_is_refused(infer: Infer, model: Model) -> None:
    reply = infer({"inputs": model.tensors()}, {"Content-Encoding": "rot13"})
    assert reply.status in (400, 415), reply
    golden.check(reply.json(), "error")
