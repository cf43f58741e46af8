"""What ONNX Runtime answers, and whether skeg's answer is the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from .case import Case, Rows

DATATYPES = {
    "float32": "FP32",
    "float64": "FP64",
    "int64": "INT64",
    "int32": "INT32",
    "bool": "BOOL",
    "object": "BYTES",
}


@dataclass(frozen=True)
class Answer:
    """One output: its values and, after a ZipMap, the class of each column."""

    name: str
    values: np.ndarray
    classes: list[str] | None = None


def session(path: Path) -> onnxruntime.InferenceSession:
    """ONNX Runtime with one thread: with more it adds trees in another order and may tip a tie."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    model = _with_locale(onnx.load(path)).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _with_locale(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with a locale that every machine has: ONNX Runtime refuses `en_US` where there is none.

    Both change the case of letters in the same way. skeg is given the model as it was exported.
    """
    for node in model.graph.node:
        if node.op_type == "StringNormalizer":
            others = [attribute for attribute in node.attribute if attribute.name != "locale"]
            del node.attribute[:]
            node.attribute.extend([*others, onnx.helper.make_attribute("locale", "C.UTF-8")])
    return model


def answers(runtime: onnxruntime.InferenceSession, rows: Rows) -> list[Answer]:
    """All outputs for `rows`; a sequence of arrays becomes one output each."""
    found: list[Answer] = []
    for node, value in zip(runtime.get_outputs(), runtime.run(None, rows), strict=True):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            classes = list(value[0])
            table = np.array([[row[label] for label in classes] for row in value], dtype=np.float32)
            found.append(Answer(node.name, table, [str(label) for label in classes]))
        elif isinstance(value, list):
            found += [Answer(f"{node.name}[{at}]", np.asarray(item)) for at, item in enumerate(value)]
        else:
            found.append(Answer(node.name, np.asarray(value)))
    return found


def difference(case: Case, theirs: Answer, ours: dict[str, Any], classes: list[str]) -> str:
    """How our output (as JSON has it) differs from ONNX Runtime's; empty when it does not."""
    where = f"output {theirs.name}"
    values = theirs.values
    datatype = DATATYPES.get("object" if values.dtype.kind in "UO" else str(values.dtype), str(values.dtype))
    if ours["datatype"] != datatype:
        return f"{where} is {ours['datatype']}, not {datatype}"
    if list(ours["shape"]) != list(values.shape):
        return f"{where} has shape {ours['shape']}, not {list(values.shape)}"
    if theirs.classes is not None and classes != theirs.classes:
        # Two orders of one set are as good: a map has none.
        if sorted(classes) != sorted(theirs.classes):
            return f"{where} has the classes {classes}, not {theirs.classes}"
        values = values[:, [theirs.classes.index(label) for label in classes]]
    if values.dtype.kind == "f":
        return _floats(case, where, values.ravel(), ours["data"])
    wrong = [
        at for at, (one, other) in enumerate(zip(ours["data"], values.ravel().tolist(), strict=True)) if one != other
    ]
    if not wrong:
        return ""
    at = wrong[0]
    return (
        f"{where}: {len(wrong)} of {values.size} differ, the first is {ours['data'][at]!r}, not {values.ravel()[at]!r}"
    )


def _floats(case: Case, where: str, theirs: np.ndarray, data: list[Any]) -> str:
    # JSON has no NaN and no infinities: null stands for them.
    ours = np.array([np.nan if value is None else value for value in data], dtype=np.float64)
    theirs = np.where(np.isfinite(theirs), theirs, np.nan).astype(np.float64)
    near = np.isclose(ours, theirs, rtol=case.rtol, atol=case.atol, equal_nan=True)
    if near.all():
        return ""
    at = int(np.argmin(near))
    worst = np.nanmax(np.abs(ours - theirs)[~near], initial=0.0)
    return (
        f"{where}: {int((~near).sum())} of {near.size} differ, by {worst:.3g} at most, "
        f"the first is {ours[at]!r}, not {theirs[at]!r}"
    )
