"""Clients in closed loops, and what they were answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import skeg


@dataclass
class Answer:
    status: int
    deployment: str | None
    version: str | None
    seconds: float
    at: float


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
                self.answers.append(Answer(reply.status, deployment, version, now - begun, now))
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
