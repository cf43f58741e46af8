"""KServe's own clients, over HTTP and gRPC, in an environment of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fraud
import skeg

TOOL = skeg.ROOT / "target" / "tools" / "kserve" / "bin" / "python"
ASK = Path(__file__).resolve().parent / "tools" / "kserve" / "ask.py"
SECONDS = 240


@pytest.fixture(scope="module")
def said(green: skeg.Server, samples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run of `tools/kserve/ask.py` was answered; importing the SDK takes seconds."""
    assert TOOL.exists(), f"{TOOL} is missing: `make tools` installs KServe's SDK"
    folder = tmp_path_factory.mktemp("kserve")
    (folder / "rows.json").write_text(json.dumps(fraud.matrix(samples)))
    done = subprocess.run(
        [TOOL, ASK, f"http://{green.http}", green.grpc, folder / "rows.json"], cwd=folder, env=skeg.environment(),
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_scores(answer: dict[str, Any], samples: pd.DataFrame) -> None:
    assert answer["model"] == "fraud"
    assert list(answer["outputs"]) == [fraud.LABEL, fraud.PROBABILITY]
    fraud.check(answer["outputs"][fraud.LABEL], answer["outputs"][fraud.PROBABILITY], samples)


@pytest.mark.parametrize("way", ["binary", "binary in, JSON out", "JSON", "array"])
def test_infer_over_http(said: dict[str, Any], samples: pd.DataFrame, way: str) -> None:
    assert_scores(said["http"][way], samples)
    assert said["http"][way]["id"].startswith("id-")


def test_one_output_over_http(said: dict[str, Any], samples: pd.DataFrame) -> None:
    outputs = said["http"]["one output"]["outputs"]
    assert list(outputs) == [fraud.PROBABILITY]
    fraud.check(samples["v1_label"][: fraud.COUNT], outputs[fraud.PROBABILITY], samples)


def test_health_over_http(said: dict[str, Any]) -> None:
    assert said["http"]["health"] == [True, True, True]
    assert said["http"]["nobody ready"] is False
    assert said["http"]["deployment"] == "green"


def test_errors_over_http_reach_the_caller(said: dict[str, Any]) -> None:
    """The client reads `error` only of an answer whose type is application/json to the letter."""
    assert said["http"]["refused"].startswith("input") and "features" in said["http"]["refused"]
    assert "400 Bad Request" in said["http"]["refused"]
    assert 'unknown model "nobody"' in said["http"]["nobody"] and "404 Not Found" in said["http"]["nobody"]


def test_the_first_version_of_the_protocol(said: dict[str, Any], samples: pd.DataFrame) -> None:
    assert said["http"]["v1 ready"] is True
    fraud.check_records(said["http"]["v1"]["predictions"], samples)
    assert "400 Bad Request" in said["http"]["v1 refused"] and "instances" in said["http"]["v1 refused"]


@pytest.mark.parametrize("way", ["binary", "json", "array"])
def test_infer_over_grpc(said: dict[str, Any], samples: pd.DataFrame, way: str) -> None:
    assert_scores(said["grpc"][way], samples)
    assert said["grpc"][way]["id"] == f"id-{way}"


def test_health_and_errors_over_grpc(said: dict[str, Any]) -> None:
    assert said["grpc"]["health"] == [True, True, True]
    assert "INVALID_ARGUMENT" in said["grpc"]["refused"] and "features" in said["grpc"]["refused"]
    assert "NOT_FOUND" in said["grpc"]["nobody"] and said["grpc"]["nobody ready"] is False
