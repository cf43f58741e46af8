"""The spool: rows outlive a killed server, and a spool that cannot be written to is said at the start."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pandas as pd

import skeg
from test_shutdown import Load

KILLS = 5


def counted(server: skeg.Server, stage: str) -> int:
    lines = re.findall(rf'skeg_rows_total{{endpoint="fraud",stage="{stage}",reason="\w*"}} (\d+)', server.metrics())
    return sum(map(int, lines))


def accounts(store: Path) -> dict[str, int]:
    """Rows by stage, of all lives together."""
    table = pd.concat(pd.read_parquet(path) for path in (store / "accounts" / "v1").rglob("*.parquet"))
    return table.groupby("stage")["rows"].sum().to_dict()


def test_a_killed_server_loses_no_answered_row(folder: Path) -> None:
    answered: list[str] = []
    for life in range(KILLS):
        with skeg.serving(folder, "--roll-age", "150ms") as server:
            load = Load(server, prefix=f"{life}-")
            load.start()
            skeg.until("some answers", lambda load=load: len(load.answered) >= 300)
            time.sleep(random.random() / 2)
            server.process.kill()
            server.process.wait()
            load.join()
        answered += load.answered
    with skeg.serving(folder) as server:
        # What was left, without a new row.
        skeg.until("all rows", lambda: counted(server, "recovered") == counted(server, "written"))
        assert server.terminate() == 0, server.logs()
    logged = pd.read_parquet(server.store / "rows" / "v1", columns=["request_id"])["request_id"]
    assert not logged.duplicated().any()
    assert set(answered) <= set(logged)
    # A row that was stored may have been killed before its answer was sent, once a client.
    assert len(set(logged) - set(answered)) <= KILLS * len(load.threads)
    said = accounts(server.store)
    assert said["offered"] == said["spooled"] == said["planned"] == len(logged)
    assert "lost" not in said and "dropped" not in said
    assert list((server.store / "spool").iterdir()) == []


def test_a_spool_that_cannot_be_made_is_said_at_the_start(folder: Path) -> None:
    (folder / "file").write_text("no folder")
    done = skeg.run("demo", "--store", str(folder / "store"), "--spool", str(folder / "file" / "spool"))
    assert done.returncode == 1
    assert str(folder / "file" / "spool") in done.stderr


def test_a_full_spool_drops_and_counts_and_fails_no_score(folder: Path) -> None:
    """The store is a folder that nobody may write to any more: rows wait, until there is no room."""
    flags = ["--workers", "1", "--spool-bytes", "262144", "--roll-age", "100ms", "--spool", str(folder / "spool")]
    body = skeg.matrix([[1.0] * len(skeg.FEATURES)] * 100)
    with skeg.serving(folder, *flags) as server:
        rows = server.store / "rows"
        rows.write_text("in the way")
        with server.client() as client:
            for _ in range(100):
                assert client.infer(body).status == 200
        assert counted(server, "offered") == 10_000
        assert counted(server, "dropped") > 0
        assert counted(server, "dropped") + counted(server, "spooled") == 10_000
        rows.unlink()
        skeg.until("what was taken", lambda: counted(server, "written") == counted(server, "spooled"), 60)
        written = counted(server, "written")
        assert server.terminate() == 0, server.logs()
    assert len(pd.read_parquet(rows / "v1")) == written


def test_a_spool_in_memory_is_flushed_at_the_end(folder: Path) -> None:
    with skeg.serving(folder, "--spool", "memory", "--roll-age", "1h") as server:
        with server.client() as client:
            client.infer((skeg.EXAMPLE / "request.json").read_bytes())
        assert server.terminate() == 0, server.logs()
    assert len(pd.read_parquet(server.store / "rows" / "v1")) == 1
    assert not (server.store / "spool").exists()
