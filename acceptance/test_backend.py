"""ONNX's own node tests: all of ai.onnx.ml pass, and of the core no fewer than are committed."""

from __future__ import annotations

import subprocess

import pytest

import skeg
from conformance import backend


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, backend.Verdict]:
    """What our runner says of every case."""
    subprocess.run(backend.BUILD, cwd=skeg.ROOT, check=True)
    return backend.run(backend.write(tmp_path_factory.mktemp("backend")))


def test_every_case_of_the_ml_domain_passes(verdicts: dict[str, backend.Verdict]) -> None:
    found = {name: verdict for name, verdict in verdicts.items() if name.startswith(backend.ML)}
    assert found
    assert not {name: verdict for name, verdict in found.items() if verdict.outcome != "pass"}


def test_every_core_case_that_passed_still_does(
    verdicts: dict[str, backend.Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    core = {name: verdict for name, verdict in verdicts.items() if not name.startswith(backend.ML)}
    passing = {name for name, verdict in core.items() if verdict.outcome == "pass"}
    known = backend.passes()
    with capsys.disabled():
        print(f"\n{len(passing)} of {len(core)} core cases pass; {len(known)} are committed")
    assert not {name: core.get(name) for name in known if name not in passing}
    # A new pass is to be kept: run `python -m conformance.backend` in this folder.
    assert passing == set(known)


def test_no_case_ends_the_runner(verdicts: dict[str, backend.Verdict]) -> None:
    assert not {name: verdict for name, verdict in verdicts.items() if verdict.outcome == "crash"}
