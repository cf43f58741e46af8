"""The model under test: what its metadata says it takes, and values made for it."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

# Datatype to its numpy type; BF16 has none, and what has none is sent as bytes only.
NUMPY: dict[str, Any] = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BYTES": np.object_,
}
DATATYPES = {*NUMPY, "BF16"}
# The field of gRPC's typed contents; FP16 and BF16 have none.
CONTENTS = {
    "BOOL": "bool_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}
FLOATS = ("FP16", "FP32", "FP64")


@dataclass(frozen=True)
class Spec:
    """A tensor of the metadata."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def sized(self, rows: int) -> list[int]:
        """The shape with this many rows; another free dimension is 1."""
        return [(rows if at == 0 else 1) if size < 0 else size for at, size in enumerate(self.shape)]

    def values(self, rows: int) -> np.ndarray:
        """Small values, which hardly a model refuses; no two rows alike."""
        shape = self.sized(rows)
        count = math.prod(shape)
        if self.datatype == "BYTES":
            return np.array([f"v{at}" for at in range(count)], dtype=np.object_).reshape(shape)
        if self.datatype in FLOATS:
            return (np.arange(count) % 16 * 0.25).astype(NUMPY[self.datatype]).reshape(shape)
        return (np.arange(count) % 2).astype(NUMPY[self.datatype]).reshape(shape)


@dataclass(frozen=True)
class Model:
    name: str
    versions: list[str]
    inputs: list[Spec]
    outputs: list[Spec]

    @staticmethod
    def read(name: str, metadata: dict[str, Any]) -> Model:
        def specs(key: str) -> list[Spec]:
            return [Spec(one["name"], one["datatype"], tuple(one["shape"])) for one in metadata[key]]

        return Model(name, list(metadata.get("versions") or []), specs("inputs"), specs("outputs"))

    @property
    def batches(self) -> bool:
        """Whether the first dimension of every input is free."""
        return all(spec.shape and spec.shape[0] < 0 for spec in self.inputs)

    def values(self, rows: int = 1) -> dict[str, np.ndarray]:
        return {spec.name: spec.values(rows) for spec in self.inputs}

    def tensors(self, rows: int = 1) -> list[dict[str, Any]]:
        """The inputs of a JSON request, their data flat."""
        return [tensor(spec, values) for spec, values in zip(self.inputs, self.values(rows).values(), strict=True)]

    def first(self, *datatypes: str) -> int | None:
        """The place of the first input of one of these datatypes."""
        return next((at for at, spec in enumerate(self.inputs) if spec.datatype in datatypes), None)


def tensor(spec: Spec, values: np.ndarray) -> dict[str, Any]:
    """A tensor of a JSON request, its data flat."""
    data = values.reshape(-1).tolist()
    return {"name": spec.name, "shape": list(values.shape), "datatype": spec.datatype, "data": data}


def raw(values: np.ndarray) -> bytes:
    """Little-endian, row-major; text has its length before it."""
    if values.dtype == np.object_:
        texts = [text if isinstance(text, bytes) else text.encode() for text in values.reshape(-1)]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def from_raw(data: bytes, datatype: str, shape: list[int]) -> np.ndarray:
    if datatype != "BYTES":
        return np.frombuffer(data, np.dtype(NUMPY[datatype]).newbyteorder("<")).reshape(shape)
    texts, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + size])
        assert len(texts[-1]) == size, "the last text is cut off"
        at += 4 + size
    return np.array(texts, dtype=np.object_).reshape(shape)


def from_json(output: dict[str, Any]) -> np.ndarray:
    """The data of an answer, flat or nested; `null` is NaN."""
    flat = flattened(output["data"])
    if output["datatype"] in FLOATS:
        flat = [math.nan if value is None else value for value in flat]
    if output["datatype"] == "BYTES":
        flat = [text.encode() for text in flat]
    return np.array(flat, dtype=NUMPY[output["datatype"]]).reshape(output["shape"])


def flattened(data: Any) -> list[Any]:
    return [value for part in data for value in flattened(part)] if isinstance(data, list) else [data]


def binary_request(request: dict[str, Any], parts: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """A request of the binary extension: the body and its headers."""
    head = json.dumps(request).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    return b"".join([head, *parts]), headers


def binary_tensor(spec: Spec, values: np.ndarray) -> tuple[dict[str, Any], bytes]:
    """A tensor whose data follow the JSON."""
    data = raw(values)
    parameters = {"binary_data_size": len(data)}
    return {"name": spec.name, "shape": list(values.shape), "datatype": spec.datatype, "parameters": parameters}, data


def same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal, but for the last digits of floats."""
    assert ours.shape == theirs.shape
    if ours.dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    else:
        assert ours.tolist() == theirs.tolist()
