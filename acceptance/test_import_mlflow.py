"""Models from a real MLflow tracking server: by version, by alias, behind a path and a token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest

import mlflow_tool
import skeg
import test_register
from test_import import COLUMNS, assert_scores, register, registered, rows, scored, tensor

TOKEN = "eyJ0eXAi.s3cret-of-a-test.x"
PREFIX = "/mlflow/v1.0/workspaces/w"


@dataclass
class Registry:
    address: str
    runs: list[str]

    def tags(self, version: str) -> dict[str, str]:
        return {"mlflow.registered_model": f"payments/{version}", "mlflow.registry": f"http://{self.address}/"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A server with two versions of `payments`, the second the champion, and one of `my payments`."""
    folder = tmp_path_factory.mktemp("mlflow-server")
    onnx.save(test_register.dense(), folder / "dense.onnx")
    with mlflow_tool.server(folder) as address:
        url = f"http://{address}"
        made = [
            mlflow_tool.register(folder / "dense.onnx", url, "payments", "--inside", cwd=folder),
            mlflow_tool.register(
                folder / "dense.onnx", url, "payments", "--columns", ",".join(COLUMNS), "--alias", "champion",
                "--tag", "stage=production", cwd=folder,
            ),
            mlflow_tool.register(folder / "dense.onnx", url, "my payments", cwd=folder),
        ]
        assert [one["version"] for one in made] == ["1", "2", "1"]
        yield Registry(address, [one["run_id"] for one in made])


def test_a_version_is_registered_with_its_lineage(folder: Path, registry: Registry) -> None:
    record = registered(folder, "payments:1", f"mlflow://{registry.address}/payments/1")
    assert record["lineage"]["run_id"] == registry.runs[0]
    tags = record["lineage"]["tags"]
    assert tags.items() >= registry.tags("1").items()
    assert tags["mlflow.source"].startswith("models:/m-") and tags["team"] == "payments"


def test_an_alias_is_what_it_stands_for(folder: Path, registry: Registry) -> None:
    record = registered(folder, "payments:2", f"mlflow://{registry.address}/payments@champion")
    assert record["lineage"]["run_id"] == registry.runs[1]
    tags = record["lineage"]["tags"]
    assert tags.items() >= registry.tags("2").items() and tags["stage"] == "production"
    assert record["inputs"][0]["feature_names"] == COLUMNS
    ours = scored(folder, "payments:2", {"inputs": [tensor("x", rows())]})
    assert_scores(ours, {"x": rows()}, test_register.dense())


def test_mlflows_own_addresses_work(folder: Path, registry: Registry) -> None:
    url = f"http://{registry.address}"
    registered(folder, "payments:1", "models:/payments/1", "--mlflow", url)
    registered(folder, "payments:2", "models:/payments@champion", MLFLOW_TRACKING_URI=url)
    # A name that is none here wants another.
    done = register(folder, "models:/my payments/1", "--mlflow", url)
    assert done.returncode == 64 and '"my payments"' in done.stderr, done.stderr
    registered(folder, "mine:1", f"mlflow://{registry.address}/my%20payments/1", "--model", "mine:1")


def test_a_token_from_a_file_opens_a_hosted_server(folder: Path, registry: Registry) -> None:
    good, wrong = folder / "good", folder / "wrong"
    good.write_text(TOKEN + "\n")
    wrong.write_text("wrong-" + TOKEN)
    with mlflow_tool.gate(registry.address, TOKEN, PREFIX) as (address, seen):
        source = f"mlflow://{address}{PREFIX}/payments@champion"
        record = registered(folder, "payments:2", source, "--mlflow-token-file", good)
        assert record["lineage"]["tags"]["mlflow.registry"] == f"http://{address}{PREFIX}/"
        assert any("mlflow-artifacts/artifacts/" in path for path in seen)
        seen.clear()
        done = register(folder, source, "--mlflow-token-file", wrong, "--model", "p:9")
        assert done.returncode == 1 and "refuses the token (403 Forbidden)" in done.stderr, done.stderr
        assert TOKEN not in done.stderr + done.stdout
        done = register(folder, source, "--model", "p:9")
        assert done.returncode == 1 and "wants a token: --mlflow-token-file (401" in done.stderr, done.stderr
        done = register(folder, source, "--mlflow-token-file", folder / "missing")
        assert done.returncode == 78 and "--mlflow-token-file" in done.stderr, done.stderr
        assert seen == []
    for file in (folder / "store").rglob("*"):
        assert file.is_dir() or TOKEN.encode() not in file.read_bytes()


def test_what_is_not_there_is_one_sentence(folder: Path, registry: Registry) -> None:
    for path, words in [
        ("nobody/1", "version 1 of `nobody` at"),
        ("nobody/1", "404 Not Found: Model Version (name=nobody, version=1) not found"),
        ("payments/9", "Model Version (name=payments, version=9) not found"),
        ("payments@nobody", "`payments@nobody` at"),
        ("payments@nobody", "alias nobody not found"),
        ("prefix/payments/1", "404 Not Found"),
    ]:
        done = register(folder, f"mlflow://{registry.address}/{path}")
        assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    done = register(folder, "mlflow://127.0.0.1:1/payments/1")
    assert done.returncode == 1 and "refused" in done.stderr, done.stderr
    assert not (folder / "store" / "models").exists()


def test_addresses_that_make_no_sense_exit_78(folder: Path) -> None:
    for args, words in [
        (["mlflow://127.0.0.1:1/payments"], "neither a version, a whole number, nor NAME@ALIAS"),
        (["models:/payments/1"], "needs the server: --mlflow URL"),
        (["models:/payments/1", "--mlflow", "http://192.0.2.1"], "needs --mlflow-http"),
        (["mlflow://me:s3cret@192.0.2.1/payments/1"], "a password in an address shows"),
    ]:
        done = register(folder, *args)
        assert done.returncode == 78 and words in done.stderr and "s3cret" not in done.stderr, done.stderr
    shown = skeg.run("models", "register", "--help").stdout
    assert "mlflow://HOST/NAME@ALIAS" in shown
