"""Where the server is, what its model takes, and a summary by how binding each test is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .model import Model
from .target import Reply, Target, model_path

KINDS = ("mandatory", "usual", "extension")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("Open Inference Protocol")
    group.addoption("--url", help="the server, e.g. http://host:8000; what follows is /v2")
    group.addoption("--model", action="append", help="a model that it serves; give it again for another")
    group.addoption("--extension", action="append", help="test this extension though the server does not announce it")
    group.addoption("--grpc", help="its gRPC address, e.g. host:8001; without it, gRPC is not tested")


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.getoption("url") or not session.config.getoption("model"):
        raise pytest.UsageError("--url and --model are needed: see README.md of this folder")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "model_name" in metafunc.fixturenames:
        metafunc.parametrize("model_name", metafunc.config.getoption("model"), scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marks = [mark for mark in item.iter_markers() if mark.name in KINDS]
        if len(marks) != 1:
            raise pytest.UsageError(f"{item.nodeid} must be one of {', '.join(KINDS)}")
        item.user_properties.append(("oip", " ".join([marks[0].name, *marks[0].args])))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each kind: how many of its tests passed."""
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            kind = dict(report.user_properties).get("oip")
            if kind:
                counts.setdefault(kind, Counter())[outcome] += 1
    terminalreporter.section("Open Inference Protocol")
    for kind in sorted(counts, key=lambda kind: (KINDS.index(kind.split()[0]), kind)):
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts[kind].items())
        terminalreporter.write_line(f"{kind}: {said}")


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    return Target(pytestconfig.getoption("url"))


@pytest.fixture(scope="session")
def extensions(target: Target, pytestconfig: pytest.Config) -> list[str]:
    """What the server announces, and what it is to be asked all the same."""
    reply = target.get("/v2")
    announced = reply.json().get("extensions") if reply.status == 200 else []
    return [*(announced or []), *(pytestconfig.getoption("extension") or [])]


@pytest.fixture(autouse=True)
def _announced(request: pytest.FixtureRequest, extensions: list[str]) -> None:
    """Skips what the server does not say that it has."""
    for mark in request.node.iter_markers("extension"):
        if mark.args[0] not in extensions:
            pytest.skip(f"the server does not announce {mark.args[0]}")


@pytest.fixture(scope="session")
def metadata(target: Target, model_name: str) -> dict[str, Any]:
    reply = target.get(model_path(model_name))
    assert reply.status == 200, reply
    return reply.json()


@pytest.fixture(scope="session")
def model(model_name: str, metadata: dict[str, Any]) -> Model:
    """The model as its metadata has it; without inputs, the suite cannot ask anything."""
    assert metadata.get("inputs"), f"the metadata of {model_name} has no inputs: {metadata}"
    model = Model.read(model_name, metadata)
    assert model.first("FP16", "BF16") is None, "JSON has no FP16 and no BF16: take a model of other inputs"
    return model


@pytest.fixture
def infer(target: Target, model: Model) -> Callable[..., Reply]:
    """Posts to the model's infer route."""

    def post(body: Any, headers: dict[str, str] | None = None, version: str = "") -> Reply:
        return target.post(model_path(model.name, version, "infer"), body, headers)

    return post
