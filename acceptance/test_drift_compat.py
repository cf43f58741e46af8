"""`skeg drift analyze --compat`: the numbers that Evidently, NannyML and Azure ML give for the same two files.

Evidently and NannyML themselves say what is right, each in an environment of its own (`tools/evidently`, `tools/nannyml`). Azure's
formulas run on Spark; `azure` below is their arithmetic in NumPy and SciPy.
"""

from __future__ import annotations

import bisect
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

import drift_samples
import skeg

PAIRS = drift_samples.pairs()
NAMES = list(PAIRS)
TOOLS = Path(__file__).resolve().parent / "tools"

# Agreement in a share of the value alone, however small the probability.
PROBABILITIES = {"ks", "chisquare", "TwoSampleKolmogorovSmirnovTest", "PearsonsChiSquaredTest", "exact_ks_p"}
# Roots of a difference of two sums: between equal samples they are what rounding makes of 0.
ROOTS = {"hellinger", "jensenshannon", "jensen_shannon", "JensenShannonDistance"}


# Sums of 32-bit floats, of which the tools keep seven digits at best.
SINGLES = 1e-5


def agree(metric: str, ours: float | None, theirs: float | None, singles: bool = False) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    if singles and metric in {"wasserstein", "hellinger"}:
        return math.isclose(ours, theirs, rel_tol=SINGLES)
    if metric in ROOTS and max(ours, theirs) < 1e-7:
        return True
    if metric == "z":
        # Evidently subtracts from 1: no digit below 1e-16 means anything.
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-15)
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=0.0 if metric in PROBABILITIES else 1e-12)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    for name, (baseline, current) in PAIRS.items():
        (folder / name).mkdir()
        for side, table in (("baseline", baseline), ("current", current)):
            # Without pandas' own notes, as from any other writer: integers with nulls come back as floats.
            bare = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(bare, folder / name / f"{side}.parquet")
    return folder


