"""The real binary as a process, and a plain HTTP client for it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "target" / "release" / "skeg"
EXAMPLE = ROOT / "examples" / "fraud"
FEATURES: list[str] = json.loads((EXAMPLE / "models/1/card.json").read_text())["feature_names"]["features"]

READY = re.compile(r"skeg is ready: http=(\S+) grpc=(\S+) admin=(\S+)")
# Ports that the system chooses, so that tests run beside each other.
FREE_PORTS = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
START_SECONDS = 60
STOP_SECONDS = 60


# What a person's own server, cloud account or pipeline may have set.
FOREIGN = ("SKEG_", "AZURE_", "IDENTITY_", "GITHUB_", "BUILD_")


def environment() -> dict[str, str]:
    """The test's environment without settings of a person's own server, account or pipeline."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def run(
    *args: str, timeout: float = 120, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `skeg ARGS` to its end."""
    return subprocess.run(
        [BINARY, *args], capture_output=True, text=True, timeout=timeout, check=False,
        env=environment() | (variables or {}),
    )


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection."""

    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=30)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def infer(self, body: Any, deployment: str | None = None, path: str = "/v2/models/fraud/infer") -> Reply:
        headers = {"azureml-model-deployment": deployment} if deployment else {}
        return self.request("POST", path, body, headers)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Server:
    """A running `skeg` and where it listens."""

    process: subprocess.Popen[str]
    store: Path
    http: str
    grpc: str
    admin: str
    log: Path
    stdout: list[str] = field(default_factory=list)

    def client(self) -> Client:
        return Client(self.http)

    def metrics(self) -> str:
        with Client(self.admin) as admin:
            reply = admin.get("/metrics")
        assert reply.status == 200
        return reply.body.decode()

    def terminate(self) -> int:
        """SIGTERM, then the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_SECONDS)

    def logs(self) -> str:
        return self.log.read_text()


@contextmanager
def serving(
    folder: Path,
    *args: str,
    command: str = "demo",
    store: Path | str | None = None,
    variables: dict[str, str] | None = None,
) -> Iterator[Server]:
    """`skeg COMMAND` on free ports with its store in `folder` or at a URL; killed at the end if still there."""
    store = store or folder / "store"
    log = folder / f"stderr-{time.monotonic_ns()}.log"
    line = [BINARY, command, "--store", store, *FREE_PORTS]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*line, *args],
            stdout=subprocess.PIPE, stderr=stderr, text=True,
            # Nobody's load balancer looks away from a test; a flag of the test's own wins.
            env=environment() | {"SKEG_DRAIN_DELAY": "0s"} | (variables or {}),
        )
    try:
        yield _when_ready(process, Path(store), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def demo_store(folder: Path) -> Path:
    """The store that `skeg demo` makes, with all traffic on `green`; nobody serves it."""
    with serving(folder) as server:
        assert server.terminate() == 0
    done = run("traffic", "fraud", "green=100", "blue=0", "--store", str(server.store))
    assert done.returncode == 0, done.stderr
    return server.store


@contextmanager
def demo_of_one(folder: Path, *args: str) -> Iterator[Server]:
    """A demo that does not split its traffic: `green` answers, and `blue` only who names it."""
    control = ["--model-control", "explicit"]
    with serving(folder, *control, *args, command="serve", store=demo_store(folder)) as server:
        yield server


def _when_ready(process: subprocess.Popen[str], store: Path, log: Path) -> Server:
    assert process.stdout is not None
    # The line comes when every model is ready; a watchdog turns a hang into an end of the output.
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if ready := READY.search(line):
                server = Server(process, store, *ready.groups(), log)
                server.stdout.append(line)
                # Keep reading, so that the server never blocks on a full pipe.
                threading.Thread(target=server.stdout.extend, args=[process.stdout], daemon=True).start()
                return server
    finally:
        watchdog.cancel()
    raise AssertionError(f"skeg did not get ready, exit code {process.wait()}:\n{log.read_text()}")


def until(what: str, condition: Any, seconds: float = 30) -> Any:
    """Polls `condition` until it is true; waiting is for other processes, which signal nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def matrix(rows: Any, **extra: Any) -> dict[str, Any]:
    """An infer request of the fraud model; `rows` is a 2-D array, NaN for missing."""
    data = [[None if value != value else float(value) for value in row] for row in rows]
    tensor = {"name": "features", "shape": [len(data), len(data[0])], "datatype": "FP32", "data": data}
    return {"inputs": [tensor], **extra}


def output(reply: Reply, name: str) -> list[Any]:
    """The data of one output of a scored reply."""
    assert reply.status == 200, reply.body
    found = [tensor for tensor in reply.json()["outputs"] if tensor["name"] == name]
    assert len(found) == 1, reply.body
    return found[0]["data"]


def spec(deployments: dict[str, Any], traffic: dict[str, float], name: str = "fraud", **more: Any) -> dict[str, Any]:
    """An endpoint spec; a deployment is a model version or a mapping of keys."""
    seats = {seat: {"model": it} if isinstance(it, str) else it for seat, it in deployments.items()}
    return {"name": name, "deployments": seats, "traffic": traffic, **more}


def apply(server: Server, spec: dict[str, Any]) -> Reply:
    """Puts the spec by the admin API; JSON is YAML."""
    with Client(server.admin) as admin:
        return admin.request("PUT", f"/api/v1/endpoints/{spec['name']}", spec)


def endpoint(server: Server, name: str = "fraud") -> dict[str, Any]:
    """What the server says of an endpoint."""
    with Client(server.admin) as admin:
        reply = admin.get(f"/api/v1/endpoints/{name}")
    return reply.json() if reply.status == 200 else {}


def states(server: Server, name: str = "fraud") -> dict[tuple[str, str], str]:
    """(deployment, model version) to state."""
    seats = endpoint(server, name).get("deployments", [])
    return {(seat["name"], seat["model"]): seat["state"] for seat in seats}


def value(server: Server, name: str, **labels: str) -> float | None:
    """A metric's value, added over all series with these labels; none when there is no such series."""
    found = [
        float(line.rsplit(" ", 1)[1])
        for line in server.metrics().splitlines()
        if re.match(rf"{name}[ {{]", line) and all(f'{key}="{text}"' in line for key, text in labels.items())
    ]
    return sum(found) if found else None
