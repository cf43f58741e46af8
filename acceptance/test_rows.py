"""Every scored row is in the Parquet files, typed, and three readers agree on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest

import skeg

FLAGS = ["--roll-age", "200ms", "--replica", "acceptance-1"]
BATCH = 50


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Iterator[dict]:
    """A store with 2,000 sample rows scored at each deployment, and what was answered."""
    folder = tmp_path_factory.mktemp("rows")
    answers = {}
    with skeg.serving(folder, *FLAGS) as server:
        rows = samples[skeg.FEATURES].to_numpy(np.float32)[:2000]
        with server.client() as client:
            for deployment in ["green", "blue"]:
                for start in range(0, len(rows), BATCH):
                    name = f"{deployment}-{start}"
                    body = skeg.matrix(rows[start : start + BATCH], id=name)
                    answers[name] = client.infer(body, deployment).json()
        assert server.terminate() == 0, server.logs()
    yield {"rows": server.store / "rows" / "v1", "answers": answers, "features": rows}


def files(rows: Path) -> str:
    return f"{rows}/**/*.parquet"


def test_each_row_is_there_once_with_its_inputs_and_outputs(scored: dict) -> None:
    # One deployment at a time: a reader of the whole tree takes its columns from the first file, and
    # the two versions name their outputs differently.
    tables = [pd.read_parquet(folder) for folder in scored["rows"].glob("endpoint=*/deployment=*")]
    assert [len(table) for table in tables] == [len(scored["features"])] * 2
    for table in tables:
        check_against_the_answers(table, scored)


def check_against_the_answers(table: pd.DataFrame, scored: dict) -> None:
    assert not table.duplicated(["request_id", "row_index"]).any()
    for (request_id,), rows in table.groupby(["request_id"]):
        rows = rows.sort_values("row_index")
        answer = scored["answers"][request_id]
        start = int(request_id.split("-")[1])
        assert rows["row_index"].tolist() == list(range(BATCH))
        features = rows[[f"in.{name}" for name in skeg.FEATURES]].to_numpy()
        np.testing.assert_array_equal(features, scored["features"][start : start + BATCH])
        for output in answer["outputs"]:
            prefix = f"out.{output['name']}"
            columns = [name for name in rows if name == prefix or name.startswith(f"{prefix}.")]
            logged = rows[columns].to_numpy().reshape(-1)
            np.testing.assert_allclose(logged, np.array(output["data"]), rtol=1e-6)


def test_columns_are_typed_and_say_where_a_row_comes_from(scored: dict) -> None:
    dataset = pa.dataset.dataset(scored["rows"], partitioning="hive")
    types = {field.name: field.type for field in dataset.schema}
    assert all(types[f"in.{name}"] == pa.float32() for name in skeg.FEATURES)
    assert types["event_time"] == pa.timestamp("us", tz="UTC")
    assert not [name for name, kind in types.items() if pa.types.is_binary(kind)]
    table = dataset.to_table().to_pandas()
    assert set(zip(table["deployment_name"].astype(str), table["model_version"].astype(str))) == {
        ("green", "1"),
        ("blue", "2"),
    }
    assert set(table["endpoint_name"].astype(str)) == {"fraud"}
    assert (table["latency_us"] > 0).all()
    assert not table["event_id"].duplicated().any()
    assert set(table["status"]) == {200} and set(table["sampled_weight"]) == {1.0}
    # The requests named their deployments.
    assert table["route_named"].all() and set(table["route_weight"]) == {90.0, 10.0}
    assert (table["received_at"] >= table["event_time"]).all()
    assert table["sticky_hash"].isna().all()
    now = pd.Timestamp.now(tz="UTC")
    assert ((now - table["event_time"]) < pd.Timedelta(minutes=10)).all()


def test_duckdb_reads_the_tree_with_its_partitions(scored: dict) -> None:
    query = f"""
        SELECT endpoint, deployment, version, count(*), count(DISTINCT request_id)
        FROM read_parquet('{files(scored["rows"])}', hive_partitioning = true)
        GROUP BY ALL ORDER BY deployment
    """
    found = [tuple(map(str, row)) for row in duckdb.sql(query).fetchall()]
    requests = str(len(scored["features"]) // BATCH)
    rows = str(len(scored["features"]))
    assert found == [("fraud", "blue", "2", rows, requests), ("fraud", "green", "1", rows, requests)]


def test_the_path_names_the_replica_and_the_hour(scored: dict) -> None:
    for path in scored["rows"].rglob("*.parquet"):
        keys = dict(part.split("=") for part in path.relative_to(scored["rows"]).parts[:-1])
        assert list(keys) == ["endpoint", "deployment", "model", "version", "date", "hour"]
        hours = pd.read_parquet(path, columns=["event_time"])["event_time"].dt.strftime("%Y-%m-%d %H")
        assert set(hours) == {f"{keys['date']} {keys['hour']}"}
        assert path.name.startswith("acceptance-1-")


def test_a_person_sees_rows_while_the_server_runs(folder: Path) -> None:
    with skeg.serving(folder, *FLAGS) as server:
        with server.client() as client:
            client.infer((skeg.EXAMPLE / "request.json").read_bytes())
        rows = server.store / "rows" / "v1"
        found = skeg.until("a row file", lambda: list(rows.rglob("*.parquet")))
        assert len(pd.read_parquet(found[0])) == 1
