"""The drift verdict over real row files: unshifted traffic passes, shifted traffic is flagged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skeg


def replay(folder: Path, rows: np.ndarray) -> Path:
    """Scores `rows` one by one, in their order, under the demo's weights; the store they went to.

    One by one: the rows are in time order, and a batch of neighbours that all go to one deployment
    would be a real shift of its hours.
    """
    with skeg.serving(folder) as server:
        with server.client() as client:
            for row in rows:
                assert client.infer(skeg.matrix([row])).status == 200
        assert server.terminate() == 0, server.logs()
    return server.store


def analyze(store: Path, *flags: str) -> tuple[int, str]:
    done = skeg.run("drift", "analyze", "--store", str(store), "--endpoint", "fraud", *flags)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def lines_of(table: str) -> dict[str, str]:
    """The table's line of each feature."""
    found = {}
    for line in table.splitlines():
        if line.split() and line.split()[0] in skeg.FEATURES:
            assert line.split()[0] not in found, "one line a feature"
            found[line.split()[0]] = line
    return found


@pytest.fixture
def rows(samples: pd.DataFrame) -> np.ndarray:
    return samples[skeg.FEATURES].to_numpy(np.float32)


def test_the_sample_requests_as_they_are_do_not_drift(folder: Path, rows: np.ndarray) -> None:
    # So many that a tenth of them, blue's share, is enough to rule out a distance as large as the threshold.
    store = replay(folder, np.concatenate([rows] * 3))
    code, table = analyze(store)
    assert code == 0
    lines = lines_of(table)
    assert set(lines) == set(skeg.FEATURES), table
    assert not [line for line in lines.values() if "drift" in line], table
    code, report = analyze(store, "--json")
    assert json.loads(report)["verdict"] == "ok"
    assert analyze(store, "--fail-on-drift")[0] == 0


def test_a_shifted_replay_is_flagged_by_feature(folder: Path, rows: np.ndarray) -> None:
    shifted = rows.copy()
    shifted[:, skeg.FEATURES.index("amount")] *= 3
    store = replay(folder, shifted)
    code, table = analyze(store)
    assert code == 0
    lines = lines_of(table)
    assert "drift" in lines["amount"], table
    quiet = [name for name in skeg.FEATURES if name != "amount"]
    assert not [name for name in quiet if "drift" in lines[name]], table
    assert json.loads(analyze(store, "--json")[1])["verdict"] == "drift"
    assert analyze(store, "--fail-on-drift")[0] == 2


def test_no_rows_is_insufficient_data_not_ok(folder: Path) -> None:
    with skeg.serving(folder) as server:
        assert server.terminate() == 0
    code, report = analyze(server.store, "--json")
    assert code == 0
    assert json.loads(report)["verdict"] == "insufficient data"


def test_an_unknown_endpoint_is_named(folder: Path) -> None:
    with skeg.serving(folder) as server:
        assert server.terminate() == 0
    done = skeg.run("drift", "analyze", "--store", str(server.store), "--endpoint", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def test_a_model_is_registered_with_its_training_rows(folder: Path, rows: np.ndarray) -> None:
    """Live data of a model that somebody registered is compared with the rows that it came with."""
    store, example = folder / "store", skeg.EXAMPLE
    register = ["models", "register", str(example / "models" / "1" / "model.onnx"), "--store", str(store)]
    names = ["--features", "features=" + ",".join(skeg.FEATURES)]
    no_rows = skeg.run(*register, "--model", "fraud:1", *names, "--baseline", str(example / "endpoint.yaml"))
    assert no_rows.returncode == 1 and "endpoint.yaml" in no_rows.stderr, no_rows.stderr
    done = skeg.run(*register, "--model", "fraud:1", *names, "--baseline", str(example / "baseline.parquet"))
    assert done.returncode == 0, done.stderr
    (store / "endpoints").mkdir(parents=True, exist_ok=True)
    (store / "endpoints" / "fraud.yaml").write_text(json.dumps(skeg.spec({"only": "fraud:1"}, {"only": 100})))
    with skeg.serving(folder, command="serve", store=store) as server:
        with server.client() as client:
            assert client.infer(skeg.matrix(rows)).status == 200
        assert server.terminate() == 0, server.logs()
    code, table = analyze(store)
    assert code == 0 and set(lines_of(table)) == set(skeg.FEATURES), table
