"""What NannyML says of pairs of files; run by `acceptance/test_drift_compat.py` in NannyML's environment.

`compare.py FOLDER` prints one line of JSON: for each folder in it that has `baseline.parquet` and `current.parquet`, for each column
the value, upper threshold and alert of each method, the current rows as one chunk.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from nannyml.chunk import SizeBasedChunker
from nannyml.drift.univariate import UnivariateDriftCalculator
from nannyml.exceptions import CalculatorException

CONTINUOUS = ["jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger"]
CATEGORICAL = ["chi2", "jensen_shannon", "l_infinity", "hellinger"]


def number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def method(name: str, kind: str, baseline: pd.DataFrame, current: pd.DataFrame, column: str) -> dict[str, Any]:
    calculator = UnivariateDriftCalculator(column_names=[column], **{f"{kind}_methods": [name]})
    try:
        calculator.fit(baseline)
    except CalculatorException as error:
        return {"error": str(error)}
    # The thresholds are of the reference's own ten chunks.
    calculator.chunker = SizeBasedChunker(chunk_size=len(current))
    found = calculator.calculate(current).filter(period="analysis").to_df()[column][name].iloc[0]
    values = {key: number(found[key]) for key in ("value", "upper_threshold")}
    return values | {"alert": bool(found["alert"])}


def compare(folder: Path) -> dict[str, Any]:
    baseline, current = (pd.read_parquet(folder / f"{side}.parquet") for side in ("baseline", "current"))
    found: dict[str, Any] = {}
    for column in current.columns:
        is_number = pd.api.types.is_numeric_dtype(baseline[column]) and not pd.api.types.is_bool_dtype(baseline[column])
        kind, names = ("continuous", CONTINUOUS) if is_number else ("categorical", CATEGORICAL)
        found[column] = {name: method(name, kind, baseline, current, column) for name in names}
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folders = sorted(path for path in Path(sys.argv[1]).iterdir() if (path / "baseline.parquet").exists())
    print(json.dumps({folder.name: compare(folder) for folder in folders}))
