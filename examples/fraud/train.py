"""Makes the fraud example: two models, their cards, a baseline, samples and goldens.

    python train.py              remake the committed files in this folder
    python train.py --out DIR    write them somewhere else
    python train.py --check      remake them in a temporary folder and compare; exit 1 on difference

Version 1 is a scikit-learn pipeline exported by skl2onnx, version 2 a LightGBM model exported by
onnxmltools, both with the exporter's defaults. Every golden is ONNX Runtime's answer, not the
training library's. The seed is fixed and everything runs on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before numpy is loaded: the number of threads changes the order of sums.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType as LightGbmFloats
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType as SklearnFloats
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline

import payments

SEED = 20_260_101
INPUT = "features"
TRAINING_DATA = "card-payments:1"
TRAIN_SHARE = 0.8  # of the rows, the earliest ones
BASELINE_ROWS = 10_000
SAMPLE_ROWS = 5_000
BATCH_ROWS = 32
VERSIONS = ("1", "2")
SCORE_COLUMNS = ("v1_p", "v2_p")
SCORE_TOLERANCE = 1e-6
MAX_BYTES = 2_000_000

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """ONNX Runtime's answer to n rows."""

    labels: NDArray[np.int64]  # [n]
    probabilities: Floats32  # [n, 2]: not fraud, fraud


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the fraud example.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    where.add_argument("--check", action="store_true", help="compare with the committed files")
    arguments = parser.parse_args()
    if not arguments.check:
        build(arguments.out)
        return 0
    with tempfile.TemporaryDirectory(prefix="skeg-fraud-") as folder:
        build(Path(folder))
        return check(Path(__file__).parent, Path(folder))


# --- building ---


def build(out: Path) -> None:
    """Writes every file of the example below `out`."""
    table = payments.make(SEED)
    split = int(len(table) * TRAIN_SHARE)
    train, held_out = table[:split], table[split:].reset_index(drop=True)
    rate = table["label"].mean()
    print(f"{len(train)} training rows, {len(held_out)} held out, fraud rate {rate:.4f}")

    scores: dict[str, Scores] = {}
    for version, fit in (("1", fit_sklearn), ("2", fit_lightgbm)):
        model = fit(train)
        path = out / "models" / version / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        # The exporter takes the operator sets from a Python set, whose order changes by process.
        model.opset_import.sort(key=lambda opset: opset.domain)
        path.write_bytes(model.SerializeToString(deterministic=True))
        scores[version] = run(path, features_of(held_out))
        card = card_of(version, scores[version], held_out["label"].to_numpy())
        write_json(path.with_name("card.json"), card)
        print(f"version {version}: {path.stat().st_size} bytes, {card['metrics']}")

    write_baseline(out / "baseline.parquet", train)
    write_samples(out / "samples.parquet", held_out, scores)
    write_requests(out, held_out, scores)
    too_big = [p for p in out.rglob("*") if p.is_file() and p.stat().st_size >= MAX_BYTES]
    if too_big:
        raise SystemExit(f"files of {MAX_BYTES} bytes or more: {too_big}")


def fit_sklearn(train: pd.DataFrame) -> onnx.ModelProto:
    model = Pipeline(
        [
            ("imputer", SimpleImputer(strategy="median")),
            ("trees", GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=SEED)),
        ]
    )
    model.fit(features_of(train), train["label"].to_numpy())
    shape = [(INPUT, SklearnFloats([None, len(payments.FEATURES)]))]
    exported: onnx.ModelProto = convert_sklearn(model, name="fraud-1", initial_types=shape)
    return exported


def fit_lightgbm(train: pd.DataFrame) -> onnx.ModelProto:
    model = LGBMClassifier(
        n_estimators=200,
        num_leaves=31,
        learning_rate=0.04,
        min_child_samples=40,
        reg_lambda=5.0,
        random_state=SEED,
        n_jobs=1,
        deterministic=True,
        force_col_wise=True,
        verbose=-1,
    )
    model.fit(features_of(train), train["label"].to_numpy())
    shape = [(INPUT, LightGbmFloats([None, len(payments.FEATURES)]))]
    exported: onnx.ModelProto = convert_lightgbm(model, name="fraud-2", initial_types=shape)
    return exported


