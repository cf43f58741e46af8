"""A proxy before a store, whose faults are switched on and off while it runs.

Requests are forwarded as they came, `Host` included: the signature of a shared key covers the path, the query and the
`x-ms-*` headers, and Azurite takes the account from the path wherever the host is an address.
"""

from __future__ import annotations

import asyncio
import collections
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import places

LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)
# Calls that change nothing have no body in their answer, or none is sent with it.
BODILESS = re.compile(rb"HTTP/1\.1 (1\d\d|204|304)")


@dataclass(frozen=True)
class Fault:
    """What is done to each call. Nothing at all, by default."""

    name: str = "none"
    # Before it is forwarded.
    delay: float = 0
    # Answered so, and not forwarded; 0 to forward.
    status: int = 0
    # The connection is closed, instead of forwarding.
    cut_before: bool = False
    # The connection is closed, instead of answering: the store has done what it was asked.
    cut_after: bool = False
    # Connections are refused, and those that stand are closed.
    stopped: bool = False
    # Which calls meet it; the others pass. All, by default.
    methods: tuple[str, ...] = ()
    # More headers of an answer.
    headers: tuple[str, ...] = ()

    def meets(self, method: str) -> bool:
        return not self.methods or method in self.methods


NONE = Fault()


async def _message(reader: asyncio.StreamReader, *, is_bodiless: bool = False) -> bytes:
    """One request or answer, as it came; nothing at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if is_bodiless or BODILESS.match(head):
            return head
        if found := LENGTH.search(head):
            return head + await reader.readexactly(int(found[1]))
        if not CHUNKED.search(head):
            return head
        parts = [head]
        while True:
            size = await reader.readuntil(b"\r\n")
            parts += [size, await reader.readexactly(int(size.split(b";")[0], 16) + 2)]
            if int(size.split(b";")[0], 16) == 0:
                return b"".join(parts)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


class Proxy:
    """Listens on a port of its own and forwards to `port` of this machine."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.fault = NONE
        # Calls by fault, method and what was done: "passed", "answered", "cut before", "cut after".
        self.calls: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        # Bound and never listening: keeps the port ours while connections are refused.
        self._holder = self._bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty", daemon=True)
        self._thread.start()
        self._call(self._listen())

    @staticmethod
    def _bound(port: int) -> socket.socket:
        it = socket.socket()
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        it.bind(("127.0.0.1", port))
        return it

    def _call(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def switch(self, fault: Fault) -> None:
        """From now on; what is on its way meets what it has met."""
        self._call(self._switch(fault))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        self.switch(fault)
        try:
            yield
        finally:
            self.switch(NONE)

    def met(self, fault: str, method: str, done: str) -> int:
        """Calls to which that was done."""
        return self.calls[fault, method, done]

    def close(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()

    async def _switch(self, fault: Fault) -> None:
        self.fault = fault
        if fault.stopped:
            await self._close()
        elif self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._bound(self.port), limit=1 << 20)

    async def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        store: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while request := await _message(reader):
                method = request.split(b" ", 1)[0].decode()
                fault = self.fault if self.fault.meets(method) else NONE

                def did(what: str, fault: Fault = fault, method: str = method) -> None:
                    self.calls[fault.name, method, what] += 1

                await asyncio.sleep(fault.delay)
                if fault.cut_before:
                    did("cut before")
                    return
                if fault.status:
                    did("answered")
                    writer.write(self._answer(fault, method))
                    await writer.drain()
                    continue
                store = store or await asyncio.open_connection("127.0.0.1", self.to, limit=1 << 20)
                store[1].write(request)
                answer = await _message(store[0], is_bodiless=method == "HEAD")
                if fault.cut_after:
                    did("cut after")
                    return
                if not answer:
                    return
                did("passed")
                writer.write(answer)
                await writer.drain()
                if CLOSE.search(answer.split(b"\r\n\r\n", 1)[0]):
                    return
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            for it in [writer, *([store[1]] if store else [])]:
                it.transport.abort()

    @staticmethod
    def _answer(fault: Fault, method: str) -> bytes:
        """As Blob Storage words its errors."""
        body = b'<?xml version="1.0"?><Error><Code>Faulty</Code><Message>by a test</Message></Error>'
        head = [f"HTTP/1.1 {fault.status} Faulty", "content-type: application/xml", f"content-length: {len(body)}"]
        lines = [*head, "x-ms-error-code: Faulty", *fault.headers, "", ""]
        return "\r\n".join(lines).encode() + (b"" if method == "HEAD" else body)


@contextmanager
def proxy(azurite: places.Azurite) -> Iterator[tuple[Proxy, places.Container]]:
    """A proxy before Azurite, and a new container: its URL and variables go by the proxy, its client does not."""
    place = azurite.container()
    it = Proxy(azurite.port)
    place.variables |= {"AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{it.port}/{azurite.account}"}
    try:
        yield it, place
    finally:
        it.close()
