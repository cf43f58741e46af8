"""Drift is found while traffic comes: counters of all replicas, one report, one alert, told once."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import places
import skeg

AMOUNT = skeg.FEATURES.index("amount")


class Receiver:
    """A webhook on this machine that takes everything."""

    def __init__(self, folder: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self.arrived: list[float] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.arrived.append(time.monotonic())
                receiver.events.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = folder / "webhook-url"
        self.url.write_text(f"http://127.0.0.1:{self.server.server_port}/drift")

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["type"] == f"com.skeg.drift.{kind}"]


@pytest.fixture
def receiver(folder: Path) -> Iterator[Receiver]:
    receiver = Receiver(folder)
    threading.Thread(target=receiver.server.serve_forever, daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


class Traffic:
    """Requests of sample rows to servers in turn, `amount` multiplied, until it is stopped."""

    def __init__(self, servers: list[skeg.Server], rows: np.ndarray) -> None:
        self.servers, self.rows = servers, rows
        self.factor, self.sent, self.stopped = 1.0, 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        dice = np.random.default_rng(7)
        with ExitStack() as open_clients:
            clients = [open_clients.enter_context(server.client()) for server in self.servers]
            while not self.stopped:
                rows = self.rows[dice.integers(len(self.rows), size=8)].copy()
                rows[:, AMOUNT] *= self.factor
                reply = clients[self.sent % len(clients)].infer(skeg.matrix(rows))
                assert reply.status == 200, reply.body
                self.sent += 1
                time.sleep(0.01)


@contextmanager
def traffic(servers: list[skeg.Server], rows: np.ndarray) -> Iterator[Traffic]:
    sending = Traffic(servers, rows)
    sending.thread.start()
    try:
        yield sending
    finally:
        sending.stopped = True
        sending.thread.join(timeout=30)


@pytest.fixture
def rows(samples: pd.DataFrame) -> np.ndarray:
    return samples[skeg.FEATURES].to_numpy(np.float32)


def watched(receiver: Receiver, window: str) -> dict[str, Any]:
    webhook = {"webhook": {"url_file": str(receiver.url)}}
    drift = {"window": window, "every": "15s", "cooldown": "0s", "alerts": [webhook]}
    return skeg.spec({"green": "fraud:1"}, {"green": 100}, drift=drift)


def report(server: skeg.Server) -> dict[str, Any]:
    with skeg.Client(server.admin) as admin:
        reply = admin.get("/api/v1/endpoints/fraud/drift")
    return reply.json() if reply.status == 200 else {}


def test_shifted_traffic_is_told_within_90_seconds_and_called_off(folder: Path, receiver: Receiver, rows: np.ndarray) -> None:
    with skeg.serving(folder) as server:
        assert skeg.apply(server, watched(receiver, "1m")).status == 200
        with traffic([server], rows) as sending:
            found = skeg.until("a first verdict", lambda: report(server).get("verdict") == "ok" and report(server), 60)
            assert found["format"] == "skeg-drift-report/2" and not receiver.events
            sending.factor, began = 3.0, time.monotonic()
            skeg.until("the alert", lambda: receiver.of("fired"), 90)
            took = receiver.arrived[0] - began
            [fired] = receiver.of("fired")
            assert fired["data"]["deployment"] == "green" and fired["data"]["verdict"] == "drift"
            assert [of["name"] for of in fired["data"]["features"]] == ["amount"], fired
            assert skeg.value(server, "skeg_drift_verdict", deployment="green", mirrored="false") == 2
            assert skeg.value(server, "skeg_drift", feature="in.amount", metric="ks") > 0.1
            # The report that it names is there, as a page, and beside it for programs.
            kept = Path(server.store) / fired["data"]["report"]
            assert "<h1" in kept.read_text()
            assert json.loads(kept.with_suffix(".json").read_text())["verdict"] == "drift"
            with skeg.Client(server.admin) as admin:
                page = admin.get("/api/v1/endpoints/fraud/drift.html")
            assert page.headers["content-type"].startswith("text/html") and b"amount" in page.body
            sending.factor = 1.0
            skeg.until("the end of it", lambda: receiver.of("resolved"), 150)
        [resolved] = receiver.of("resolved")
        assert resolved["data"]["fired_at"] == fired["data"]["fired_at"]
        assert len(receiver.of("fired")) == 1
        assert skeg.value(server, "skeg_alerts_total", outcome="sent") == 2
        assert server.terminate() == 0, server.logs()
    print(f"shifted traffic was told after {took:.1f} s")


def counted(place: places.Place) -> Counter[tuple[str, str, int]]:
    """What all panes files count: (column, counter, bin) to rows."""
    total: Counter[tuple[str, str, int]] = Counter()
    for name in place.names("panes/v1/endpoint=fraud/"):
        file = pd.read_parquet(io.BytesIO(place.read(name)))
        for column, counter, number, count in zip(file["column"], file["counter"], file["bin"], file["count"], strict=True):
            if not pd.isna(count):
                total["" if pd.isna(column) else column, counter, -1 if pd.isna(number) else int(number)] += int(count)
    return total


def recounted(place: places.Place) -> Counter[tuple[str, str, int]]:
    """The same from the rows files, by one process that knows nothing but the baseline's edges."""
    baseline = json.loads(place.read("models/fraud/1/baseline.json"))
    files = [name for name in place.names("rows/v1/endpoint=fraud/") if name.endswith(".parquet")]
    frame = pd.concat([pd.read_parquet(io.BytesIO(place.read(name))) for name in files])
    total: Counter[tuple[str, str, int]] = Counter({("", "rows", -1): len(frame)})
    for column in baseline["columns"]:
        values = frame[column["name"]].to_numpy().astype(np.float64)
        present = values[~np.isnan(values)]
        total[column["name"], "nan", -1] += int(np.isnan(values).sum())
        places_of = np.searchsorted(np.array(column["edges"]), present, side="left")
        for place_of, count in zip(*np.unique(places_of, return_counts=True), strict=True):
            total[column["name"], "bin", int(place_of)] += int(count)
    return total


