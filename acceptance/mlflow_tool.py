"""The real MLflow, in an environment of its own: model folders, a tracking server, a gate that wants a token."""

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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import skeg

PYTHON = skeg.ROOT / "target" / "tools" / "mlflow" / "bin" / "python"
SAVE = Path(__file__).resolve().parent / "tools" / "mlflow" / "save.py"
RUNNING = re.compile(r"Uvicorn running on http://(\S+)")
# Importing MLflow takes half a minute on a busy machine.
START_SECONDS = 240


def environment() -> dict[str, str]:
    """No telemetry, no update check, and none of a person's own settings."""
    own = {name: value for name, value in skeg.environment().items() if not name.startswith("MLFLOW_")}
    return own | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONWARNINGS": "ignore",
    }


def save(*args: str | Path, cwd: Path) -> str:
    """Runs `tools/mlflow/save.py`; what it prints."""
    assert PYTHON.exists(), f"{PYTHON} is missing: `make tools` installs MLflow"
    done = subprocess.run(
        [PYTHON, SAVE, *args], cwd=cwd, env=environment(), capture_output=True, text=True,
        timeout=START_SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def register(model: Path, url: str, name: str, *args: str, cwd: Path) -> dict[str, str]:
    """Logs and registers a model; its run and version."""
    return json.loads(save("registry", model, url, name, *args, cwd=cwd).splitlines()[-1])


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """`mlflow server` with its database and files in `folder`; the address without the scheme."""
    assert PYTHON.exists(), f"{PYTHON} is missing: `make tools` installs MLflow"
    log = folder / "mlflow.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                PYTHON, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "0", "--workers", "1",
                "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
                "--serve-artifacts", "--artifacts-destination", folder / "artifacts",
            ],
            cwd=folder, env=environment(), stdout=out, stderr=subprocess.STDOUT,
            # The server starts workers: all of them end with the group.
            start_new_session=True,
        )
    try:
        yield _address(process, log)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := RUNNING.search(log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"mlflow server did not start:\n{log.read_text()}")


@contextmanager
def gate(address: str, token: str, prefix: str) -> Iterator[tuple[str, list[str]]]:
    """What stands before a hosted MLflow: a path of its own and a bearer token. Its address, and the paths it let in."""
    seen: list[str] = []

    class Gate(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            if given != f"Bearer {token}" or not self.path.startswith(prefix + "/"):
                # A careless server that says back what it was sent.
                return self.answer(403 if given else 401, json.dumps({"message": f"no: {given}"}).encode())
            seen.append(self.path)
            behind = http.client.HTTPConnection(address, timeout=60)
            behind.request("GET", self.path[len(prefix):])
            reply = behind.getresponse()
            self.answer(reply.status, reply.read())
            behind.close()

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Gate) as front:
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{front.server_port}", seen
        finally:
            front.shutdown()
            thread.join()
