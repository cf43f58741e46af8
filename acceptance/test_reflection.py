"""Reflection says the same of the service as the descriptors that tritonclient ships."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import model_config_pb2, service_pb2

import skeg

SERVICE = "inference.GRPCInferenceService"


def fields(message: Descriptor) -> dict[str, tuple[int, int, bool, str | None]]:
    """Number, type, whether it is repeated, and what it is made of, by name."""
    def made_of(field: FieldDescriptor) -> str | None:
        kind = field.message_type or field.enum_type
        return kind.full_name if kind else None

    return {field.name: (field.number, field.type, field.is_repeated, made_of(field)) for field in message.fields}


def below(message: Descriptor) -> Iterator[Descriptor]:
    """The message and those inside it."""
    yield message
    for inner in message.nested_types:
        yield from below(inner)


def test_messages_are_the_protocols(green: skeg.Server) -> None:
    with grpc.insecure_channel(green.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
        pool = DescriptorPool(database)
        ours = pool.FindServiceByName(SERVICE)
        theirs = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
        checked = 0
        for method in ours.methods:
            known = theirs.methods_by_name[method.name]
            assert (method.client_streaming, method.server_streaming) == (known.client_streaming, known.server_streaming)
            assert (method.input_type.full_name, method.output_type.full_name) == (
                known.input_type.full_name, known.output_type.full_name)
        files = [service_pb2.DESCRIPTOR, model_config_pb2.DESCRIPTOR]
        known = [message for file in files for message in file.message_types_by_name.values()]
        by_name = {inner.full_name: inner for message in known for inner in below(message)}
        for top in ours.file.message_types_by_name.values():
            for message in below(top):
                wanted = fields(by_name[message.full_name])
                for name, field in fields(message).items():
                    assert field == wanted[name], f"{message.full_name}.{name}"
                    checked += 1
        assert checked > 140
        values = ours.file.enum_types_by_name["DataType"].values_by_name
        known_values = model_config_pb2.DESCRIPTOR.enum_types_by_name["DataType"].values_by_name
        assert {name: value.number for name, value in values.items()} == {
            name: value.number for name, value in known_values.items()}
