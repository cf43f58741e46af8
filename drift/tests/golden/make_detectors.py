"""Makes detectors.json: streams, and the indices at which river's detectors fire on them.

    python -m venv VENV && VENV/bin/pip install river==0.26.1
    VENV/bin/python drift/tests/golden/make_detectors.py

Read by the tests of drift/src/performance/{adwin,page_hinkley,ddm}.rs. The first two streams are
those of river's own doc strings. Values are multiples of 1/`scale`, so that they are short here
and the same floats in Rust. Seeds are fixed; CPython 3.11's `random`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from river import drift

RIVER = "0.26.1"


def firing(detector, values) -> list[int]:
    """Indices at which the detector says drift."""
    found = []
    for index, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            found.append(index)
    return found


def windows(values) -> list[list[float]]:
    """Width, mean and variance of ADWIN's window wherever it fires, and after the last value."""
    detector = drift.ADWIN()
    found = []
    for index, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected or index == len(values) - 1:
            found.append([detector.width, detector.estimation, detector.variance])
    return found


def ddm_levels(values) -> dict[str, list[int]]:
    """Indices at which DDM starts to warn, and at which it fires."""
    detector = drift.binary.DDM()
    warnings, drifts, before = [], [], False
    for index, value in enumerate(values):
        detector.update(value)
        if detector.warning_detected and not before:
            warnings.append(index)
        before = detector.warning_detected
        if detector.drift_detected:
            drifts.append(index)
    return {"warnings": warnings, "drifts": drifts}


def gauss(seed: int, parts: list[tuple[int, float, float]]) -> list[int]:
    """Normal values in thousandths: (how many, mean, deviation) one after the other."""
    rng = random.Random(seed)
    return [round(1000 * rng.gauss(mean, sd)) for n, mean, sd in parts for _ in range(n)]


def bits(seed: int, parts: list[tuple[int, float]]) -> list[int]:
    """Errors, 0 or 1: (how many, at which rate) one after the other."""
    rng = random.Random(seed)
    return [int(rng.random() < rate) for n, rate in parts for _ in range(n)]


def streams():
    """Name, scale, integers."""
    rng = random.Random(12345)
    yield "river doc: ADWIN, PageHinkley", 1, rng.choices([0, 1], k=1000) + rng.choices(
        range(4, 8), k=1000
    )
    rng = random.Random(42)
    yield "river doc: DDM", 1, rng.choices([0, 1], k=1000) + rng.choices(
        [0, 1], k=1000, weights=[0.3, 0.7]
    )
    yield "errors 5% to 15% to 5%", 1, bits(1, [(3000, 0.05), (2000, 0.15), (2000, 0.05)])
    yield "errors creep from 10% to 30%", 1, bits(2, [(300, 0.10 + 0.01 * i) for i in range(21)])
    yield "no error, then all", 1, [0] * 100 + [1] * 100
    yield "all errors, then none", 1, [1] * 100 + [0] * 300
    yield "stable", 1, bits(3, [(5000, 0.2)])
    yield "residuals, mean moves both ways", 1000, gauss(
        4, [(700, 0.0, 1.0), (400, 1.5, 1.0), (600, -0.5, 0.3)]
    )
    yield "residuals, deviation only", 1000, gauss(5, [(600, 0.0, 0.1), (600, 0.0, 2.0)])
    yield "residuals, large", 1000, gauss(6, [(300, 0.0, 300.0), (300, 90.0, 300.0)])
    # Short sides, at the bound of what ADWIN can tell.
    heights = range(10, 250, 5)
    yield "steps", 10, [v for k in heights for v in [0] * (5 + k % 4) + [k] * (27 - k % 4)]


def packed(values: list[int]) -> str | list[int]:
    """One digit a value where all have one."""
    if all(0 <= value <= 9 for value in values):
        return "".join(str(value) for value in values)
    return values


def main() -> None:
    cases = []
    for name, scale, integers in streams():
        values = [value / scale for value in integers]
        cases.append(
            {
                "name": name,
                "scale": scale,
                "values": packed(integers),
                "adwin": firing(drift.ADWIN(), values),
                "adwin_windows": windows(values),
                "adwin_delta_0.2": firing(drift.ADWIN(delta=0.2), values),
                "page_hinkley": firing(drift.PageHinkley(), values),
                "page_hinkley_other": firing(
                    drift.PageHinkley(min_instances=100, delta=0.05, threshold=8, alpha=0.999),
                    values,
                ),
                "ddm": ddm_levels(values) if set(values) <= {0, 1} else None,
            }
        )
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    text = f'{{"river":"{RIVER}","cases":[\n{lines}\n]}}\n'
    Path(__file__).with_name("detectors.json").write_text(text)


if __name__ == "__main__":
    main()
