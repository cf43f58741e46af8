"""Clients that take more than they may: refused, counted, and no harm to one that behaves."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority, Secret
from load import WellBehaved, refused
from test_security import ADMIN, PRIMARY, bearer, key_flags, tls_flags, trusting

import skeg

POST = b"POST /v2/models/fraud/infer HTTP/1.1\r\nHost: x\r\n"
GIGABYTE = 1 << 30
IDLE = 10_000
# Resident memory that a server with its models and its bodies in hand stays below.
MEMORY = 1 << 30


def connect(address: str, small_window: bool = False) -> socket.socket:
    host, port = address.split(":")
    sock = socket.socket()
    sock.settimeout(60)
    if small_window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((host, int(port)))
    return sock


def reads(sock: socket.socket) -> bytes:
    """All that the server says until it closes."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while part := sock.recv(65536):
            answer += part
    return answer


def resident(server: skeg.Server) -> int:
    """Bytes of memory that the server has had at most."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@contextlib.contextmanager
def open_files(count: int) -> Iterator[None]:
    """Room for this many open files in this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= count, f"the limit on open files is {hard}; this test needs {count} (ulimit -Hn)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_heads_that_never_end_are_cut_off(folder: Path) -> None:
    count = 300
    with skeg.serving(folder, "--header-timeout", "2s") as server, WellBehaved(server.http) as client:
        slow = [connect(server.http) for _ in range(count)]
        for sock in slow:
            sock.sendall(POST)
        # A header line now and then does not prolong it.
        deadline = time.monotonic() + 60
        alive = list(slow)
        while alive and time.monotonic() < deadline:
            client.more()
            for sock in list(alive):
                try:
                    sock.sendall(b"X-Slow: 1\r\n")
                except ConnectionError:
                    alive.remove(sock)
        assert alive == []
        assert refused(server, "header_timeout") == count
        for sock in slow:
            sock.close()


def test_ten_thousand_idle_connections_harm_nobody(folder: Path) -> None:
    with open_files(IDLE + 1000), contextlib.ExitStack() as idle:
        server = idle.enter_context(skeg.serving(folder, "--idle-timeout", "20s"))
        client = idle.enter_context(WellBehaved(server.http))
        for _ in range(IDLE):
            idle.enter_context(connect(server.http))
        held = lambda: len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: E731
        skeg.until("all accepted", lambda: held() >= IDLE)
        client.more()
        assert resident(server) < MEMORY
        skeg.until("all cut off", lambda: refused(server, "idle_timeout") == IDLE, 120)
        skeg.until("all given back", lambda: held() < 1000)
        client.more()


def test_gigabyte_bodies_are_refused(folder: Path) -> None:
    announced = POST + f"Content-Length: {GIGABYTE}\r\n\r\n".encode()
    part = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    with skeg.serving(folder) as server, WellBehaved(server.http) as client:
        for _ in range(20):
            with connect(server.http) as sock:
                sock.sendall(announced)
                assert reads(sock).startswith(b"HTTP/1.1 413 ")
        assert refused(server, "body_too_large") == 20
        for _ in range(4):
            sent = 0
            with connect(server.http) as sock, contextlib.suppress(ConnectionError):
                sock.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
                while sent < GIGABYTE:
                    sock.sendall(part)
                    sent += 1 << 20
            assert sent < GIGABYTE // 8, "the server takes it all"
            client.more()
        assert refused(server, "body_too_large") == 24
        assert resident(server) < MEMORY


def test_bodies_that_never_end_are_cut_off(folder: Path) -> None:
    with skeg.serving(folder, "--body-timeout", "1s") as server, WellBehaved(server.http):
        slow = [connect(server.http) for _ in range(50)]
        for sock in slow:
            sock.sendall(POST + b"Content-Length: 100\r\n\r\n{")
        assert all(reads(sock).startswith(b"HTTP/1.1 408 ") for sock in slow)
        assert refused(server, "body_timeout") == 50


def test_what_is_no_tls_is_refused(folder: Path) -> None:
    authority, secret = Authority("test"), Secret(folder / "tls")
    secret.put(**dict(zip(("tls_crt", "tls_key"), authority.issue("server"), strict=True)))
    flags = [*tls_flags(secret), "--handshake-timeout", "1s"]
    with skeg.serving(folder, *flags) as server, WellBehaved(server.http, context=trusting(authority)) as client:
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        broken = [POST + b"\r\n", b"\x00" * 64, bytes(range(256)) * 16, hello + b"\xff" * 600]
        for bytes_ in broken:
            with connect(server.http) as sock:
                sock.sendall(bytes_)
                sock.shutdown(socket.SHUT_WR)
                reads(sock)
        skeg.until("counted", lambda: refused(server, "handshake") == len(broken))
        silent = [connect(server.http) for _ in range(50)]
        for sock in silent[::2]:
            sock.sendall(hello)
        assert all(reads(sock) == b"" for sock in silent)
        # A client may see the end before it is counted.
        skeg.until("counted", lambda: refused(server, "handshake_timeout") == 50)
        client.more()


