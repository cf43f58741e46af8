"""A million requests, and twenty kills under load: what Azurite has in the end is what was answered, each row once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import places
import skeg
from rapid import Rapid
from test_outage import azure_demo, is_settled, rows, stored, tail

REQUESTS = 1_000_000
CONNECTIONS = 8
KILLS = 20
SETTLE_SECONDS = 300


def accounts(place: places.Container) -> dict[str, int]:
    """Rows by stage and reason, of all lives together."""
    lines = stored(place, ["stage", "reason", "rows"], "accounts/v1")
    lines["stage"] = (lines["stage"] + " " + lines["reason"]).str.strip()
    return lines.groupby("stage")["rows"].sum().to_dict()


def test_a_million_requests_are_a_million_rows(folder: Path, azurite: places.Azurite) -> None:
    place = azurite.container()
    with azure_demo(folder, place) as server:
        load = Rapid(server.http, connections=CONNECTIONS, requests=REQUESTS // CONNECTIONS)
        begun = time.monotonic()
        load.start()
        load.join()
        took = time.monotonic() - begun
        assert load.failed == []
        # More at once than a deployment takes on are refused, and have no row.
        refused = REQUESTS - load.count
        assert refused < REQUESTS / 100
        dropped = rows(server, "dropped")
        begun = time.monotonic()
        assert server.terminate() == 0, tail(server)
        ended = time.monotonic() - begun
    # What the budget did not put is in the spool; a second life puts it.
    with azure_demo(folder, place) as server:
        recovered = rows(server, "recovered")
        skeg.until("what was left", lambda: is_settled(server), SETTLE_SECONDS)
        assert server.terminate() == 0, tail(server)
    found = stored(place, ["request_id", "row_index"])
    print(f"\n{REQUESTS} requests in {took:.1f} s, {REQUESTS / took:.0f}/s; the end took {ended:.1f} s; {recovered} recovered,"
          f" {dropped} dropped, {refused} refused, {len(found)} rows in {len(place.names('rows/'))} files")
    assert dropped == 0
    assert len(found) == load.count
    assert not found["request_id"].duplicated().any() and set(found["row_index"]) == {0}
    assert set(found["request_id"]) == load.ids()
    said = accounts(place)
    assert said == {"offered": load.count, "spooled": load.count, "planned": load.count}
    assert list((folder / "spool").iterdir()) == []


def test_no_answered_row_is_lost_or_twice_when_it_is_killed(folder: Path, azurite: places.Azurite) -> None:
    place, answered, sent, draw = azurite.container(), set(), set(), random.Random()
    for life in range(KILLS):
        with azure_demo(folder, place, "--roll-age", "150ms") as server:
            load = Rapid(server.http, prefix=f"{life}.", connections=CONNECTIONS, depth=16)
            load.start()
            skeg.until("some answers", lambda load=load: load.count > 500)
            time.sleep(draw.uniform(0, 1.5))
            server.process.kill()
            server.process.wait()
            load.join()
        # The kill, and nothing else.
        assert not [it for it in load.failed if "was answered" in it]
        answered |= load.ids()
        ahead = ((connection, counts + n) for connection, counts in load.seen.items() for n in range(load.depth))
        sent |= {load.name(connection, count) for connection, count in ahead}
    with azure_demo(folder, place) as server:
        recovered = rows(server, "recovered")
        skeg.until("what was left", lambda: is_settled(server), SETTLE_SECONDS)
        assert server.terminate() == 0, tail(server)
    found = stored(place, ["request_id", "row_index"])
    logged = set(found["request_id"])
    said = accounts(place)
    print(f"\n{KILLS} kills: {len(answered)} answered, {len(found)} rows, {len(logged - answered)} of them unanswered;"
          f" the last life recovered {recovered}; accounts {said}")
    assert len(logged) == len(found), found[found["request_id"].duplicated()].head()
    assert answered <= logged, sorted(answered - logged)[:5]
    # Rows that were stored, and killed before their answers were read.
    assert logged - answered <= sent
    assert said == {"offered": len(found), "spooled": len(found), "planned": len(found)}
    # A kill in the midst of a removal may leave an empty folder.
    assert not [path for path in (folder / "spool").rglob("*") if path.is_file()]
