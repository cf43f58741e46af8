"""The protocol over gRPC: the same answers as over HTTP, from typed and from raw contents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from .model import CONTENTS, Model, Spec, from_json, from_raw, raw, same
from .target import Reply, Target, model_path

SECONDS = 60
NOBODY = "no-such-model-Zq7"


@pytest.fixture(scope="session")
def channel(pytestconfig: pytest.Config) -> grpc.Channel:
    address = pytestconfig.getoption("grpc")
    if not address:
        pytest.skip("no --grpc is given")
    return grpc.insecure_channel(address)


@pytest.fixture(scope="session")
def stub(channel: grpc.Channel) -> GRPCInferenceServiceStub:
    return GRPCInferenceServiceStub(channel)


def head(spec: Spec, values: np.ndarray) -> Any:
    """A tensor without its contents."""
    return pb.ModelInferRequest.InferInputTensor(name=spec.name, datatype=spec.datatype, shape=values.shape)


def typed(model: Model, rows: int = 1, **fields: Any) -> pb.ModelInferRequest:
    """The request with typed contents."""
    request = pb.ModelInferRequest(model_name=model.name, **fields)
    for spec, values in zip(model.inputs, model.values(rows).values(), strict=True):
        tensor = head(spec, values)
        flat = values.reshape(-1).tolist()
        contents = [text.encode() for text in flat] if spec.datatype == "BYTES" else flat
        getattr(tensor.contents, CONTENTS[spec.datatype]).extend(contents)
        request.inputs.append(tensor)
    return request


def raws(model: Model, rows: int = 1, **fields: Any) -> pb.ModelInferRequest:
    """The request with raw contents."""
    request = pb.ModelInferRequest(model_name=model.name, **fields)
    for spec, values in zip(model.inputs, model.values(rows).values(), strict=True):
        request.inputs.append(head(spec, values))
        request.raw_input_contents.append(raw(values))
    return request


def outputs(answer: pb.ModelInferResponse) -> dict[str, np.ndarray]:
    """The outputs, from raw or typed contents."""
    if answer.raw_output_contents:
        pairs = zip(answer.outputs, answer.raw_output_contents, strict=True)
        return {out.name: from_raw(data, out.datatype, list(out.shape)) for out, data in pairs}
    found = {}
    for out in answer.outputs:
        values = list(getattr(out.contents, CONTENTS[out.datatype]))
        found[out.name] = from_json({"data": values, "datatype": out.datatype, "shape": list(out.shape)}) \
            if out.datatype != "BYTES" else np.array(values, dtype=np.object_).reshape(list(out.shape))
    return found


def over_http(infer: Callable[..., Reply], model: Model, rows: int) -> dict[str, np.ndarray]:
    reply = infer({"inputs": model.tensors(rows)})
    assert reply.status == 200, reply
    return {output["name"]: from_json(output) for output in reply.json()["outputs"]}


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        same(values, theirs[name])


def refused(call: Callable[..., Any], request: Any) -> grpc.StatusCode:
    """The status of a call that must fail, and say why."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=SECONDS)
    assert caught.value.details()
    return caught.value.code()


@pytest.mark.mandatory
def test_health(stub: GRPCInferenceServiceStub, model: Model) -> None:
    assert stub.ServerLive(pb.ServerLiveRequest(), timeout=SECONDS).live
    assert stub.ServerReady(pb.ServerReadyRequest(), timeout=SECONDS).ready
    assert stub.ModelReady(pb.ModelReadyRequest(name=model.name), timeout=SECONDS).ready


@pytest.mark.mandatory
def test_the_server_says_the_same_of_itself(stub: GRPCInferenceServiceStub, target: Target) -> None:
    ours, theirs = stub.ServerMetadata(pb.ServerMetadataRequest(), timeout=SECONDS), target.get("/v2").json()
    assert (ours.name, ours.version) == (theirs["name"], theirs["version"])
    assert list(ours.extensions) == theirs["extensions"]


@pytest.mark.mandatory
def test_the_model_is_described_the_same(stub: GRPCInferenceServiceStub, target: Target, model: Model) -> None:
    theirs = target.get(model_path(model.name)).json()
    ours = stub.ModelMetadata(pb.ModelMetadataRequest(name=model.name), timeout=SECONDS)
    assert (ours.name, ours.platform, list(ours.versions)) == (theirs["name"], theirs["platform"], model.versions)
    for key, specs in [("inputs", model.inputs), ("outputs", model.outputs)]:
        assert [(one.name, one.datatype, tuple(one.shape)) for one in getattr(ours, key)] == \
            [(spec.name, spec.datatype, spec.shape) for spec in specs]


@pytest.mark.mandatory
@pytest.mark.parametrize("make", [typed, raws])
@pytest.mark.parametrize("rows", [1, 3])
def test_infer(
    stub: GRPCInferenceServiceStub, infer: Callable[..., Reply], model: Model, make: Callable[..., Any], rows: int
) -> None:
    if rows > 1 and not model.batches:
        pytest.skip("the model's first dimension is fixed")
    answer = stub.ModelInfer(make(model, rows, id="a-1"), timeout=SECONDS)
    assert (answer.model_name, answer.id) == (model.name, "a-1")
    assert_same(outputs(answer), over_http(infer, model, rows))
    datatypes = {spec.name: spec.datatype for spec in model.outputs}
    assert {out.name: out.datatype for out in answer.outputs} == datatypes