def said_by(tool: str, files: Path) -> dict[str, Any]:
    python = skeg.ROOT / "target" / "tools" / tool / "bin" / "python"
    variables = {"PYTHONWARNINGS": "ignore", "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    done = subprocess.run(
        [python, TOOLS / tool / "compare.py", files], capture_output=True, text=True, timeout=300, check=False,
        env=skeg.environment() | variables, cwd=files,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def evidently(files: Path) -> dict[str, Any]:
    return said_by("evidently", files)


@pytest.fixture(scope="session")
def nannyml(files: Path) -> dict[str, Any]:
    return said_by("nannyml", files)


def analyze(folder: Path, *flags: str, ending: str = "parquet") -> tuple[int, str]:
    sides = [f"--{side}={folder / side}.{ending}" for side in ("baseline", "current")]
    done = skeg.run("drift", "analyze", *sides, *flags)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def compared(folder: Path, *flags: str, ending: str = "parquet") -> dict[str, Any]:
    code, text = analyze(folder, "--json", *flags, ending=ending)
    assert code == 0
    report = json.loads(text)
    assert report["format"] == "skeg-drift-comparison/1"
    return report


def columns(report: dict[str, Any]) -> dict[str, Any]:
    return {column["column"]: column for column in report["columns"]}


def metrics(column: dict[str, Any]) -> dict[str, Any]:
    return {metric["metric"]: metric for metric in column["metrics"]}


@pytest.mark.parametrize("name", NAMES)
def test_as_evidently_has_them(files: Path, evidently: dict[str, Any], name: str) -> None:
    report = compared(files / name, "--compat", "evidently")
    ours, theirs = columns(report), evidently[name]
    singles = name.startswith("singles")
    verdicts = []
    for column, said in theirs.items():
        if "metrics" not in said:
            assert column not in ours, (column, said)
            continue
        found = metrics(ours[column])
        assert ours[column]["kind"] == {"num": "numeric", "cat": "categorical"}[said["kind"]], column
        for metric, value in said["metrics"].items():
            assert agree(metric, found[metric]["value"], value, singles), (column, metric, found[metric]["value"], value)
        [chosen] = [metric for metric in found.values() if metric["decides"]]
        assert (chosen["metric"], chosen["threshold"]) == (said["chosen"], said["threshold"]), column
        assert agree(chosen["metric"], chosen["value"], said["value"], singles), (column, chosen, said)
        assert chosen["drift"] == ours[column]["drift"] == said["drift"], (column, chosen)
        verdicts.append(said["drift"])
    assert set(ours) | {left["column"] for left in report["not_compared"]} == set(theirs)
    assert report["drift"] == (2 * sum(verdicts) >= len(verdicts) if verdicts else None)


@pytest.mark.parametrize("name", NAMES)
def test_as_nannyml_has_them(files: Path, nannyml: dict[str, Any], name: str) -> None:
    ours = columns(compared(files / name, "--compat", "nannyml"))
    singles = name.startswith("singles")
    for column, methods in nannyml[name].items():
        if column not in ours:
            assert all("error" in said or said["value"] is None for said in methods.values()), (column, methods)
            continue
        found = metrics(ours[column])
        for method, said in methods.items():
            value = said.get("value")
            assert agree(method, found[method]["value"], value, singles), (column, method, found[method]["value"], value)
            if value is None:
                continue
            decides = found["chi2_p" if method == "chi2" else method]
            if method != "chi2":
                threshold = said["upper_threshold"]
                assert agree(method, decides["threshold"], threshold, singles), (column, method, decides, said)
                if abs(value - threshold) < 1e-12:
                    continue
            assert decides["drift"] == said["alert"], (column, method, decides, said)


@pytest.mark.parametrize("name", NAMES)
def test_as_azure_has_them(files: Path, name: str) -> None:
    report = compared(files / name, "--compat", "azure")
    ours = columns(report)
    baseline, current = (side.dropna() for side in PAIRS[name])
    assert report["baseline"]["dropped"] == len(PAIRS[name][0]) - len(baseline)
    assert report["current"]["dropped"] == len(PAIRS[name][1]) - len(current)
    if baseline.empty or current.empty:
        assert not ours
        return
    assert set(ours) == set(baseline.columns)
    for column in ours:
        categorical = azure_takes_for_categories(PAIRS[name][0][column])
        kind = "categorical" if categorical else "numeric"
        assert ours[column]["kind"] == kind, column
        expected = (azure_categorical if categorical else azure_numeric)(baseline[column], current[column])
        found = metrics(ours[column])
        assert set(found) == set(expected)
        for metric, value in expected.items():
            assert agree(metric, found[metric]["value"], value), (column, metric, found[metric]["value"], value)
        deciding = "JensenShannonDistance" if categorical else "NormalizedWassersteinDistance"
        assert [m for m in found if found[m]["decides"]] == [deciding]
        value = expected[deciding]
        assert found[deciding]["drift"] == (None if value is None else value > 0.1)


def azure_takes_for_categories(column: pd.Series) -> bool:
    if not pd.api.types.is_integer_dtype(column):
        return not pd.api.types.is_float_dtype(column)
    return column.nunique(dropna=False) / len(column) < 0.05


def azure_numeric(baseline: pd.Series, current: pd.Series) -> dict[str, float | None]:
    a, b = baseline.to_numpy(float), current.to_numpy(float)
    finite = np.isfinite(a).all() and np.isfinite(b).all()
    found: dict[str, float | None] = {
        "TwoSampleKolmogorovSmirnovTest": stats.ks_2samp(a, b).pvalue,
        "NormalizedWassersteinDistance": stats.wasserstein_distance(a, b) / max(a.std(ddof=1), 0.001) if finite else None,
        "PopulationStabilityIndex": None,
        "JensenShannonDistance": None,
    }
    if finite:
        low, high = min(a.min(), b.min()), max(a.max(), b.max())
        bins = math.ceil(math.log2(min(len(a), len(b))) + 1)
        delta = 0.005 if low == 0 else abs(low * 0.005)
        width = (high - low) / bins
        edges = [low - delta, low + delta] if low == high else [low + k * width for k in range(bins + 1)]
        counts = [spark_histogram(side, edges) for side in (a, b)]
        found["PopulationStabilityIndex"] = laplace_psi(*counts, len(a), len(b))
        found["JensenShannonDistance"] = jensenshannon(*counts, base=2)
    return found


def spark_histogram(values: np.ndarray, edges: list[float]) -> np.ndarray:
    """PySpark's `RDD.histogram`: by division when the edges are even but for rounding."""
    steps = np.diff(edges)
    even = steps.max() - steps.min() < 1e-10
    width = (edges[-1] - edges[0]) / (len(edges) - 1)
    counts = np.zeros(len(edges))
    for value in values:
        if edges[0] <= value <= edges[-1]:
            counts[int((value - edges[0]) / width) if even else bisect.bisect_right(edges, value) - 1] += 1
    counts[-2] += counts[-1]
    return counts[:-1]


def azure_categorical(baseline: pd.Series, current: pd.Series) -> dict[str, float | None]:
    values = sorted(set(baseline) | set(current))
    r, c = (side.value_counts().reindex(values, fill_value=0).to_numpy(float) for side in (baseline, current))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stats.chisquare(c, r / len(baseline) * len(current)).pvalue
    return {
        "PopulationStabilityIndex": laplace_psi(r, c, len(baseline), len(current)),
        "JensenShannonDistance": jensenshannon(r, c, base=2),
        "PearsonsChiSquaredTest": None if math.isnan(p) else p,
    }


def laplace_psi(r: np.ndarray, c: np.ndarray, n: int, m: int) -> float:
    p, q = (r + 1) / (n + len(r)), (c + 1) / (m + len(c))
    return float(((q - p) * np.log(q / p)).sum())


@pytest.mark.parametrize("name", NAMES)
def test_exact_distances_are_scipys(files: Path, name: str) -> None:
    ours = columns(compared(files / name, "--exact"))
    numeric = PAIRS[name][0].select_dtypes("number").columns
    for column in numeric:
        a, b = (side[column].dropna().to_numpy(float) for side in PAIRS[name])
        if not (a.size and b.size):
            assert column not in ours
            continue
        found = metrics(ours[column])
        ks = stats.ks_2samp(a, b)
        assert agree("exact_ks", found["exact_ks"]["value"], ks.statistic)
        assert agree("exact_ks_p", found["exact_ks_p"]["value"], ks.pvalue)
        finite = np.isfinite(a).all() and np.isfinite(b).all()
        far = stats.wasserstein_distance(a, b) if finite else None
        assert agree("exact_wasserstein", found["exact_wasserstein"]["value"], far)
    assert set(ours) <= set(numeric)


def test_csv_files_are_the_same(files: Path, folder: Path) -> None:
    for name in ("few_integers_small", "categories_small", "missing"):
        for side, table in zip(("baseline", "current"), PAIRS[name], strict=True):
            table.to_csv(folder / f"{side}.csv", index=False)
        for tool in ("evidently", "azure"):
            csv = columns(compared(folder, "--compat", tool, "--exact", ending="csv"))
            parquet = columns(compared(files / name, "--compat", tool, "--exact"))
            # A CSV file does not say that its numbers are unsigned.
            unsigned = {"u9"}
            assert csv.keys() == parquet.keys()
            for column in csv.keys() - unsigned:
                assert csv[column] == parquet[column], (name, tool, column)


def test_the_table_and_the_exit_code_say_it_too(files: Path) -> None:
    code, table = analyze(files / "constants_apart", "--compat", "evidently", "--columns", "x", "--fail-on-drift")
    assert code == 2
    assert "verdict: drift: 1 of 1 columns" in table, table
    code, table = analyze(files / "normal_same", "--compat", "azure", "--fail-on-drift")
    assert code == 0
    assert "verdict: no drift: 0 of 1 columns" in table, table
    _, table = analyze(files / "missing", "--compat", "azure")
    dropped = len(PAIRS["missing"][0]) - len(PAIRS["missing"][0].dropna())
    assert f"{dropped} of them left out for a missing value" in table, table


def test_what_cannot_be_compared_is_named(files: Path, folder: Path) -> None:
    report = compared(files / "categories_small", "--compat", "evidently")
    assert {left["column"] for left in report["not_compared"]} == {"free", "maybe"}
    here, there = files / "ties", files / "texts"

    def refused(code: int, *args: str) -> str:
        done = skeg.run("drift", "analyze", *args)
        assert (done.returncode, done.stdout) == (code, ""), done
        return done.stderr

    both = ["--baseline", str(here / "baseline.parquet"), "--current", str(here / "current.parquet")]
    ours = skeg.run("drift", "analyze", *both)
    assert (ours.returncode, ours.stdout.splitlines()[-1]) == (0, "verdict: ok"), ours
    assert "--psi" in refused(64, *both, "--compat", "azure", "--psi", "0.1")
    assert "--store" in refused(64, *both, "--exact", "--store", "somewhere")
    assert "--endpoint" in refused(64, *both, "--exact", "--endpoint", "fraud")
    own = {"SKEG_STORE": "somewhere", "SKEG_ENDPOINT": "fraud", "SKEG_PSI": "0.1"}
    assert skeg.run("drift", "analyze", *both, "--exact", variables=own).returncode == 0
    assert "--current" in refused(64, *both[:2], "--exact")
    assert "--endpoint" in refused(64)
    assert "--store" in refused(64, "--endpoint", "fraud")
    assert "--compat" in refused(64, *both, "--exact", "--fail-on-drift")
    message = refused(1, *both, "--exact", "--columns", "nothing")
    assert "baseline.parquet" in message and "`nothing`" in message
    broken = folder / "broken.parquet"
    broken.write_bytes((here / "current.parquet").read_bytes()[:-20])
    assert "broken.parquet" in refused(1, *both[:2], "--current", str(broken), "--exact")
    assert "absent" in refused(1, *both[:2], "--current", str(there / "absent.csv"), "--exact")
