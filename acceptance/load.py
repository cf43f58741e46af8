"""Clients of a running server: many in closed loops, and one that does nothing wrong."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import skeg

REQUEST = (skeg.EXAMPLE / "request.json").read_bytes()
# Answers that must have come before a test goes on, and while it did what it did.
FEW = 20


@dataclass
class Answer:
    status: int
    deployment: str | None
    version: str | None
    seconds: float
    at: float
    # What the server says that a score took, from its head to its answer.
    total_ms: float | None


@dataclass
class Load:
    """`clients` connections to `server`, each of which sends its next request when the last is answered."""

    server: skeg.Server
    clients: int = 16
    body: Any = field(default_factory=lambda: skeg.matrix([[1.0] * len(skeg.FEATURES)]))
    model: str = "fraud"
    answers: list[Answer] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: bool = False

    def _loop(self) -> None:
        with self.server.client() as client:
            while not self.stopping:
                begun = time.monotonic()
                try:
                    reply = client.infer(self.body, path=f"/v2/models/{self.model}/infer")
                except (OSError, http.client.HTTPException) as error:
                    self.failed.append(repr(error))
                    return
                version = reply.json().get("model_version") if reply.status == 200 else None
                deployment = reply.headers.get("azureml-model-deployment")
                now = time.monotonic()
                timing = re.search(r"total;dur=([\d.]+)", reply.headers.get("server-timing", ""))
                total_ms = float(timing[1]) if timing else None
                self.answers.append(Answer(reply.status, deployment, version, now - begun, now, total_ms))
                if reply.status not in (200, 429):
                    self.failed.append(f"{reply.status} {reply.body!r}")

    def statuses(self) -> set[int]:
        return {answer.status for answer in self.answers}


@contextmanager
def running(load: Load) -> Iterator[Load]:
    """The load, from its first answer to the end of the block."""
    threads = [threading.Thread(target=load._loop) for _ in range(load.clients)]
    for thread in threads:
        thread.start()
    try:
        skeg.until("an answer", lambda: load.answers or load.failed)
        yield load
    finally:
        load.stopping = True
        for thread in threads:
            thread.join()


def refused(server: skeg.Server, reason: str) -> int:
    """What the server has counted for a reason."""
    found = re.search(rf'skeg_refused_total{{reason="{reason}"}} (\d+)', server.metrics())
    assert found, f"{reason} is no reason of skeg_refused_total"
    return int(found[1])


class WellBehaved:
    """Scores all the time, in a thread; at its end every request must have been answered with 200."""

    def __init__(
        self, address: str, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None, keep: bool = True
    ) -> None:
        self.address, self.headers, self.context, self.keep = address, headers or {}, context, keep
        self.answered = 0
        self.connections = 0
        self.failed: list[str] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _connect(self) -> http.client.HTTPConnection:
        self.connections += 1
        if self.context:
            return http.client.HTTPSConnection(self.address, timeout=60, context=self.context)
        return http.client.HTTPConnection(self.address, timeout=60)

    def _run(self) -> None:
        connection = self._connect()
        while not self._ending.is_set():
            try:
                connection.request("POST", "/v2/models/fraud/infer", REQUEST, self.headers)
                reply = connection.getresponse()
                body = reply.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                return
            if reply.status != 200:
                self.failed.append(f"{reply.status} {body!r}")
                return
            self.answered += 1
            if reply.getheader("connection") == "close":
                break
            if not self.keep:
                connection.close()
                connection = self._connect()
        connection.close()

    def start(self) -> None:
        self._thread.start()

    def more(self) -> None:
        """Waits until some more requests were answered."""
        wanted = self.answered + FEW
        skeg.until("answers", lambda: self.answered >= wanted or self.failed or not self._thread.is_alive(), 60)

    def finish(self) -> None:
        self._ending.set()
        self._thread.join(timeout=90)
        assert not self._thread.is_alive()
        assert self.failed == []

    def __enter__(self) -> WellBehaved:
        self.start()
        self.more()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self.more()
            self.finish()
        self._ending.set()
