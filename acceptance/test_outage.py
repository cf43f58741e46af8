"""A store that is away, slow, or answers with errors: no request fails, no row is lost, and the accounts say so."""

from __future__ import annotations

import collections
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import faulty
import places
import skeg
from faulty import Fault
from rapid import Rapid

FAULT_SECONDS = 4
# What an attempt, its pauses and those of the library below it take at most after so short a fault, and some more.
RECOVERY_SECONDS = 60
RATE = 300

FAULTS = [
    Fault("stopped", stopped=True),
    Fault("slow", delay=1),
    Fault("answers-500", status=500),
    Fault("answers-503", status=503),
    Fault("answers-429", status=429, headers=("retry-after: 1",)),
    # There is such a blob, the store says, and then that there is none.
    Fault("answers-409-to-puts", status=409, methods=("PUT",)),
    # So does a container that is being deleted, to each call.
    Fault("answers-409", status=409),
    Fault("cut-before", cut_before=True),
    Fault("cut-after", cut_after=True),
]


@dataclass
class Setting:
    server: skeg.Server
    proxy: faulty.Proxy
    place: places.Container


def azure_demo(folder: Path, place: places.Container, *flags: str):
    """The demo with a store in Azurite, by the proxy."""
    spool = ["--spool", str(folder / "spool"), "--replica", "acceptance-1"]
    return skeg.serving(folder, *spool, *flags, store=place.url, variables=place.variables)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory, azurite: places.Azurite) -> Iterator[Setting]:
    """One server, which goes through all faults."""
    folder = tmp_path_factory.mktemp("outage")
    with faulty.proxy(azurite) as (proxy, place), azure_demo(folder, place, "--roll-age", "300ms") as server:
        yield Setting(server, proxy, place)


def rows(server: skeg.Server, stage: str, **labels: str) -> int:
    return int(skeg.value(server, "skeg_rows_total", endpoint="fraud", stage=stage, **labels) or 0)


def is_ready(server: skeg.Server) -> bool:
    with skeg.Client(server.admin) as admin, server.client() as client:
        return {admin.get("/v2/health/ready").status, client.get("/v2/health/ready").status} == {200}


def stored(place: places.Container, columns: list[str] | None = None, root: str = "rows/v1") -> pd.DataFrame:
    """All files below `root`, as Microsoft's client has them from Azurite and pyarrow reads them."""
    files = [place.read(name) for name in place.names(f"{root}/") if name.endswith(".parquet")]
    tables = [pq.read_table(io.BytesIO(file), columns=columns).to_pandas() for file in files]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def tail(server: skeg.Server) -> str:
    """What the server said last; all that it says of a fault is long."""
    return server.logs()[-2000:]


def is_settled(server: skeg.Server) -> bool:
    taken, settled = (sum(rows(server, stage) for stage in of) for of in (("spooled", "recovered"), ("written", "lost")))
    return taken == settled


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fails_no_request_and_loses_no_row(setting: Setting, fault: Fault) -> None:
    server, proxy, place = setting.server, setting.proxy, setting.place
    retries, lost = skeg.value(server, "skeg_sink_retries_total"), rows(server, "lost")
    load = Rapid(server.http, prefix=f"{fault.name}.", connections=4, rate=RATE)
    ready = []
    with load:
        skeg.until("some rows", lambda: load.count > RATE / 10)
        with proxy.failing(fault):
            end = time.monotonic() + FAULT_SECONDS
            while time.monotonic() < end:
                ready.append(is_ready(server))
                time.sleep(0.5)
    begun = time.monotonic()
    skeg.until("all rows are settled", lambda: is_settled(server), RECOVERY_SECONDS)
    took = time.monotonic() - begun
    retried = skeg.value(server, "skeg_sink_retries_total") - retries
    calls = {key[1:]: number for key, number in proxy.calls.items() if key[0] == fault.name}
    print(f"{fault.name}: {load.count} answered, {retried:.0f} retries, calls {calls}, settled {took:.1f} s after it")

    assert load.failed == []
    assert ready and all(ready)
    assert rows(server, "lost") == lost, tail(server)
    found = stored(place, ["request_id", "row_index"])
    found = found[found["request_id"].str.startswith(load.prefix)]
    assert not found.duplicated(["request_id", "row_index"]).any()
    assert len(found) == load.count and set(found["request_id"]) == load.ids()
    # A slow store fails nothing.
    assert retried > 0 or fault.delay, tail(server)
    # And the calls did meet the fault.
    assert fault.stopped or sum(calls.values()) > 0
    if fault.cut_after:
        assert calls["PUT", "cut after"] > 0


def test_a_full_spool_drops_what_the_accounts_say(folder: Path, azurite: places.Azurite) -> None:
    batch, requests = 50, 400
    body = skeg.matrix([[1.0] * len(skeg.FEATURES)] * batch)
    with faulty.proxy(azurite) as (proxy, place):
        flags = ["--workers", "1", "--spool-bytes", str(1 << 20), "--roll-age", "200ms"]
        with azure_demo(folder, place, *flags) as server:
            with server.client() as client, proxy.failing(Fault("stopped", stopped=True)):
                for number in range(requests):
                    assert client.infer({**body, "id": f"full-{number}"}).status == 200
                assert is_ready(server)
            answered = batch * requests
            dropped = rows(server, "dropped", reason="spool_full")
            assert rows(server, "offered") == answered
            assert 0 < dropped == rows(server, "dropped")
            skeg.until("what was taken", lambda: is_settled(server), RECOVERY_SECONDS)
            later = 0
            with server.client() as client:

                def is_taken() -> bool:
                    nonlocal later
                    before, later = rows(server, "dropped"), later + 1
                    assert client.infer({**body, "id": f"later-{later}"}).status == 200
                    skeg.until("its rows", lambda: rows(server, "offered") == answered + batch * later)
                    return rows(server, "dropped") == before

                # A row is counted as written, then its room is given back, and made ready anew.
                skeg.until("room again", is_taken)
            skeg.until("what came later", lambda: is_settled(server), RECOVERY_SECONDS)
            answered += batch * later
            dropped += batch * (later - 1)
            assert rows(server, "dropped") == dropped and rows(server, "lost") == 0
            assert rows(server, "offered") == answered == rows(server, "written") + dropped
            written = rows(server, "written")
            assert server.terminate() == 0, tail(server)
        found = stored(place, ["request_id", "row_index"])
        print(f"full spool: {answered} answered, {len(found)} stored, {dropped} dropped, room after {later} requests")
        assert not found.duplicated().any()
        assert len(found) == written
        # All rows of a request or none.
        sizes = collections.Counter(found["request_id"])
        assert set(sizes.values()) == {batch} and f"later-{later}" in sizes
        panes = stored(place, root="accounts/v1").groupby(["stage", "reason"])["rows"].sum().to_dict()
        assert panes["offered", ""] == answered and panes["dropped", "spool_full"] == dropped
        assert panes["spooled", ""] == panes["planned", ""] == written
