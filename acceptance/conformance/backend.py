"""The node tests of the `onnx` package as folders, and what our runner says of them."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.case.test_case import TestCase

from skeg import ROOT

ML = "test_ai_onnx_ml_"
PASSES = Path(__file__).with_name("core_passes.txt")
# With the features of all that is built, as for the other tests: fewer would compile most of it a second time.
BUILD = ["make", "built"]
# All cases take a few.
SECONDS = 120
RUNNER = ROOT / "target" / "release" / "examples" / "conformance"


@dataclass(frozen=True)
class Verdict:
    """`pass`, `fail`, `refused` or `crash`, with the runner's reason."""

    outcome: str
    reason: str = ""


def write(folder: Path) -> dict[str, Path]:
    """Writes every node test below `folder`; answers with each one's name and place."""
    # Some tests divide by zero on purpose; some draw numbers, the same ones each time.
    warnings.simplefilter("ignore")
    np.random.seed(0)
    found: dict[str, Path] = {}
    for case in collect_testcases(None):
        place = folder / ("ml" if case.name.startswith(ML) else "core") / case.name
        _write(case, place)
        found[case.name] = place
    return found


def _write(case: TestCase, place: Path) -> None:
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(case.model.SerializeToString())
    for at, (inputs, outputs) in enumerate(case.data_sets):
        folder = place / f"test_data_set_{at}"
        folder.mkdir()
        for side, values, infos in (
            ("input", inputs, case.model.graph.input),
            ("output", outputs, case.model.graph.output),
        ):
            for place_in, (value, info) in enumerate(zip(values, infos, strict=True)):
                message = _message(value, info)
                (folder / f"{side}_{place_in}.pb").write_bytes(message.SerializeToString())


def _message(value: Any, info: onnx.ValueInfoProto) -> Any:
    """A value as the protobuf message of its kind."""
    if isinstance(value, onnx.TensorProto):
        return value
    if info.type.HasField("sequence_type"):
        return numpy_helper.from_list(value, info.name)
    if info.type.HasField("optional_type"):
        return numpy_helper.from_optional(value, info.name)
    if info.type.HasField("map_type"):
        return numpy_helper.from_dict(value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def run(cases: dict[str, Path]) -> dict[str, Verdict]:
    """Runs the cases with our runner; one that ends or hangs it is a `crash`, and the rest go on."""
    verdicts: dict[str, Verdict] = {}
    left = list(cases)
    while left:
        said, last_words = _run("".join(f"{cases[name]}\n" for name in left))
        verdicts |= said
        left = [name for name in left if name not in said]
        if left:
            verdicts[left.pop(0)] = Verdict("crash", last_words)
    return verdicts


def _run(folders: str) -> tuple[dict[str, Verdict], str]:
    """What one run of the runner says, and how it ended."""
    try:
        done = subprocess.run([RUNNER], input=folders, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        return dict(_verdicts((late.stdout or b"").decode())), f"not done in {SECONDS} s"
    return dict(_verdicts(done.stdout)), f"exit code {done.returncode}: {done.stderr[-200:]}"


def _verdicts(text: str) -> Iterator[tuple[str, Verdict]]:
    for line in text.splitlines():
        outcome, name, *reason = line.split(" ", 2)
        yield name, Verdict(outcome, " ".join(reason))


def passes() -> list[str]:
    """The core cases that are known to pass, as they are committed."""
    return PASSES.read_text().split()


def main() -> None:
    """Builds the runner, runs every case, rewrites the list of core cases that pass."""
    import sys
    import tempfile

    if "--no-build" not in sys.argv:
        subprocess.run(BUILD, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        verdicts = run(write(Path(folder)))
    good = sorted(n for n, v in verdicts.items() if v.outcome == "pass" and not n.startswith(ML))
    PASSES.write_text("".join(f"{name}\n" for name in good))
    for name, verdict in sorted(verdicts.items()):
        if verdict.outcome != "pass":
            print(verdict.outcome, name, verdict.reason)
    ml = [v.outcome == "pass" for n, v in verdicts.items() if n.startswith(ML)]
    print(f"{len(good)} of {len(verdicts) - len(ml)} core cases and {sum(ml)} of {len(ml)} ai.onnx.ml cases pass")


if __name__ == "__main__":
    main()
