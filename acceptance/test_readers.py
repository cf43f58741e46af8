"""What data scientists read with: pandas, pyarrow, DuckDB and Polars on the whole tree of rows, with two schemas in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import onnx
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
from onnx import TensorProto

import skeg
from small_models import built

ROWS = 3
# (datatype, ONNX's, Arrow's, DuckDB's, Polars', values) of version 1's columns.
COLUMNS = {
    "amount": ("FP32", TensorProto.FLOAT, pa.float32(), "FLOAT", pl.Float32, [1.5, -2.25, 0.0]),
    "rate": ("FP64", TensorProto.DOUBLE, pa.float64(), "DOUBLE", pl.Float64, [0.1, 1e300, -3.0]),
    "age": ("INT64", TensorProto.INT64, pa.int64(), "BIGINT", pl.Int64, [1, -(2**62), 0]),
    "is_new": ("BOOL", TensorProto.BOOL, pa.bool_(), "BOOLEAN", pl.Boolean, [True, False, True]),
    "city": ("BYTES", TensorProto.STRING, pa.string(), "VARCHAR", pl.String, ["Bern", "", "São Paulo"]),
}
# Version 2 has other features: one is gone, one is new.
SECOND = {name: it for name, it in COLUMNS.items() if name != "age"} | {
    "score": ("FP32", TensorProto.FLOAT, pa.float32(), "FLOAT", pl.Float32, [7.0, 8.0, 9.0]),
}
VERSIONS = {"1": COLUMNS, "2": SECOND}
ALL = COLUMNS | SECOND


def model(columns: dict[str, Any]) -> onnx.ModelProto:
    """Each column comes back under another name."""
    nodes = [onnx.helper.make_node("Identity", [name], [f"{name}_out"]) for name in columns]
    sides = [{f"{name}{end}": (it[1], [None, 1]) for name, it in columns.items()} for end in ("", "_out")]
    return built("mixed", nodes, *sides)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store's folder after three rows were scored by each version."""
    folder = tmp_path_factory.mktemp("readers")
    store = folder / "store"
    (store / "endpoints").mkdir(parents=True)
    for version, columns in VERSIONS.items():
        onnx.save(model(columns), folder / "mixed.onnx")
        done = skeg.run("models", "register", str(folder / "mixed.onnx"), "--store", str(store), "--model", f"mixed:{version}")
        assert done.returncode == 0, done.stderr
    spec = skeg.spec({"old": "mixed:1", "new": "mixed:2"}, {"old": 50, "new": 50}, name="mixed")
    (store / "endpoints" / "mixed.yaml").write_text(json.dumps(spec))
    with skeg.serving(folder, command="serve", store=store) as server:
        with server.client() as client:
            for (version, columns), seat in zip(VERSIONS.items(), ["old", "new"]):
                inputs = [{"name": name, "shape": [ROWS, 1], "datatype": it[0], "data": it[5]} for name, it in columns.items()]
                reply = client.infer({"id": f"v{version}", "inputs": inputs}, seat, "/v2/models/mixed/infer")
                assert reply.status == 200, reply.body
        assert server.terminate() == 0, server.logs()
    return store


def check_values(table: pd.DataFrame) -> None:
    """Both versions' rows, and nulls where a version has no such column."""
    assert sorted(zip(table["request_id"], table["row_index"])) == [(f"v{v}", n) for v in VERSIONS for n in range(ROWS)]
    for version, columns in VERSIONS.items():
        rows = table[table["request_id"] == f"v{version}"].sort_values("row_index")
        assert set(rows["model_version"].astype(str)) == {version}
        for name, (*_, values) in ALL.items():
            for column in (f"in.{name}", f"out.{name}_out.0"):
                if name in columns:
                    assert rows[column].tolist() == values, (version, column)
                else:
                    assert rows[column].isna().all(), (version, column)


def plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def files(tree: Path) -> list[str]:
    return sorted(map(str, (tree / "rows" / "v1").rglob("*.parquet")))


