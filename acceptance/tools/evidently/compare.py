"""What Evidently says of pairs of files; run by `acceptance/test_drift_compat.py` in Evidently's environment.

`compare.py FOLDER` prints one line of JSON: for each folder in it that has `baseline.parquet` and `current.parquet`, for each column
what Evidently takes it for, the value of each metric, and the metric that it chooses with its threshold and verdict.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from evidently import Dataset, Report
from evidently.metrics import ValueDrift

METHODS = {
    "num": ["psi", "jensenshannon", "ks", "wasserstein", "hellinger", "kl_div"],
    "cat": ["psi", "jensenshannon", "hellinger", "kl_div", "chisquare", "z"],
}
NAMES = {
    "K-S p_value": "ks",
    "Wasserstein distance (normed)": "wasserstein",
    "Jensen-Shannon distance": "jensenshannon",
    "chi-square p_value": "chisquare",
    "Z-test p_value": "z",
}


def number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def column(name: str, baseline: Dataset, current: Dataset) -> dict[str, Any]:
    kind = current.column(name).type.value
    if kind not in METHODS:
        return {"kind": kind}
    metrics = [ValueDrift(column=name), *(ValueDrift(column=name, method=method) for method in METHODS[kind])]
    try:
        done = Report(metrics, include_tests=True).run(current, baseline).dict()
    except ValueError as error:
        return {"kind": kind, "error": str(error)}
    default, *others = done["metrics"]
    return {
        "kind": kind,
        "chosen": NAMES[default["config"]["method"]],
        "threshold": default["config"]["threshold"],
        "value": number(default["value"]),
        "drift": done["tests"][0]["status"] == "FAIL",
        "metrics": {method: number(other["value"]) for method, other in zip(METHODS[kind], others, strict=True)},
    }


def compare(folder: Path) -> dict[str, Any]:
    baseline, current = (Dataset.from_pandas(pd.read_parquet(folder / f"{side}.parquet")) for side in ("baseline", "current"))
    return {name: column(name, baseline, current) for name in current.as_dataframe().columns}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folders = sorted(path for path in Path(sys.argv[1]).iterdir() if (path / "baseline.parquet").exists())
    print(json.dumps({folder.name: compare(folder) for folder in folders}))
