"""`skeg rows export`: the rows of a real server in one file, against what pandas makes of the same store."""

from __future__ import annotations

import base64
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import skeg

ROWS = 400
BATCH = 20
KEY = ["request_id", "row_index"]
LABELS = "/endpoints/fraud/labels"


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Iterator[Path]:
    """A store with rows of two deployments of two versions, a third of them labelled; nobody serves it any more."""
    folder = tmp_path_factory.mktemp("export")
    rows = samples[skeg.FEATURES].to_numpy(np.float32)[:ROWS]
    with skeg.serving(folder, "--roll-age", "100ms") as server, server.client() as client:
        for deployment in ["green", "blue"]:
            for start in range(0, ROWS, BATCH):
                body = skeg.matrix(rows[start : start + BATCH], id=f"{deployment}-{start}")
                assert client.infer(body, deployment).status == 200

        def post(index: int, label: object, time: str) -> None:
            many = [{"request_id": f"green-{start}", "row_index": index, "label": label, "time": time} for start in range(0, ROWS, BATCH)]
            assert client.request("POST", LABELS, many).status == 200

        post(3, 1, "2026-11-27T05:00:00Z")
        post(4, "a, \"cat\"", "2026-11-27T05:00:00Z")
        # Relabelled: the later time holds, whichever came last; of the same time the last that came.
        post(5, 0, "2026-11-27T05:00:00Z")
        post(5, 1, "2026-11-27T06:00:00Z")
        post(6, 1, "2026-11-27T06:00:00Z")
        post(6, 0, "2026-11-27T05:00:00Z")
        post(7, 0, "2026-11-27T05:00:00Z")
        post(7, 0.5, "2026-11-27T05:00:00Z")
        assert client.request("POST", LABELS, {"request_id": "nobody", "label": 1}).status == 200
        assert server.terminate() == 0, server.logs()
    yield server.store


@pytest.fixture
def store(scored: Path, folder: Path) -> Path:
    return Path(shutil.copytree(scored, folder / "store"))