@pytest.mark.usual
@pytest.mark.parametrize("make", [typed, raws])
def test_answers_are_raw(stub: GRPCInferenceServiceStub, model: Model, make: Callable[..., Any]) -> None:
    """Triton's clients read nothing else, but for text."""
    answer = stub.ModelInfer(make(model), timeout=SECONDS)
    assert len(answer.raw_output_contents) == len(answer.outputs) > 0
    assert not any(out.HasField("contents") for out in answer.outputs)


@pytest.mark.mandatory
def test_only_the_outputs_asked_for_are_answered(stub: GRPCInferenceServiceStub, model: Model) -> None:
    for spec in model.outputs:
        request = raws(model)
        request.outputs.add(name=spec.name)
        answer = stub.ModelInfer(request, timeout=SECONDS)
        assert list(outputs(answer)) == [spec.name]


@pytest.mark.mandatory
def test_a_version_that_is_named_is_the_one_that_answers(stub: GRPCInferenceServiceStub, model: Model) -> None:
    if not model.versions:
        pytest.skip("the model has no versions")
    for version in model.versions:
        answer = stub.ModelInfer(raws(model, model_version=version), timeout=SECONDS)
        assert answer.model_version == version


@pytest.mark.mandatory
def test_parameters_of_every_type_are_taken(stub: GRPCInferenceServiceStub, model: Model) -> None:
    """Those of the protocol's own message; Triton's has two more."""
    request = raws(model)
    for holder in [request, request.inputs[0], request.outputs.add(name=model.outputs[0].name)]:
        holder.parameters["flag"].bool_param = True
        holder.parameters["whole"].int64_param = -1
        holder.parameters["text"].string_param = "word"
    stub.ModelInfer(request, timeout=SECONDS)


@pytest.mark.mandatory
def test_what_is_not_there_is_refused(stub: GRPCInferenceServiceStub, model: Model) -> None:
    lost = raws(model)
    lost.model_name = NOBODY
    refused(stub.ModelInfer, lost)
    refused(stub.ModelMetadata, pb.ModelMetadataRequest(name=NOBODY))


@pytest.mark.usual
def test_what_is_not_there_is_not_found(stub: GRPCInferenceServiceStub, model: Model) -> None:
    lost = raws(model)
    lost.model_name = NOBODY
    assert refused(stub.ModelInfer, lost) == grpc.StatusCode.NOT_FOUND
    assert refused(stub.ModelMetadata, pb.ModelMetadataRequest(name=NOBODY)) == grpc.StatusCode.NOT_FOUND
    other = raws(model, model_version="987654321")
    assert refused(stub.ModelInfer, other) == grpc.StatusCode.NOT_FOUND


def spoilt(model: Model) -> dict[str, Any]:
    """Requests that make no sense."""
    both, missing, short, over = raws(model), raws(model), raws(model), raws(model)
    both.inputs[0].contents.CopyFrom(typed(model).inputs[0].contents)
    del missing.raw_input_contents[0]
    short.raw_input_contents[0] = short.raw_input_contents[0][:-1]
    over.raw_input_contents[0] += b"\0"
    other, negative, unknown, twice = raws(model), raws(model), raws(model), raws(model)
    other.inputs[0].name = "no_such_input"
    negative.inputs[0].shape[0] = -1
    unknown.inputs[0].datatype = "FP31"
    twice.inputs.append(twice.inputs[0])
    twice.raw_input_contents.append(twice.raw_input_contents[0])
    output = raws(model)
    output.outputs.add(name="no_such_output")
    fewer = typed(model)
    fewer.inputs[0].shape[0] += 1
    return {
        "raw and typed contents": both, "raw contents for fewer inputs": missing, "raw contents cut off": short,
        "raw contents too long": over, "an input of another name": other, "a dimension below zero": negative,
        "a datatype that is none": unknown, "an input that is there twice": twice,
        "an output that is not there": output, "fewer data than the shape holds": fewer,
        "nothing": pb.ModelInferRequest(model_name=model.name),
    }


# The rest is for a server to like or not.
RULED_OUT = ["raw and typed contents", "raw contents for fewer inputs", "raw contents cut off", "a datatype that is none",
             "fewer data than the shape holds"]


@pytest.mark.mandatory
@pytest.mark.parametrize("case", RULED_OUT)
def test_is_refused(stub: GRPCInferenceServiceStub, model: Model, case: str) -> None:
    refused(stub.ModelInfer, spoilt(model)[case])


@pytest.mark.usual
@pytest.mark.parametrize("case", [
    *RULED_OUT, "raw contents too long", "an input of another name", "a dimension below zero",
    "an input that is there twice", "an output that is not there", "nothing",
])
def test_is_an_invalid_argument(stub: GRPCInferenceServiceStub, model: Model, case: str) -> None:
    assert refused(stub.ModelInfer, spoilt(model)[case]) == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.usual
@pytest.mark.parametrize("algorithm", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages_are_taken(
    stub: GRPCInferenceServiceStub, model: Model, algorithm: grpc.Compression
) -> None:
    answer = stub.ModelInfer(raws(model), timeout=SECONDS, compression=algorithm)
    assert_same(outputs(answer), outputs(stub.ModelInfer(raws(model), timeout=SECONDS)))


@pytest.mark.usual
def test_the_health_service_of_grpc_itself(channel: grpc.Channel) -> None:
    """`grpc.health.v1`, which Kubernetes probes: an empty request asks for the whole server, and 1 is SERVING."""
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"", timeout=SECONDS) == b"\x08\x01"
