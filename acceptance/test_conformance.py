"""The sweep: models of scikit-learn, LightGBM, XGBoost and CatBoost score as in ONNX Runtime."""

from __future__ import annotations

import pytest

from conformance import generate, run
from conformance.known import NOT_EQUAL, NOT_EXPORTED


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, run.Result]:
    """What became of every case; made once."""
    return run.sweep(tmp_path_factory.mktemp("sweep"))


def _cases() -> list[object]:
    """One parameter for each case with a model; a known difference must stay one."""
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=NOT_EQUAL[name]) if name in NOT_EQUAL else ())
        for name in generate.CASES
        if name not in NOT_EXPORTED
    ]


@pytest.mark.parametrize("name", _cases())
def test_scores_equal_onnx_runtimes(results: dict[str, run.Result], name: str) -> None:
    found = results[name]
    assert found.outcome == run.EQUAL, f"{found.outcome}: {found.reason}"


def test_what_no_exporter_writes_is_known(results: dict[str, run.Result]) -> None:
    unmade = {name for name, found in results.items() if found.outcome in (run.NOT_EXPORTED, run.NO_ORACLE)}
    assert unmade == set(NOT_EXPORTED)


def test_known_differences_name_cases() -> None:
    assert set(NOT_EQUAL) | set(NOT_EXPORTED) <= set(generate.CASES)


def test_the_count(results: dict[str, run.Result], capsys: pytest.CaptureFixture[str]) -> None:
    """Not a check: prints `N of M equal` and every case that is not."""
    with capsys.disabled():
        print("\n" + run.summary(results))
