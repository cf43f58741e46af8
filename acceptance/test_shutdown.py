"""The end of the process: no request fails, every answered row is in Parquet."""

from __future__ import annotations

import http.client
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

import skeg

CLIENTS = 16


@dataclass
class Load:
    """Clients in closed loops, which leave as a load balancer's do: at `connection: close`."""

    server: skeg.Server
    prefix: str = ""
    answered: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        loops = [threading.Thread(target=self._loop, args=[number]) for number in range(CLIENTS)]
        self.threads = loops
        for thread in loops:
            thread.start()

    def _loop(self, number: int) -> None:
        body = skeg.matrix([[1.0] * len(skeg.FEATURES)])
        with self.server.client() as client:
            for count in range(10**9):
                name = f"{self.prefix}{number}-{count}"
                try:
                    reply = client.infer({**body, "id": name})
                except (OSError, http.client.HTTPException) as error:
                    self.failed.append(f"{name}: {error!r}")
                    return
                if reply.status != 200:
                    self.failed.append(f"{name}: {reply.status} {reply.body!r}")
                    return
                self.answered.append(name)
                if reply.headers.get("connection") == "close":
                    return

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


def test_sigterm_under_load_fails_no_request_and_loses_no_row(folder: Path) -> None:
    with skeg.serving(folder, "--drain-delay", "1s") as server:
        load = Load(server)
        load.start()
        skeg.until("2,000 answers", lambda: len(load.answered) >= 2000)
        assert server.terminate() == 0, server.logs()
        load.join()
    assert load.failed == []
    logged = pd.read_parquet(server.store / "rows" / "v1", columns=["request_id"])["request_id"]
    assert sorted(logged) == sorted(load.answered)


def test_a_draining_server_answers_but_is_not_ready(folder: Path) -> None:
    with skeg.serving(folder, "--drain-delay", "30s") as server:
        with server.client() as client, skeg.Client(server.admin) as admin:
            assert client.get("/v2/health/ready").status == 200
            server.process.send_signal(signal.SIGTERM)
            skeg.until("not ready", lambda: admin.get("/v2/health/ready").status == 400)
            with server.client() as late:
                reply = late.infer((skeg.EXAMPLE / "request.json").read_bytes())
            assert reply.status == 200
            assert reply.headers["connection"] == "close"
            # A second signal cuts the wait short.
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=skeg.STOP_SECONDS) == 0


def test_ctrl_c_stops_at_once_and_flushes(folder: Path) -> None:
    with skeg.serving(folder, "--drain-delay", "1h", "--roll-age", "1h") as server:
        with server.client() as client:
            client.infer((skeg.EXAMPLE / "request.json").read_bytes())
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=skeg.STOP_SECONDS) == 0
    assert len(pd.read_parquet(server.store / "rows" / "v1")) == 1


def test_a_second_demo_goes_on_with_the_same_store(folder: Path) -> None:
    for count in [1, 2]:
        with skeg.serving(folder) as server:
            with server.client() as client:
                client.infer((skeg.EXAMPLE / "request.json").read_bytes())
            assert server.terminate() == 0
        assert len(pd.read_parquet(server.store / "rows" / "v1")) == count


@pytest.mark.parametrize("half", [b"POST /v2/models/fraud/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"])
def test_a_request_that_never_ends_does_not_outlive_the_budget(folder: Path, half: bytes) -> None:
    import socket

    with skeg.serving(folder, "--shutdown-budget", "1s") as server:
        host, port = server.http.split(":")
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(half)
            skeg.until("in hand", lambda: "skeg_inflight 1" in server.metrics())
            assert server.terminate() == 1
    assert "still has requests in hand" in server.logs()