def test_wrong_keys_are_refused_at_any_rate(folder: Path) -> None:
    keys = Secret(folder / "keys")
    keys.put(primary=PRIMARY.encode(), secondary=b"")
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    with skeg.serving(folder, *key_flags(keys)) as server, WellBehaved(server.http, bearer(PRIMARY)):
        with server.client() as client:
            for number in range(2000):
                reply = client.request("POST", "/v2/models/fraud/infer", body, bearer(f"guess-{number:020}"))
                assert reply.status == 401
        # A body that nobody will read is not asked for.
        with connect(server.http) as sock:
            sock.sendall(POST + f"Content-Length: {GIGABYTE}\r\nExpect: 100-continue\r\n\r\n".encode())
            assert reads(sock).startswith(b"HTTP/1.1 401 ")
        assert refused(server, "unauthorized") == 2001


def test_heads_have_a_size_and_a_number_of_lines(folder: Path) -> None:
    flags = ["--header-limit", "4096", "--header-count", "20"]
    with skeg.serving(folder, *flags) as server, WellBehaved(server.http):
        get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
        for head, status in [
            (get + b"X: " + b"y" * 3000 + b"\r\n\r\n", b"200"),
            (get + b"X: " + b"y" * 5000 + b"\r\n\r\n", b"431"),
            (get + b"X: " + b"y" * 5000, b"431"),
            (get + b"X: y\r\n" * 18 + b"Connection: close\r\n\r\n", b"200"),
            (get + b"X: y\r\n" * 20 + b"\r\n", b"431"),
            (b"GET /healthz\r\n\r\n", b"400"),
            (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        ]:
            with connect(server.http) as sock:
                sock.sendall(head)
                assert sock.recv(65536).startswith(b"HTTP/1.1 " + status), head[:80]
        assert refused(server, "header_too_large") == 3
        assert refused(server, "malformed") == 2


def test_a_client_that_never_reads_is_let_go(folder: Path) -> None:
    with skeg.serving(folder, "--write-timeout", "1s", "--idle-timeout", "1h") as server, WellBehaved(server.http):
        deaf = [connect(server.http, small_window=True) for _ in range(8)]
        ask = b"GET /v2/models/fraud HTTP/1.1\r\nHost: x\r\n\r\n" * 100
        waiting = selectors.DefaultSelector()
        for sock in deaf:
            sock.setblocking(False)
            waiting.register(sock, selectors.EVENT_WRITE)
        # Questions are sent as long as the server takes any; no answer is read.
        deadline = time.monotonic() + 60
        while refused(server, "write_timeout") < len(deaf) and time.monotonic() < deadline:
            for key, _ in waiting.select(timeout=0.1):
                try:
                    key.fileobj.send(ask)
                except BlockingIOError:
                    pass
                except ConnectionError:
                    waiting.unregister(key.fileobj)
        assert refused(server, "write_timeout") == len(deaf)
        for sock in deaf:
            sock.close()


def test_connections_beyond_the_most_wait_and_are_counted(folder: Path) -> None:
    with skeg.serving(folder, "--connections", "2", "--workers", "1") as server:
        first, second = server.client(), server.client()
        assert first.get("/healthz").status == second.get("/healthz").status == 200
        third = server.client()
        third.connection.connect()
        third.connection.sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        skeg.until("counted", lambda: refused(server, "connections") >= 1)
        first.close()
        assert third.connection.sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        second.close()
        third.close()


@pytest.mark.parametrize(
    ("tensor", "status", "reason"),
    [
        ({"shape": [3, 20], "data": [0] * 60}, 200, None),
        ({"shape": [11, 20], "data": [0] * 220}, 413, "too_many_rows"),
        ({"shape": [10, 21], "data": [0] * 210}, 413, "too_many_elements"),
        ({"shape": [10, 10**15], "data": [0]}, 413, "too_many_elements"),
        ({"shape": [1, 1, 1, 20], "data": [[[[0] * 20]]]}, 400, "too_deep"),
    ],
)
def test_requests_have_rows_elements_and_depth(limited: skeg.Server, tensor: dict, status: int, reason: str | None) -> None:
    before = refused(limited, reason) if reason else 0
    body = {"inputs": [{"name": "features", "datatype": "FP32", **tensor}]}
    with limited.client() as client:
        reply = client.infer(json.dumps(body).encode())
        assert reply.status == status, reply.body
        assert client.get("/healthz").status == 200, "the connection goes on"
    if reason:
        assert "features" in reply.json()["error"]
        assert refused(limited, reason) == before + 1


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    flags = ["--rows-limit", "10", "--elements-limit", "200", "--json-depth", "6"]
    with skeg.serving(tmp_path_factory.mktemp("limited"), *flags) as server:
        yield server


def test_the_admin_port_has_the_same_limits(folder: Path) -> None:
    (folder / "admin").write_text(ADMIN)
    flags = [f"--admin-key-file={folder / 'admin'}", "--metrics-open", "--header-timeout=1s", "--header-limit=4096"]
    with skeg.serving(folder, *flags) as server:
        with connect(server.admin) as slow, connect(server.admin) as large:
            slow.sendall(b"GET /metrics HTTP/1.1\r\n")
            large.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 5000)
            assert reads(large).startswith(b"HTTP/1.1 431 ")
            assert reads(slow) == b""
        skeg.until("counted", lambda: refused(server, "header_timeout") == refused(server, "header_too_large") == 1)
