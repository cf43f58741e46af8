"""The command line: exit codes, all mistakes at once, a sound help."""

from __future__ import annotations

import socket
from pathlib import Path

import skeg

SPEC = 'name: fraud\ndeployments:\n  green: {model: "fraud:1"}\ntraffic: {green: 100}\n'


def demo_store(folder: Path) -> Path:
    """A store with both versions of the example model."""
    with skeg.serving(folder) as server:
        assert server.terminate() == 0
    return server.store


def test_help_and_version_exit_zero() -> None:
    for flag in ["--help", "--version"]:
        done = skeg.run(flag)
        assert done.returncode == 0
        assert "skeg" in done.stdout.lower()
    assert "SKEG_HTTP" in skeg.run("serve", "--help").stdout


def test_usage_errors_exit_64() -> None:
    for args in [["serve", "--nope"], ["sevre"], [], ["serve"]]:
        done = skeg.run(*args)
        assert done.returncode == 64, args
        assert done.stderr, args


def test_all_bad_values_are_reported_at_once_and_exit_78(folder: Path) -> None:
    done = skeg.run(
        "serve", "--store", "ftp://x", "--http", "nowhere", "--workers", "0", "--roll-age", "soon", "--log", "a=b=c"
    )
    assert done.returncode == 78
    for culprit in ["ftp", "--http", "--workers", "--roll-age", "--log"]:
        assert culprit in done.stderr


def test_all_mistakes_of_all_specs_are_reported_at_once_and_exit_78(folder: Path) -> None:
    specs = folder / "specs"
    specs.mkdir()
    (specs / "a.yaml").write_text(SPEC.replace("100", "90"))
    (specs / "b.yaml").write_text(SPEC.replace("fraud:1", "fraud").replace("name: fraud", "name: -x"))
    done = skeg.run("serve", "--store", str(folder), "--endpoints", str(specs))
    assert done.returncode == 78
    for culprit in ["a.yaml", "sum to 90 %", "b.yaml", "deployments.green.model", "name:"]:
        assert culprit in done.stderr, done.stderr


def test_a_folder_of_specs_replaces_the_stores(folder: Path) -> None:
    store = demo_store(folder)
    specs = folder / "specs"
    specs.mkdir()
    (specs / "only-green.yaml").write_text(SPEC.replace("name: fraud", "name: payments"))
    with skeg.serving(folder, "--endpoints", str(specs), command="serve", store=store) as server:
        with server.client() as client:
            assert client.get("/v2/models/payments/ready").status == 200
            assert client.get("/v2/models/fraud/ready").status == 404


def test_missing_and_changed_models_are_named_and_exit_1(folder: Path) -> None:
    store = demo_store(folder)
    model = store / "models" / "fraud" / "1" / "model.onnx"
    sound = model.read_bytes()
    model.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    (store / "models" / "fraud" / "2" / "model.onnx").unlink()
    done = skeg.run("serve", "--store", str(store), *skeg.FREE_PORTS)
    assert done.returncode == 1
    assert "deployment green" in done.stderr and "fraud:1" in done.stderr and "SHA-256" in done.stderr
    assert "deployment blue" in done.stderr and "fraud:2" in done.stderr and "missing" in done.stderr


def test_a_taken_port_is_named_and_exits_1(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        done = skeg.run("serve", "--store", str(folder), "--http", address, *skeg.FREE_PORTS[2:])
    assert done.returncode == 1
    assert address in done.stderr


def test_a_store_that_is_not_there_is_named_and_not_made(folder: Path) -> None:
    missing = folder / "typo"
    for args in [["serve", "--store", missing], ["drift", "analyze", "--store", missing, "--endpoint", "fraud"]]:
        done = skeg.run(*map(str, args))
        assert done.returncode in (1, 78)
        assert "typo: no such folder" in done.stderr
    assert skeg.run("serve", "--store", "").returncode == 78
    assert not missing.exists()


def test_a_server_without_endpoints_is_ready(folder: Path) -> None:
    (folder / "store").mkdir()
    with skeg.serving(folder, command="serve") as server, server.client() as client:
        assert client.get("/v2/health/ready").status == 200
        # MLflow's health asks for a model.
        assert client.get("/ping").status == client.get("/health").status == 404
