"""Makers of cases: a fitted scikit-learn estimator, its data and its export become a `Case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .case import Built, Case, Rows, export
from .data import ASK, Data, asked, frame, fraud


def fitted(
    name: str,
    make: Callable[[], Any],
    data: Callable[[], Data],
    *,
    options: Any = None,
    tolerance: dict[str, Any] | None = None,
    **extra: Any,
) -> Case:
    """An estimator over one matrix called `X`."""

    def build() -> Built:
        drawn = data()
        model = make().fit(drawn.x, drawn.y)
        rows = {"X": drawn.ask}
        return export(model, rows, options=options, **extra), rows

    return Case(name, build, **(tolerance or {}))


def columns(table: Any) -> Rows:
    """One input per column of a frame, as skl2onnx has it."""
    return {str(name): table[name].to_numpy().reshape(-1, 1) for name in table.columns}


def payments(
    name: str,
    make: Callable[[], Any],
    only: list[str] | None = None,
    *,
    missing: bool = False,
    unseen: bool = False,
    options: Any = None,
    tolerance: dict[str, Any] | None = None,
) -> Case:
    """An estimator over payments, with one input per column."""

    def build() -> Built:
        table = frame(missing=missing)
        chosen = only or list(table.columns)
        model = make().fit(table[chosen], fraud(table))
        rows = columns(asked(missing, unseen)[chosen])
        return export(model, rows, options=options), rows

    return Case(name, build, **(tolerance or {}))


def strings(values: list[str], seed: int = 31, rows: int = ASK) -> np.ndarray:
    """A column of strings drawn from `values`."""
    return np.random.default_rng(seed).choice(values, (rows, 1)).astype(object)
