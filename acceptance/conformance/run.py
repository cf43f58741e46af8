"""Registers every model in one store, serves them and compares each score with ONNX Runtime's."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import skeg

from . import generate, oracle
from .case import Rows

if chosen := os.environ.get("SKEG_BIN"):
    skeg.BINARY = Path(chosen).resolve()

BATCHES = (1, 7, 200)
FAILURE = re.compile(r"endpoint ([\w.-]+), deployment blue: (.*)")
SPEC = 'name: {0}\ndeployments:\n  blue: {{model: "{0}:1"}}\ntraffic: {{blue: 100}}\n'
EQUAL, DIFFERS, REFUSED, NOT_EXPORTED, NO_ORACLE = "equal", "differs", "refused", "not exported", "no oracle"


@dataclass(frozen=True)
class Result:
    """What became of one case; `reason` is empty when it is equal."""

    name: str
    outcome: str
    reason: str = ""


def summary(results: dict[str, Result]) -> str:
    """`N of M equal`, then each case that is not, with its reason.

    M counts the models that exist: those that an exporter wrote and ONNX Runtime runs.
    """
    scored = [r for r in results.values() if r.outcome in (EQUAL, DIFFERS, REFUSED)]
    lines = [f"{sum(r.outcome == EQUAL for r in scored)} of {len(scored)} equal"]
    lines += [f"  {r.name}: {r.outcome}: {r.reason}" for r in scored if r.outcome != EQUAL]
    left = [r for r in results.values() if r not in scored]
    if left:
        lines.append(f"{len(left)} have no model to compare")
        lines += [f"  {r.name}: {r.outcome}: {r.reason}" for r in left]
    return "\n".join(lines)


def sweep(folder: Path, names: list[str] | None = None) -> dict[str, Result]:
    """Runs the cases `names`, all of them by default, with all files in `folder`."""
    models = folder / "models"
    models.mkdir()
    made = generate.make_all(models, names)
    results = {m.name: Result(m.name, NOT_EXPORTED, m.refused) for m in made.values() if m.onnx is None}
    ready = [m for m in made.values() if m.onnx is not None]
    runtimes: dict[str, Any] = {}
    for one in ready:
        try:
            runtimes[one.name] = oracle.session(one.onnx)
            oracle.answers(runtimes[one.name], one.rows)
        except Exception as error:  # ONNX Runtime's errors share no base class
            results[one.name] = Result(one.name, NO_ORACLE, _line(str(error)))
    ready = [m for m in ready if m.name not in results]
    store = folder / "store"
    with ThreadPoolExecutor(2) as pool:
        refusals = list(pool.map(lambda one: register(store, one), ready))
    for one, refusal in zip(ready, refusals, strict=True):
        if refusal:
            results[one.name] = Result(one.name, REFUSED, refusal)
    ready = [m for m in ready if m.name not in results]
    with ExitStack() as stack:
        server, unserved = _serve(stack, folder, store, [m.name for m in ready])
        results |= {name: Result(name, REFUSED, reason) for name, reason in unserved.items()}
        with server.client() as client:
            for one in ready:
                if one.name not in results:
                    reason = compare(client, store, one, runtimes[one.name])
                    results[one.name] = Result(one.name, DIFFERS if reason else EQUAL, reason)
    return {name: results[name] for name in made}


def register(store: Path, made: generate.Made) -> str:
    """`skeg models register`; answers with its refusal, empty when there is none."""
    done = skeg.run("models", "register", str(made.onnx), "--store", str(store), "--model", f"{made.name}:1")
    if done.returncode == 0:
        return ""
    return _line(done.stderr.removeprefix(f"skeg: {made.onnx}: ")) or f"exit code {done.returncode}"


def _serve(stack: ExitStack, folder: Path, store: Path, names: list[str]) -> tuple[skeg.Server, dict[str, str]]:
    """A server of all models that warm up; those that do not, with what the first try says."""
    specs = store / "endpoints"
    specs.mkdir(parents=True, exist_ok=True)
    for name in names:
        (specs / f"{name}.yaml").write_text(SPEC.format(name))
    # Rows wait in memory until the end, which is a kill.
    start = lambda: skeg.serving(folder, "--workers", "1", "--roll-age", "1h", command="serve", store=store)  # noqa: E731
    try:
        return stack.enter_context(start()), {}
    except AssertionError as error:
        unserved = {name: _line(reason) for name, reason in FAILURE.findall(str(error))}
        if not unserved:
            raise
    for name in unserved:
        (specs / f"{name}.yaml").unlink()
    return stack.enter_context(start()), unserved


def compare(client: skeg.Client, store: Path, made: generate.Made, runtime: Any) -> str:
    """The first difference over all batches of one model, with the size of its batch."""
    manifest = json.loads((store / "models" / made.name / "1" / "manifest.json").read_text())
    classes = {output["name"]: output.get("class_labels", []) for output in manifest["outputs"]}
    case = generate.CASES[made.name]
    for size in BATCHES:
        rows = {name: values[:size] for name, values in made.rows.items()}
        reply = client.infer(body(rows), path=f"/v2/models/{made.name}/infer")
        if reply.status != 200:
            return f"{size} rows: status {reply.status}: {_line(reply.body.decode())}"
        theirs, ours = oracle.answers(runtime, rows), reply.json()["outputs"]
        if len(theirs) != len(ours):
            return f"{size} rows: {len(ours)} outputs, not {len(theirs)}"
        for one, other in zip(theirs, ours, strict=True):
            if reason := oracle.difference(case, one, other, classes.get(other["name"], [])):
                return f"{size} rows: {reason}"
    return ""


def body(rows: Rows) -> dict[str, Any]:
    """An infer request; null for missing numbers."""
    return {"inputs": [_tensor(name, values) for name, values in rows.items()]}


def _tensor(name: str, values: np.ndarray) -> dict[str, Any]:
    data: list[Any] = values.ravel().tolist()
    kind = "object" if values.dtype.kind in "UO" else str(values.dtype)
    if values.dtype.kind == "f":
        data = [None if value != value else value for value in data]
    return {"name": name, "shape": list(values.shape), "datatype": oracle.DATATYPES[kind], "data": data}


def _line(text: str) -> str:
    """An error as one line of bounded length."""
    return " ".join(text.split())[:400]


def main() -> None:
    """Prints the summary of all cases, or of those whose names contain an argument."""
    names = [name for name in generate.CASES if not sys.argv[1:] or any(a in name for a in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as folder:
        print(summary(sweep(Path(folder), names)))


if __name__ == "__main__":
    main()
