"""The example's rows in the forms that protocols have for them, and what version 1 must say of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

import skeg

COUNT = 8
# The outputs of version 1, in the order of its signature.
LABEL, PROBABILITY = "output_label", "output_probability"


def table(samples: pd.DataFrame) -> pd.DataFrame:
    """Real rows; some of their values are missing."""
    found = samples[skeg.FEATURES][:COUNT].astype(np.float32)
    assert found.isna().any(axis=None)
    return found


def matrix(samples: pd.DataFrame) -> list[list[float | None]]:
    """The rows as lists; what is missing is `null`."""
    return [[None if math.isnan(value) else float(value) for value in row] for row in table(samples).to_numpy()]


def records(samples: pd.DataFrame) -> list[dict[str, float | None]]:
    """The rows as objects, their fields in another order than the model's."""
    return [dict(zip(skeg.FEATURES[::-1], row[::-1], strict=True)) for row in matrix(samples)]


def columns(samples: pd.DataFrame) -> dict[str, list[float | None]]:
    """The columns by name, in another order than the model's."""
    rows = records(samples)
    return {name: [row[name] for row in rows] for name in rows[0]}


def split(samples: pd.DataFrame) -> dict[str, Any]:
    """What `DataFrame.to_dict("split")` gives, in another order than the model's."""
    names = skeg.FEATURES[::-1]
    return {"columns": names, "index": list(range(COUNT)), "data": [row[::-1] for row in matrix(samples)]}


def check(labels: Any, probabilities: Any, samples: pd.DataFrame, count: int = COUNT) -> None:
    """These are ONNX Runtime's answers, which the samples carry."""
    assert list(labels) == samples["v1_label"][:count].tolist()
    found = np.array(probabilities, dtype=np.float64)
    assert found.shape == (count, 2)
    np.testing.assert_allclose(found[:, 1], samples["v1_p"][:count], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=0, atol=1e-5)


def check_records(answers: list[dict[str, Any]], samples: pd.DataFrame) -> None:
    """The same, as an object a row."""
    assert all(list(answer) == [LABEL, PROBABILITY] for answer in answers), answers
    check([answer[LABEL] for answer in answers], [answer[PROBABILITY] for answer in answers], samples)


def spoilt_columns(samples: pd.DataFrame) -> dict[str, tuple[dict[str, list[Any]], str]]:
    """Columns that make no sense, and the column that the refusal names."""
    good = columns(samples)
    missing = {name: values for name, values in good.items() if name != "merchant_risk"}
    return {
        "missing": (missing, "merchant_risk"),
        "extra": ({**good, "colour": [1.0] * COUNT}, "colour"),
        "renamed": ({**missing, "colour": [1.0] * COUNT}, "colour"),
        "mistyped": ({**good, "amount": ["much"] * COUNT}, "amount"),
        "objects": ({**good, "amount": [{}] * COUNT}, "amount"),
        "shorter": ({**good, "amount": [1.0] * (COUNT - 1)}, "amount"),
    }


def twice(name: str) -> tuple[list[str], str]:
    """The model's columns and one of them again."""
    return [*skeg.FEATURES, name], name
