"""The conformance suite of the Open Inference Protocol, pointed at this server as at any other."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import skeg
import small_models
from oip import golden, model

SUITE = Path(__file__).resolve().parent / "oip"
# All that the suite has tests for.
EXTENSIONS = {"binary_tensor_data", "classification", "logging", "model_configuration", "model_repository",
              "parameters", "schedule_policy", "statistics"}
# What depends on the model and not on the server; each is passed by another model.
ALLOWED = ("the model has one input", "the model has more than one input", "no input takes", "no output is a matrix")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    """A server that nobody else asks, since the suite counts, and whose versions do not take turns."""
    folder = tmp_path_factory.mktemp("oip")
    skeg.demo_store(folder)
    with small_models.serving(folder, "words", "types", "total") as server:
        yield server


def test_the_server_announces_all_extensions_that_the_suite_tests(server: skeg.Server) -> None:
    with server.client() as client:
        assert set(client.get("/v2").json()["extensions"]) >= EXTENSIONS


@pytest.mark.parametrize("model", ["fraud", "words", "types", "total"])
def test_the_server_conforms(server: skeg.Server, model: str) -> None:
    line = [sys.executable, "-m", "pytest", SUITE, "--url", f"http://{server.http}", "--grpc", server.grpc,
            "--model", model, "-q", "--tb=short", "-p", "no:cacheprovider"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = [said for said in done.stdout.splitlines() if said.startswith("SKIPPED")]
    assert all(any(reason in said for reason in ALLOWED) for said in skipped), skipped
    assert "mandatory: " in done.stdout and " passed" in done.stdout, done.stdout


# === the suite's own measures ===


@pytest.mark.parametrize(("body", "fault"), [
    ({"name": "n", "version": "1", "extensions": []}, None),
    ({"name": "n", "version": "1", "extensions": ["a"], "more": 1}, None),
    ({"name": "n", "version": 1, "extensions": []}, "body.version is 1"),
    ({"name": "n", "version": "1"}, "body has no extensions"),
    ({"name": "n", "version": "1", "extensions": ["a", 2]}, "body.extensions[1] is 2"),
    ([], "body is [], not an object"),
])
def test_a_golden_says_what_is_wrong(body: object, fault: str | None) -> None:
    if fault is None:
        return golden.check(body, "server_metadata")
    with pytest.raises(AssertionError) as caught:
        golden.check(body, "server_metadata")
    assert fault in str(caught.value)


def test_a_golden_knows_what_may_be_missing() -> None:
    golden.check({"ready": True}, "model_ready", model="m")
    golden.check({"name": "m", "ready": True}, "model_ready", model="m")
    with pytest.raises(AssertionError, match="body.name is 'n', not 'm'"):
        golden.check({"name": "n", "ready": True}, "model_ready", model="m")
    with pytest.raises(AssertionError, match="body.live is 1"):
        golden.check({"live": 1}, "live")


@pytest.mark.parametrize("datatype", sorted(model.NUMPY))
def test_values_come_back_from_their_bytes(datatype: str) -> None:
    values = model.Spec("x", datatype, (-1, 3)).values(4)
    assert values.shape == (4, 3) and values.dtype == model.NUMPY[datatype]
    wanted = [[text.encode() for text in row] for row in values] if datatype == "BYTES" else values.tolist()
    assert model.from_raw(model.raw(values), datatype, [4, 3]).tolist() == wanted


def test_null_is_nan_in_an_answer() -> None:
    found = model.from_json({"datatype": "FP32", "shape": [2, 1], "data": [[None], [1.5]]})
    np.testing.assert_array_equal(found, np.array([[np.nan], [1.5]], np.float32))


def test_a_server_that_says_yes_to_everything_fails() -> None:
    class Yes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Yes) as yes:
        threading.Thread(target=yes.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{yes.server_port}"
        line = [sys.executable, "-m", "pytest", SUITE, "--url", url, "--model", "m", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
        yes.shutdown()
    assert done.returncode == 1
    assert "FAILED" in done.stdout and "test_the_server_describes_itself" in done.stdout, done.stdout
    assert "mandatory: 2 passed" in done.stdout, "a 200 is all that health needs"
