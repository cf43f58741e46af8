"""What do small row files cost their readers?

One day's rows of an endpoint, as one file and as many, through DuckDB and pyarrow: seconds to count them by deployment
and to sum a feature. The files are those of Skeg's layout, 10 replicas and two deployments, rolled every 5 minutes, and
every minute (this takes some minutes). Run: `.venv/bin/python benches/small_files.py`.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

ROWS, FEATURES = 2_880_000, 30
REPLICAS, DEPLOYMENTS = 10, ["green", "blue"]
ROUNDS = 3


def make(folder: Path, files_an_hour: int) -> int:
    """A tree of files, all with as many rows; how many there are."""
    count = 24 * files_an_hour * REPLICAS * len(DEPLOYMENTS)
    rows = max(1, ROWS // count)
    numbers = np.random.default_rng(1).normal(size=(rows, FEATURES)).astype(np.float32)
    columns = {f"in.{place}": numbers[:, place] for place in range(FEATURES)}
    for deployment in DEPLOYMENTS:
        table = pa.table(columns | {"deployment_name": pa.array([deployment] * rows)})
        for hour in range(24):
            place = folder / f"deployment={deployment}" / "date=2026-11-27" / f"hour={hour:02}"
            place.mkdir(parents=True)
            for number in range(files_an_hour * REPLICAS):
                pq.write_table(table, place / f"{number:08}.parquet", compression="zstd")
    return count


def duck(folder: Path) -> float:
    start = time.perf_counter()
    query = f"""SELECT deployment_name, count(*), sum("in.7") FROM '{folder}/**/*.parquet' GROUP BY 1"""
    assert len(duckdb.sql(query).fetchall()) == len(DEPLOYMENTS)
    return time.perf_counter() - start


def arrow(folder: Path) -> float:
    start = time.perf_counter()
    table = ds.dataset(folder, partitioning="hive").to_table(columns=["deployment_name", "in.7"])
    assert len(table.group_by("deployment_name").aggregate([("in.7", "sum")])) == len(DEPLOYMENTS)
    return time.perf_counter() - start


def main() -> None:
    print("| files a day | MB | DuckDB s | pyarrow s |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as root:
        for files_an_hour in [1, 12, 60]:
            folder = Path(root) / str(files_an_hour)
            count = make(folder, files_an_hour)
            size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
            best = [min(read(folder) for _ in range(ROUNDS)) for read in (duck, arrow)]
            print(f"| {count} | {size:.0f} | {best[0]:.2f} | {best[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
