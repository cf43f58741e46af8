"""A client that costs little: prepared requests of one row, many on a connection at once, answers counted in order.

For tests of very many requests. Whether an answer is right is the other tests' business: here it is a 200, and whose.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import skeg

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\n(?:[^\r]+\r\n)*\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
DIGITS = 9


def request(name: bytes) -> bytes:
    """One row for the example's model, its id `name`."""
    body = json.dumps(skeg.matrix([[1.5] * len(skeg.FEATURES)], id=name.decode())).encode()
    head = f"POST /v2/models/fraud/infer HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answers(buffer: bytes) -> tuple[list[int], bytes]:
    """The statuses of the whole answers at the start of `buffer`, and what is behind them."""
    found, at = [], 0
    while head := HEAD.match(buffer, at):
        length = LENGTH.search(buffer, head.start(), head.end())
        assert length, head[0]
        end = head.end() + int(length[1])
        if end > len(buffer):
            break
        found.append(int(head[1]))
        at = end
    return found, buffer[at:]


@dataclass
class Rapid:
    """`connections` that have `depth` requests each under way; ids are `{prefix}{connection}-{number}`."""

    address: str
    prefix: str = ""
    connections: int = 8
    depth: int = 32
    # Of each connection; 0 for no end.
    requests: int = 0
    # A second, over all connections; 0 for as many as there can be. With a depth of one, whatever `depth` says.
    rate: float = 0
    # Answers of each connection, and which of them were 429: not scored, and no row.
    seen: dict[int, int] = field(default_factory=dict)
    refused: dict[int, set[int]] = field(default_factory=dict)
    # When it was to be sent, and how long it took from then on: what a waiting client sees.
    latencies: list[tuple[float, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        body = self._closed if not self.rate else self._open
        self.threads = [threading.Thread(target=self._run, args=[body, number]) for number in range(self.connections)]
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def stop(self) -> None:
        self.stopping = True
        self.join()

    def __enter__(self) -> Rapid:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def count(self) -> int:
        return sum(self.seen.values()) - sum(map(len, self.refused.values()))

    def ids(self) -> set[str]:
        """Of all that were scored; a connection's answers come in order."""
        return {
            self.name(number, count)
            for number, counts in self.seen.items() for count in range(counts) if count not in self.refused[number]
        }

    def name(self, connection: int, count: int) -> str:
        return f"{self.prefix}{connection}-{count:0{DIGITS}}"

    def _run(self, body: object, number: int) -> None:
        self.seen[number], self.refused[number] = 0, set()
        host, port = self.address.split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=60) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                body(connection, number)
        except OSError as error:
            self.failed.append(f"{self.prefix}{number}: {error!r}")

    def _receive(self, connection: socket.socket, number: int, wanted: int, rest: bytes) -> bytes:
        while wanted:
            more = connection.recv(1 << 18)
            if not more:
                raise ConnectionResetError("the server closed the connection")
            statuses, rest = answers(rest + more)
            wanted -= len(statuses)
            for status in statuses:
                if status == 429:
                    self.refused[number].add(self.seen[number])
                elif status != 200:
                    raise ConnectionError(f"{self.name(number, self.seen[number])} was answered {status}")
                self.seen[number] += 1
        return rest

    def _closed(self, connection: socket.socket, number: int) -> None:
        whole = request(self.name(number, 0).encode())
        at = whole.index(self.name(number, 0).encode()) + len(self.name(number, 0)) - DIGITS
        before, behind = whole[:at], whole[at + DIGITS :]
        sent, rest = 0, b""
        while not self.stopping and (not self.requests or sent < self.requests):
            depth = min(self.depth, self.requests - sent) if self.requests else self.depth
            connection.sendall(b"".join(b"%s%0*d%s" % (before, DIGITS, sent + n, behind) for n in range(depth)))
            sent += depth
            rest = self._receive(connection, number, depth, rest)

    def _open(self, connection: socket.socket, number: int) -> None:
        """At fixed times; a late answer makes those behind it late, and they are counted from their own time on."""
        pause = self.connections / self.rate
        due = time.monotonic() + pause * number / self.connections
        sent = 0
        while not self.stopping:
            time.sleep(max(0.0, due - time.monotonic()))
            connection.sendall(request(self.name(number, sent).encode()))
            sent += 1
            self._receive(connection, number, 1, b"")
            self.latencies.append((due, time.monotonic() - due))
            due += pause


@contextmanager
def apart(address: str, prefix: str, rate: float, connections: int = 8) -> Iterator[dict[str, Any]]:
    """An open-loop load by a process of its own, so that nothing else of a test is in its latencies.

    After the block the mapping has `answered`, `failed` and `latencies`; the clock is that of `time.monotonic`.
    """
    line = [sys.executable, __file__, address, prefix, str(rate), str(connections)]
    found: dict[str, Any] = {}
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield found
        out, _ = process.communicate(timeout=60)
        found |= json.loads(out)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Until the standard input ends."""
    address, prefix, rate, connections = sys.argv[1:]
    with Rapid(address, prefix, int(connections), rate=float(rate)) as load:
        sys.stdin.read()
    found = {"answered": sorted(load.ids()), "failed": load.failed, "latencies": load.latencies}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
