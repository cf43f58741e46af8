"""A store that is away for minutes, or slow: scoring is as quick as before, and all rows arrive afterwards."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import faulty
import places
import rapid
import skeg
from faulty import Fault
from test_outage import azure_demo, is_ready, is_settled, rows, stored, tail

RATE = 500
BLOCK_SECONDS = 10
# Short faults with calm between, beside the one long fault: noise of the machine is in both alike.
BLOCKS = 6
SETTLE_SECONDS = 180
RATIO = 1.1

FAULTS = [(Fault("stopped", stopped=True), 120), (Fault("slow", delay=1), 60)]


def p99(latencies: np.ndarray, begun: float, ended: float) -> float:
    """Milliseconds, of what was due then. The first second is left out: what was on its way."""
    due = latencies[:, 0]
    return float(np.percentile(latencies[(due >= begun + 1) & (due < ended), 1], 99)) * 1e3


@pytest.mark.parametrize(("fault", "seconds"), FAULTS, ids=lambda it: getattr(it, "name", None))
def test_scoring_does_not_notice(folder: Path, azurite: places.Azurite, fault: Fault, seconds: float) -> None:
    times: list[tuple[bool, float, float]] = []

    def block(proxy: faulty.Proxy, fault: Fault, seconds: float) -> None:
        with proxy.failing(fault):
            begun = time.monotonic()
            time.sleep(seconds)
            times.append((fault != faulty.NONE, begun, time.monotonic()))

    with faulty.proxy(azurite) as (proxy, place), azure_demo(folder, place, "--roll-age", "1s") as server:
        with rapid.apart(server.http, "a.", RATE) as load:
            time.sleep(BLOCK_SECONDS)
            for length in [seconds] + [BLOCK_SECONDS] * BLOCKS:
                block(proxy, faulty.NONE, BLOCK_SECONDS)
                block(proxy, fault, length)
                assert is_ready(server)
            block(proxy, faulty.NONE, BLOCK_SECONDS)
        begun = time.monotonic()
        skeg.until("all rows are settled", lambda: is_settled(server), SETTLE_SECONDS)
        settled = time.monotonic() - begun
        latencies = np.array(load["latencies"])
        quick = [p99(latencies, begun, ended) for _, begun, ended in times]
        ratios = [quick[n] / np.mean([quick[n - 1], quick[n + 1]]) for n, (is_fault, *_) in enumerate(times) if is_fault]
        calm = [it for it, (is_fault, *_) in zip(quick, times) if not is_fault]
        print(f"\n{fault.name}: {len(load['answered'])} answered, settled {settled:.1f} s after the load; p99 in ms: calm "
              f"{np.round(calm, 2)}, long fault {quick[1]:.2f}, ratios {np.round(ratios, 2)}, median {np.median(ratios):.3f}")
        assert load["failed"] == []
        assert rows(server, "lost") == rows(server, "dropped") == 0, tail(server)
        assert server.terminate() == 0, tail(server)
        found = stored(place, ["request_id"])["request_id"]
    assert sorted(found) == load["answered"]
    assert np.median(ratios) <= RATIO
