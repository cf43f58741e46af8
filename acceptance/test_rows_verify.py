"""`skeg rows verify`: the rows of a real server add up, and whatever is amiss in the store is named."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skeg

ROWS = 600
BATCH = 20


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Iterator[Path]:
    """A store with rows of both deployments; nobody serves it any more."""
    folder = tmp_path_factory.mktemp("verify")
    rows = samples[skeg.FEATURES].to_numpy(np.float32)[:ROWS]
    with skeg.serving(folder, "--roll-age", "200ms", "--replica", "verify-1") as server:
        with server.client() as client:
            for deployment in ["green", "blue"]:
                for start in range(0, ROWS, BATCH):
                    assert client.infer(skeg.matrix(rows[start : start + BATCH]), deployment).status == 200
        assert server.terminate() == 0, server.logs()
    yield server.store


@pytest.fixture
def store(scored: Path, folder: Path) -> Path:
    return Path(shutil.copytree(scored, folder / "store"))


def verify(store: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return skeg.run("rows", "verify", "--store", str(store), "--endpoint", "fraud", *flags)


def rows_files(store: Path) -> list[Path]:
    return sorted((store / "rows" / "v1").rglob("*.parquet"))


def hour_of(file: Path) -> str:
    """The hour as the table has it."""
    date, hour = (part.split("=")[1] for part in file.parts[-3:-1])
    return f"{date}T{hour}:00Z"


def refused(store: Path, file: Path) -> str:
    """What is printed when the hour of a file does not hold."""
    done = verify(store)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "do not add up" in done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(hour_of(file))]
    assert lines[0].endswith("NO"), done.stdout
    return "\n".join(lines[1:])


def test_a_sound_store_holds_and_its_sums_are_those_of_pandas(store: Path) -> None:
    done = verify(store)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert f"{2 * ROWS} rows offered" in last and f"{2 * ROWS} found" in last and last.endswith("yes")
    done = verify(store, "--json")
    assert done.returncode == 0
    hours = json.loads(done.stdout)["hours"]
    read = pd.concat(pd.read_parquet(file, columns=["event_time", "deployment_name"]) for file in rows_files(store))
    read["hour"] = read["event_time"].dt.strftime("%Y-%m-%dT%H:00Z")
    counted = read.groupby(["hour", "deployment_name"]).size().to_dict()
    for kind in ["offered", "spooled", "said", "found"]:
        said = {(hour["hour"], name): it[kind] for hour in hours for name, it in hour["deployments"].items()}
        assert said == counted, kind
    for hour in hours:
        assert hour["holds"] == "yes" and hour["why"] == [] and hour["pending"] == 0
        assert set(hour["dropped"].values()) == {0} and set(hour["dropped"]) == {"spool_full", "closed", "shape"}
        assert set(hour["lost"]) == {"encode", "put", "expired", "torn", "shutdown"}
    assert sum(hour["files"] for hour in hours) == len(rows_files(store))


def test_a_deleted_file_is_missed(store: Path) -> None:
    file = rows_files(store)[0]
    file.unlink()
    assert "rows said to be in files" in refused(store, file)


def test_a_file_copied_under_another_number_is_noticed(store: Path) -> None:
    file = rows_files(store)[0]
    stem = file.stem.rsplit("-", 1)[0]
    shutil.copy(file, file.with_name(f"{stem}-00099999.parquet"))
    assert "rows said to be in files" in refused(store, file)


def test_a_corrupt_file_is_named(store: Path) -> None:
    file = rows_files(store)[0]
    file.write_bytes(b"PAR1 this is no Parquet file PAR1")
    assert file.name in refused(store, file)


def test_only_the_hours_of_the_window_are_looked_at(store: Path) -> None:
    for file in rows_files(store):
        file.unlink()
    done = verify(store, "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z")
    assert done.returncode == 0 and "0 hours" in done.stdout, done.stdout + done.stderr


def test_what_makes_no_sense_is_refused(store: Path) -> None:
    done = verify(store, "--from", "2020-01-02T00:00:00Z", "--to", "2020-01-01T00:00:00Z")
    assert done.returncode == 78 and "2020-01-01" in done.stderr
    done = skeg.run("rows", "verify", "--store", str(store), "--endpoint", "nobody")
    assert done.returncode == 1 and "nobody" in done.stderr


def test_the_accounts_of_a_killed_server_are_pending_until_the_next_start(folder: Path) -> None:
    with skeg.serving(folder, "--roll-age", "1h") as server:
        with server.client() as client:
            assert client.infer(skeg.matrix([[1.0] * len(skeg.FEATURES)] * 7)).status == 200
        server.process.kill()
        server.process.wait()
    # Nothing is said of rows in the spool until they are planned.
    assert verify(server.store).returncode == 0
    with skeg.serving(folder, "--roll-age", "200ms") as server:
        skeg.until("the rows", lambda: rows_files(server.store))
        assert server.terminate() == 0, server.logs()
    done = verify(server.store)
    assert done.returncode == 0 and "7 rows offered" in done.stdout and done.stdout.rstrip().endswith("yes")


def test_a_running_server_holds_too(folder: Path) -> None:
    """Files are on their way while they are looked for."""
    with skeg.serving(folder, "--roll-age", "50ms") as server, server.client() as client:
        for _ in range(8):
            for _ in range(50):
                assert client.infer(skeg.matrix([[1.0] * len(skeg.FEATURES)])).status == 200
            done = verify(server.store)
            assert done.returncode == 0, done.stdout + done.stderr