def run(model: Path, rows: Floats32) -> Scores:
    """Scores `rows` with ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # version 2 declares its label as [1]; a warning each run
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(None, {INPUT: rows})
    if isinstance(probabilities, list):  # ZipMap: one dict a row, from class to probability
        probabilities = [[row[0], row[1]] for row in probabilities]
    return Scores(labels, np.asarray(probabilities, np.float32))


def card_of(version: str, scores: Scores, labels: NDArray[np.int64]) -> dict[str, Any]:
    """What a registry stores beside the model; the metrics are those of the held-out rows."""
    tags = {
        "1": {"trainer": "scikit-learn", "exporter": "skl2onnx", "trees": "100 x depth 3"},
        "2": {"trainer": "lightgbm", "exporter": "onnxmltools", "trees": "200 x 31 leaves"},
    }
    fraud = scores.probabilities[:, 1].astype(np.float64)
    return {
        "feature_names": {INPUT: payments.FEATURES},
        "metrics": {
            "auc": round(float(roc_auc_score(labels, fraud)), 6),
            "log_loss": round(float(log_loss(labels, fraud)), 6),
        },
        "training_data": TRAINING_DATA,
        "tags": {**tags[version], "seed": str(SEED)},
    }


# --- files ---


def write_baseline(path: Path, train: pd.DataFrame) -> None:
    """A random sample of the training rows, in time order."""
    rows = pick(train, BASELINE_ROWS, SEED + 1)
    write_parquet(path, [*feature_columns(rows), *string_columns(rows), label_column(rows)])


def write_samples(path: Path, held_out: pd.DataFrame, scores: dict[str, Scores]) -> None:
    """A random sample of the held-out rows, in time order, with the goldens of both versions."""
    rows = pick(held_out, SAMPLE_ROWS, SEED + 2)
    columns = [*feature_columns(rows), *string_columns(rows), label_column(rows)]
    for version in VERSIONS:
        labels = scores[version].labels[rows.index]
        fraud = scores[version].probabilities[rows.index, 1]
        columns.append((f"v{version}_label", pa.array(labels, pa.int64())))
        columns.append((f"v{version}_p", pa.array(fraud, pa.float32())))
    write_parquet(path, columns)


def write_requests(out: Path, held_out: pd.DataFrame, scores: dict[str, Scores]) -> None:
    """Requests over held-out rows whose version-2 scores spread over [0, 1], and their goldens."""
    order = spread(scores["2"].probabilities[:, 1], BATCH_ROWS)
    has_missing = held_out[payments.FEATURES].isna().any(axis=1).to_numpy()
    middle = [i for i in order[BATCH_ROWS // 2 :] if has_missing[i]][:1]
    goldens = {}
    for name, indexes in {"request": middle, "batch": order}.items():
        rows = features_of(held_out)[indexes]
        write_request(out / f"{name}.json", rows)
        answers = {v: run(out / "models" / v / "model.onnx", rows) for v in VERSIONS}
        goldens[name] = {
            version: {
                "label": answer.labels.tolist(),
                "probabilities": [[shortest(p) for p in row] for row in answer.probabilities],
            }
            for version, answer in answers.items()
        }
    lines = [f'  "{name}": {json.dumps(answers)}' for name, answers in goldens.items()]
    (out / "goldens.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_request(path: Path, rows: Floats32) -> None:
    """An Open Inference Protocol request; flat row-major data, one row a line, null = missing."""
    lines = [", ".join(json.dumps(shortest(value)) for value in row) for row in rows]
    head = json.dumps({"name": INPUT, "shape": rows.shape, "datatype": "FP32"}).rstrip("}")
    path.write_text('{"inputs": [' + head + ', "data": [\n' + ",\n".join(lines) + "\n]}]}\n")
    data = json.loads(path.read_text())["inputs"][0]["data"]
    back = np.array([np.nan if value is None else value for value in data], np.float32)
    if not np.array_equal(back.reshape(rows.shape), rows, equal_nan=True):
        raise SystemExit(f"{path.name} does not read back as the rows it was made from")


def write_parquet(path: Path, columns: Iterable[tuple[str, pa.Array]]) -> None:
    pq.write_table(pa.table(dict(columns)), path, compression="zstd", compression_level=9)


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def feature_columns(rows: pd.DataFrame) -> list[tuple[str, pa.Array]]:
    """float32 columns; NaN becomes null."""
    return [(n, pa.array(rows[n], pa.float32(), from_pandas=True)) for n in payments.FEATURES]


def string_columns(rows: pd.DataFrame) -> list[tuple[str, pa.Array]]:
    return [(name, pa.array(rows[name].tolist(), pa.string())) for name in payments.STRINGS]


def label_column(rows: pd.DataFrame) -> tuple[str, pa.Array]:
    return ("label", pa.array(rows["label"], pa.int64()))


def features_of(table: pd.DataFrame) -> Floats32:
    return np.ascontiguousarray(table[payments.FEATURES].to_numpy(np.float32))


def pick(table: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    chosen = np.random.default_rng(seed).choice(len(table), count, replace=False)
    return table.iloc[np.sort(chosen)]


def spread(scores: Floats32, count: int) -> list[int]:
    """Indexes of `count` different rows whose scores lie nearest to evenly spaced targets."""
    free = scores.astype(np.float64)
    found = []
    for target in np.linspace(0.0, 1.0, count):
        found.append(int(np.nanargmin(np.abs(free - target))))
        free[found[-1]] = np.nan
    return found


def shortest(value: np.float32) -> float | None:
    """The shortest decimal that reads back as the same float32; None for NaN."""
    return None if np.isnan(value) else float(str(value))


# --- checking ---


@dataclass(frozen=True)
class Verdict:
    same: bool
    text: str


def check(committed: Path, fresh: Path) -> int:
    """Compares every file: bytes first; where they differ, what the file says. 0 if all agree."""
    paths = sorted(p.relative_to(fresh) for p in fresh.rglob("*") if p.is_file())
    verdicts = {path: compare(committed, fresh, path) for path in paths}
    for path, verdict in verdicts.items():
        print(f"{path}: {'ok' if verdict.same else 'DIFFERS'}: {verdict.text}")
    wrong = sum(not verdict.same for verdict in verdicts.values())
    print(f"{len(verdicts)} files compared, {wrong} differ")
    return 1 if wrong else 0


def compare(committed: Path, fresh: Path, path: Path) -> Verdict:
    old, new = committed / path, fresh / path
    if not old.is_file():
        return Verdict(False, "not in the folder")
    if old.read_bytes() == new.read_bytes():
        return Verdict(True, "same bytes")
    if path.suffix == ".onnx":
        return compare_models(old, new, committed / "samples.parquet")
    if path.suffix == ".parquet":
        return compare_tables(pq.read_table(old), pq.read_table(new))
    difference = json_difference(json.loads(old.read_text()), json.loads(new.read_text()))
    return Verdict(not difference, f"other bytes, {difference or 'same values'}")


def compare_models(old: Path, new: Path, samples: Path) -> Verdict:
    rows = features_of(pq.read_table(samples).to_pandas())
    before, after = run(old, rows), run(new, rows)
    labels = int(np.sum(before.labels != after.labels))
    apart = float(np.max(np.abs(before.probabilities - after.probabilities)))
    text = f"other bytes; on the samples {labels} other labels, scores at most {apart:.1e} apart"
    return Verdict(labels == 0 and apart <= SCORE_TOLERANCE, text)


def compare_tables(old: pa.Table, new: pa.Table) -> Verdict:
    if old.schema != new.schema or old.num_rows != new.num_rows:
        return Verdict(False, "other columns or another number of rows")
    for name in old.column_names:
        if name in SCORE_COLUMNS:
            before, after = old[name].to_numpy(), new[name].to_numpy()
            same = bool(np.allclose(before, after, rtol=0, atol=SCORE_TOLERANCE))
        else:
            same = old[name].equals(new[name])
        if not same:
            return Verdict(False, f"column {name}")
    return Verdict(True, "other bytes, same values")


def json_difference(old: Any, new: Any, at: str = "$") -> str | None:
    """The first place where two JSON values differ; numbers by more than SCORE_TOLERANCE."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        parts = (json_difference(old[key], new[key], f"{at}.{key}") for key in old)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        parts = (json_difference(a, b, f"{at}[{i}]") for i, (a, b) in pairs)
    elif isinstance(old, float) and isinstance(new, float):
        close = abs(old - new) <= SCORE_TOLERANCE
        return None if close else f"{at} was {old}, is {new}"
    else:
        return None if old == new else f"{at} was {old}, is {new}"
    return next((part for part in parts if part), None)


if __name__ == "__main__":
    sys.exit(main())