def test_pyarrow_unites_the_versions_by_name(tree: Path) -> None:
    root = tree / "rows" / "v1"
    first = pa.dataset.dataset(root, partitioning="hive")
    schema = pa.unify_schemas([pa.dataset.dataset(file).schema for file in files(tree)])
    keys = [field for field in first.schema if field.name not in schema.names]
    dataset = pa.dataset.dataset(root, partitioning="hive", schema=pa.schema([*schema, *keys]))
    table = dataset.to_table()
    types = {field.name: plain(field.type) for field in table.schema}
    for name, (_, _, kind, *_) in ALL.items():
        assert types[f"in.{name}"] == types[f"out.{name}_out.0"] == kind
    assert types["event_time"] == types["received_at"] == pa.timestamp("us", tz="UTC")
    assert types["latency_us"] in (pa.uint32(), pa.int64()) and types["route_named"] == pa.bool_()
    check_values(table.to_pandas())
    assert set(table["endpoint"].to_pylist()) == {"mixed"}
    # A reader that asks for no schema has the first file's columns, and every row.
    assert first.count_rows() == first.to_table().num_rows == len(VERSIONS) * ROWS


def test_pandas_reads_the_whole_tree(tree: Path) -> None:
    whole = pd.read_parquet(tree / "rows" / "v1")
    assert len(whole) == len(VERSIONS) * ROWS
    assert str(whole["event_time"].dtype) == "datetime64[us, UTC]"
    assert whole["in.amount"].dtype == np.float32 and whole["in.rate"].dtype == np.float64
    assert whole["in.is_new"].dtype == bool
    check_values(pd.concat([pd.read_parquet(file) for file in files(tree)], ignore_index=True))


def test_duckdb_unites_the_versions_by_name(tree: Path) -> None:
    source = f"read_parquet('{tree}/rows/v1/**/*.parquet', hive_partitioning = true, union_by_name = true)"
    types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})").fetchall())
    for name, (_, _, _, kind, *_) in ALL.items():
        assert types[f"in.{name}"] == types[f"out.{name}_out.0"] == kind
    assert types["event_time"] == "TIMESTAMP WITH TIME ZONE"
    assert {"endpoint", "deployment", "model", "version", "date", "hour"} <= set(types)
    check_values(duckdb.sql(f"SELECT * FROM {source}").df())
    nulls = duckdb.sql(f'SELECT model_version, count("in.age"), count("in.score") FROM {source} GROUP BY ALL ORDER BY 1')
    assert nulls.fetchall() == [("1", ROWS, 0), ("2", 0, ROWS)]
    without = source.replace(", union_by_name = true", "")
    assert duckdb.sql(f"SELECT count(*), count(DISTINCT request_id) FROM {without}").fetchall() == [(6, 2)]


def test_polars_unites_the_versions_by_name(tree: Path) -> None:
    # Columns that a file lacks, or has beside those of the first, are asked for.
    frames = [pl.scan_parquet(file, hive_partitioning=True) for file in files(tree)]
    table = pl.concat(frames, how="diagonal").collect()
    for name, (_, _, _, _, kind, _) in ALL.items():
        assert table.schema[f"in.{name}"] == table.schema[f"out.{name}_out.0"] == kind or kind == pl.String
    assert table.schema["in.city"] in (pl.String, pl.Categorical)
    assert table.schema["event_time"] == pl.Datetime("us", "UTC")
    check_values(table.to_pandas(use_pyarrow_extension_array=False))
    fixed = pl.scan_parquet(f"{tree}/rows/v1/**/*.parquet", hive_partitioning=True, missing_columns="insert", extra_columns="ignore")
    assert fixed.select(pl.len()).collect().item() == len(VERSIONS) * ROWS
    assert set(fixed.select("endpoint").collect()["endpoint"].cast(pl.String)) == {"mixed"}


def test_duckdb_adds_up_the_accounts(tree: Path) -> None:
    source = f"read_parquet('{tree}/accounts/v1/**/*.parquet', hive_partitioning = true)"
    stages = dict(duckdb.sql(f"SELECT stage, sum(rows)::INT FROM {source} GROUP BY stage").fetchall())
    assert stages == dict.fromkeys(["offered", "spooled", "planned"], len(VERSIONS) * ROWS)