def export(store: Path, output: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return skeg.run("rows", "export", "--store", str(store), "--endpoint", "fraud", "--output", str(output), *flags)


def exported(store: Path, *flags: str, name: str = "rows.parquet") -> pd.DataFrame:
    """What is exported, by the row."""
    output = store.parent / name
    done = export(store, output, "--force", *flags)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    assert [path.name for path in store.parent.glob(".skeg-export*")] == []
    table = pd.read_parquet(output) if output.suffix == ".parquet" else pd.read_csv(output)
    assert done.stdout.startswith(f"{len(table)} rows")
    return table


def stored(store: Path) -> pd.DataFrame:
    """All rows of the store as pandas has them."""
    files = sorted((store / "rows").rglob("*.parquet"))
    return pd.concat([pq.ParquetFile(file).read().to_pandas() for file in files], ignore_index=True)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert set(found.columns) == set(expected.columns)
    one, other = (table.sort_values("event_id", ignore_index=True)[sorted(expected.columns)] for table in (found, expected))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def truth(store: Path) -> pd.DataFrame:
    """The label of each row that has one, as pandas finds it."""
    files = sorted((store / "labels").rglob("*.parquet"))
    labels = pd.concat([pq.ParquetFile(file).read().to_pandas() for file in files], ignore_index=True)
    labels = labels.sort_values(["label_time", "received_at"]).drop_duplicates(KEY, keep="last")
    return labels[[*KEY, "label", "label_value", "label_time"]]


def test_all_rows_of_two_versions_are_in_one_typed_file(store: Path) -> None:
    expected = stored(store)
    assert len(expected) == 2 * ROWS
    same(exported(store), expected)
    file = pq.ParquetFile(store.parent / "rows.parquet")
    types = {field.name: field.type for field in file.schema_arrow}
    for path in (store / "rows").rglob("*.parquet"):
        for field in pq.ParquetFile(path).schema_arrow:
            assert types[field.name] == field.type
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    # What only one of the versions has is null for the other.
    versions = {frame["model_version"].iloc[0]: set(frame.dropna(axis=1, how="all")) for _, frame in expected.groupby("model_version")}
    assert versions["1"] != versions["2"], "the demo's versions name their outputs differently"


def test_csv_has_the_same_rows(store: Path) -> None:
    expected = stored(store)
    exported(store, name="rows.csv")
    table = pa.csv.read_csv(store.parent / "rows.csv").to_pandas()
    assert list(table) == list(exported(store))
    table = table.sort_values("event_id", ignore_index=True)
    expected = expected.sort_values("event_id", ignore_index=True)
    assert len(table) == len(expected) and set(table) == set(expected)
    for name in table:
        if pd.api.types.is_float_dtype(expected[name]):
            np.testing.assert_array_equal(table[name].astype(expected[name].dtype), expected[name], name)
        elif name.endswith(("_time", "received_at")):
            assert (pd.to_datetime(table[name], utc=True) == expected[name]).all(), name
        else:
            found = table[name].astype(str).where(table[name].notna())
            assert found.equals(expected[name].astype(str).where(expected[name].notna()).astype(found.dtype)), name
    # The name does not decide when the format is said.
    done = export(store, store.parent / "odd.csv", "--format", "parquet")
    assert done.returncode == 0
    assert pq.ParquetFile(store.parent / "odd.csv").metadata.num_rows == len(expected)


def test_the_window_and_the_filters_take_exactly_their_rows(store: Path) -> None:
    all_rows = stored(store)
    times = all_rows["event_time"].sort_values(ignore_index=True)
    start, end = times[len(times) // 4], times[3 * len(times) // 4]
    assert start < end
    window = ["--from", start.isoformat(), "--to", end.isoformat()]
    within = all_rows[(all_rows["event_time"] >= start) & (all_rows["event_time"] < end)]
    assert 0 < len(within) < len(all_rows)
    same(exported(store, *window), within)
    green = all_rows["deployment_name"] == "green"
    for flags, rows in [
        (["--deployment", "green"], all_rows[green]),
        (["--model", "fraud:2"], all_rows[all_rows["model_version"] == "2"]),
        (["--model", "fraud"], all_rows),
        (["--model", "fraud:1", "--deployment", "green", *window], within[within["deployment_name"] == "green"]),
    ]:
        found = exported(store, *flags)
        assert len(rows)
        same(found, rows[list(found)])
        assert rows.drop(columns=list(found)).isna().all(axis=None), "only columns that none of the rows has are away"
    columns = ["row_index", f"in.{skeg.FEATURES[1]}", "request_id"]
    found = exported(store, "--columns", ",".join(columns))
    assert list(found) == columns
    both = [table.sort_values(KEY, ignore_index=True) for table in (found, all_rows[columns])]
    pd.testing.assert_frame_equal(*both)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_labels_are_those_that_pandas_joins(store: Path, name: str) -> None:
    found = exported(store, "--labels", name=name).sort_values("event_id", ignore_index=True)
    joined = stored(store).merge(truth(store), on=KEY, how="left").sort_values("event_id", ignore_index=True)
    assert (found["event_id"] == joined["event_id"]).all()
    labels = found["label"].astype("object").where(found["label"].notna(), None)
    assert labels.tolist() == joined["label"].astype("object").where(joined["label"].notna(), None).tolist()
    np.testing.assert_array_equal(found["label_value"], joined["label_value"])
    pd.testing.assert_series_equal(pd.to_datetime(found["label_time"], utc=True), joined["label_time"], check_dtype=False)
    held = found[found["request_id"] == "green-40"].set_index("row_index")
    assert held["label"].dropna().to_dict() == {3: "1", 4: "a, \"cat\"", 5: "1", 6: "1", 7: "0.5"}
    assert found[found["deployment_name"] == "blue"]["label"].isna().all()
    done = export(store, store.parent / f"more-{name}", "--labels", "--columns", "event_id")
    assert done.returncode == 0 and f"{found['label'].notna().sum()} with a label" in done.stdout
    if name.endswith("parquet"):
        kinds = pq.ParquetFile(store.parent / "more-rows.parquet").schema_arrow
        assert [(field.name, field.type) for field in kinds] == [
            ("event_id", pa.string()), ("label", pa.string()), ("label_value", pa.float64()),
            ("label_time", pa.timestamp("us", "UTC")),
        ]


def test_types_that_differ_are_widened(store: Path) -> None:
    """A third version whose first feature is whole and whose second is text."""
    file = min((store / "rows").rglob("version=2/**/*.parquet"))
    table = pq.ParquetFile(file).read()
    number, text = (f"in.{name}" for name in skeg.FEATURES[:2])
    size = table.num_rows
    for name, values in [(number, pa.array(range(size), pa.int32())), (text, pa.array(["x"] * size))]:
        table = table.set_column(table.column_names.index(name), pa.field(name, values.type), values)
    third = Path(str(file).replace("version=2", "version=3"))
    third.parent.mkdir(parents=True)
    pq.write_table(table.set_column(table.column_names.index("model_version"), "model_version", pa.array(["3"] * size)), third)
    found = exported(store)
    kinds = {field.name: field.type for field in pq.ParquetFile(store.parent / "rows.parquet").schema_arrow}
    assert (kinds[number], kinds[text]) == (pa.float64(), pa.string())
    rows = found[found["model_version"] == "3"]
    assert rows[number].tolist() == list(range(size)) and set(rows[text]) == {"x"}
    others = found[found["model_version"] != "3"].sort_values("event_id", ignore_index=True)
    expected = stored(store)
    expected = expected[expected["model_version"] != "3"].sort_values("event_id", ignore_index=True)
    np.testing.assert_array_equal(others[number], expected[number].astype(float))
    np.testing.assert_array_equal(others[text].astype(float).astype(np.float32), expected[text].astype(np.float32))


def test_a_file_is_there_whole_or_not_at_all(store: Path) -> None:
    output = store.parent / "rows.parquet"
    output.write_text("mine")
    done = export(store, output)
    assert done.returncode == 78 and "--force" in done.stderr and output.read_text() == "mine"
    file = min((store / "rows").rglob("*.parquet"))
    kept = file.read_bytes()
    file.write_bytes(kept[: len(kept) // 2])
    done = export(store, output, "--force")
    assert done.returncode == 1 and file.name in done.stderr and output.read_text() == "mine"
    file.write_bytes(kept)
    assert export(store, output, "--force").returncode == 0
    assert pq.ParquetFile(output).metadata.num_rows == 2 * ROWS
    assert output.stat().st_mode & 0o044 == 0o044, "others may read it, as any file"
    assert not list(store.parent.glob(".skeg-export*"))
    assert export(store, store.parent / "none" / "rows.parquet").returncode == 1
    assert export(store, store, "--force").returncode == 78, "a folder"


def test_no_row_in_the_window_is_a_file_without_rows(store: Path) -> None:
    """Of an hour that has rows, before the first of them."""
    first = stored(store)["event_time"].min()
    found = exported(store, "--from", (first - pd.Timedelta("1us")).isoformat(), "--to", first.isoformat())
    assert len(found) == 0 and "in." + skeg.FEATURES[0] in found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    """Stopped while it waits for a store that takes calls and never answers."""
    output = folder / "rows.parquet"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = {
            "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}/account",
            "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"key").decode(),
        }
        done = subprocess.Popen(
            [skeg.BINARY, "rows", "export", "--store", "az://account/store", "--endpoint", "fraud", "--output", output],
            stderr=subprocess.PIPE, text=True, env=skeg.environment() | variables,
        )
        call, _ = silent.accept()
        with call:
            assert len(list(folder.glob(".skeg-export*"))) == 1
            done.send_signal(number)
            _, said = done.communicate(timeout=30)
    assert done.returncode == 1 and "signal" in said, said
    assert not output.exists() and not list(folder.glob(".skeg-export*"))


def test_what_makes_no_sense_is_refused(store: Path) -> None:
    output = store.parent / "rows.parquet"
    for flags, code, why in [
        (["--from", "2020-01-02T00:00:00Z", "--to", "2020-01-01T00:00:00Z"], 78, "2020-01-01"),
        (["--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"], 1, "no file of such rows"),
        (["--columns", "row_index,in.nothing"], 78, "in.nothing"),
        (["--columns", "row_index,row_index"], 78, "row_index"),
        (["--deployment", "red"], 1, "no file of such rows"),
        (["--model", "fraud:"], 64, "--model"),
        (["--format", "xml"], 64, "--format"),
    ]:
        done = export(store, output, *flags)
        assert (done.returncode, why in done.stderr) == (code, True), (flags, done.stderr)
        assert not output.exists()
    done = skeg.run("rows", "export", "--store", str(store), "--endpoint", "nobody", "--output", str(output))
    assert done.returncode == 1 and "nobody" in done.stderr
