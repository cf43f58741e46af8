"""One case of the sweep: how its model is trained and exported, and the rows it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from onnx import ModelProto

# Input name to its values, all with one first extent.
Rows = dict[str, np.ndarray]
Built = tuple[ModelProto, Rows]

RTOL, ATOL = 1e-5, 1e-6


@dataclass(frozen=True)
class Case:
    """A model and how near its scores must be to ONNX Runtime's."""

    name: str
    build: Callable[[], Built]
    rtol: float = RTOL
    atol: float = ATOL
    # Why the tolerance is not the usual one.
    why: str = ""


@contextmanager
def _integers() -> Iterator[None]:
    """skl2onnx 1.20 hands booleans over as integers, which protobuf 7 refuses and older ones take."""
    from skl2onnx.common import _container

    plain = _container.make_node

    def make_node(*args: Any, **attributes: Any) -> Any:
        for name, value in attributes.items():
            if isinstance(value, list) and any(isinstance(item, np.bool_ | bool) for item in value):
                attributes[name] = [int(item) for item in value]
        return plain(*args, **attributes)

    with mock.patch.object(_container, "make_node", make_node):
        yield


def types(rows: Rows) -> list[tuple[str, Any]]:
    """skl2onnx's types of the inputs; the number of rows is left open."""
    from skl2onnx.common import data_types as t

    kinds = {
        np.dtype(np.float32): t.FloatTensorType,
        np.dtype(np.float64): t.DoubleTensorType,
        np.dtype(np.int64): t.Int64TensorType,
        np.dtype(np.bool_): t.BooleanTensorType,
    }
    return [
        (name, kinds.get(values.dtype, t.StringTensorType)([None, *values.shape[1:]])) for name, values in rows.items()
    ]


def export(model: Any, rows: Rows, *, options: Any = None, **extra: Any) -> ModelProto:
    """skl2onnx's export of a fitted estimator; `options` are those of this one estimator."""
    from skl2onnx import convert_sklearn

    with _integers():
        return convert_sklearn(
            model, initial_types=types(rows), options={id(model): options} if options else None, **extra
        )