def test_three_replicas_count_as_one_and_tell_once(folder: Path, azurite: places.Azurite, receiver: Receiver, rows: np.ndarray) -> None:
    place = azurite.container()
    names = ["--features", "features=" + ",".join(skeg.FEATURES)]
    model = str(skeg.EXAMPLE / "models" / "1" / "model.onnx")
    baseline = ["--baseline", str(skeg.EXAMPLE / "baseline.parquet")]
    done = skeg.run(
        "models", "register", model, "--model", "fraud:1", *names, *baseline, "--store", place.url, variables=place.variables
    )
    assert done.returncode == 0, done.stderr
    spec = folder / "fraud.yaml"
    spec.write_text(json.dumps(watched(receiver, "10m")))
    done = skeg.run("endpoints", "apply", "-f", str(spec), "--store", place.url, variables=place.variables)
    assert done.returncode == 0, done.stderr

    def serve(servers: ExitStack, replica: str) -> skeg.Server:
        flags = ["--replica", replica, "--spool", str(folder / f"spool-{replica}")]
        return servers.enter_context(
            skeg.serving(folder, *flags, command="serve", store=place.url, variables=place.variables)
        )

    def leader() -> str:
        lease = json.loads(place.read("leases/drift.json"))
        return (lease["holder"] or "").split("-")[0]

    def of_whom(what: Counter[tuple[str, str, int]]) -> dict[tuple[str, str, int], int]:
        """Without counters of requests, which rows files have not."""
        return {key: count for key, count in what.items() if count and (key[0] or key[1] == "rows")}

    with ExitStack() as servers:
        replicas = {name: serve(servers, name) for name in ["a", "b", "c"]}
        with traffic(list(replicas.values()), rows) as sending:
            sending.factor = 3.0
            skeg.until("the alert", lambda: receiver.of("fired"), 90)
        asked = 8 * sending.sent
        skeg.until("all counters", lambda: counted(place)["", "rows", -1] == asked, 60)
        killed = leader()
        replicas[killed].process.kill()
        began = time.monotonic()
        skeg.until("another to take over", lambda: leader() not in ("", killed), 30)
        took = time.monotonic() - began
        heir = replicas[leader()]
        seen = skeg.until("its look", lambda: skeg.value(heir, "skeg_drift_window_rows", deployment="green"), 40)
        assert seen == asked
        looks = skeg.value(heir, "skeg_drift_looks_total", outcome="done")
        skeg.until("two looks more", lambda: skeg.value(heir, "skeg_drift_looks_total", outcome="done") >= looks + 2, 60)
        assert len(receiver.events) == 1, receiver.events
        # What the killed one had in its spool comes with its next life.
        replicas[killed] = serve(servers, killed)
        for replica in replicas.values():
            assert replica.terminate() == 0, replica.logs()
    assert len(receiver.events) == 1, receiver.events
    assert of_whom(counted(place)) == of_whom(recounted(place))
    print(f"{asked} rows, counted by three replicas; another took over after {took:.1f} s")
