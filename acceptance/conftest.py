"""Fixtures: one demo server shared by the tests that only ask, and the example's data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import places
import skeg

# The suite runs by itself, against any server; `test_oip.py` points it at ours.
collect_ignore = ["oip"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the tests that take many minutes, too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: holds times against each other, so that nothing may run beside it")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_long = collection_path.name == "long" and collection_path.is_dir()
    return True if is_long and not config.getoption("--long") else None


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    """A demo for tests that neither stop it nor count its rows."""
    with skeg.serving(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    """A demo whose version 1 answers all who name no deployment."""
    with skeg.demo_of_one(tmp_path_factory.mktemp("green")) as server:
        yield server


@pytest.fixture
def client(demo: skeg.Server) -> Iterator[skeg.Client]:
    with demo.client() as client:
        yield client


@pytest.fixture(scope="session")
def samples() -> pd.DataFrame:
    """The held-out rows with ONNX Runtime's answers for both versions."""
    return pd.read_parquet(skeg.EXAMPLE / "samples.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[places.Azurite]:
    """Azure Blob Storage on this machine; each test takes a container of its own."""
    with places.azurite(tmp_path_factory.mktemp("azurite")) as azurite:
        yield azurite


@pytest.fixture(params=["disk", "azurite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> places.Place:
    """An empty store of each kind."""
    if request.param == "disk":
        return places.Folder(tmp_path / "place")
    return request.getfixturevalue("azurite").container()
