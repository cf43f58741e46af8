"""Pairs of tables for `test_drift_compat.py`: what drifts, what does not, and what trips up a histogram. Always the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

Pair = tuple[pd.DataFrame, pd.DataFrame]


def pairs() -> dict[str, Pair]:
    rng = np.random.default_rng(20261127)

    def pair(baseline: dict[str, object], current: dict[str, object]) -> Pair:
        return pd.DataFrame(baseline), pd.DataFrame(current)

    def x(baseline: np.ndarray, current: np.ndarray) -> Pair:
        return pair({"x": baseline}, {"x": current})

    found = {
        "normal_same": x(rng.normal(size=800), rng.normal(size=700)),
        "normal_shifted_small": x(rng.normal(size=900), rng.normal(0.2, 1.1, 1000)),
        "normal_shifted_large": x(rng.normal(size=12_000), rng.normal(0.1, 1, 11_000)),
        "lognormal": x(np.exp(2 * rng.normal(size=5000)), np.exp(0.5 + 2 * rng.normal(size=3000))),
        "lognormal_large": x(np.exp(3 * rng.normal(size=15_000)), np.exp(0.3 + 3.2 * rng.normal(size=20_000))),
        "few_against_many": x(rng.normal(size=200), rng.normal(0.1, 1, 15_000)),
        "very_few_against_many": x(rng.normal(size=12_000), rng.normal(0.6, 1, 25)),
        "constant": pair({"x": np.full(400, 7.25), "zero": np.zeros(400)}, {"x": np.full(300, 7.25), "zero": np.zeros(300)}),
        "constant_large": x(np.full(10_500, 0.1), np.full(10_200, 0.1)),
        "constants_apart": pair({"x": np.full(400, 1.5), "k": np.full(400, 3)}, {"x": np.full(300, -2.5), "k": np.full(300, 4)}),
        "itself": x(values := rng.normal(size=1200), values),
        "ties": x(rng.normal(size=3000).round(1), rng.normal(0.1, 1, 2500).round(1)),
        "one_outlier": x(rng.normal(size=20_000), np.append(rng.normal(0.5, 1, 8000), 1e4)),
        "out_of_range": x(rng.uniform(size=11_000), rng.uniform(-0.3, 1.4, 4000)),
    }
    for name, n, m in (("small", 800, 900), ("large", 12_000, 9000)):
        found[f"singles_{name}"] = x(rng.normal(50, 2, n).astype(np.float32), rng.normal(50.2, 1.5, m).astype(np.float32))
    found |= few_integers(rng) | texts(rng) | missing(rng)
    return found


def few_integers(rng: np.random.Generator) -> dict[str, Pair]:
    """Columns of 2, 5, 9, 15 and about 300 different integers, and the same as floats, of small and large references."""
    found = {}
    for name, n, m in (("small", 700, 900), ("large", 4000, 3000)):
        sides = []
        for rows, shift in ((n, 0), (m, 1)):
            side = {
                "i2": rng.binomial(1, 0.3 + 0.02 * shift, rows),
                "i5": rng.choice(5, rows, p=[0.4 - 0.03 * shift, 0.3, 0.15, 0.1, 0.05 + 0.03 * shift]),
                "i9": rng.binomial(8, 0.5 + 0.01 * shift, rows),
                "i15": rng.integers(0, 15, rows),
                "i300": rng.poisson(10_000 + 5 * shift, rows),
            }
            side["u9"] = side["i9"].astype(np.uint8)
            floats = {f"f{name[1:]}": values.astype(float) for name, values in side.items() if name[0] == "i"}
            sides.append(pd.DataFrame(side | floats))
        found[f"few_integers_{name}"] = (sides[0], sides[1])
    return found


def texts(rng: np.random.Generator) -> dict[str, Pair]:
    """Categories, with one that the reference has not; two; one; truth values, with nulls too; pandas' categories; free text."""
    found = {}
    for name, n, m in (("small", 600, 500), ("large", 5000, 4000)):
        sides = []
        for rows, new in ((n, 0.0), (m, 0.02)):
            sides.append(
                pd.DataFrame({
                    "colour": rng.choice(["red", "green", "blue", "ünseen"], rows, p=[0.5, 0.3, 0.2 - new, new]),
                    "same": rng.choice(list("abcdefgh"), rows),
                    "two": rng.choice(["yes", "no"], rows, p=[0.6 - new, 0.4 + new]),
                    "one": np.full(rows, "only"),
                    "truth": rng.random(rows) < 0.3 + new,
                    "levels": pd.Categorical(rng.choice(["low", "high", "top"], rows, p=[0.6, 0.4 - new, new])),
                    "maybe": np.where(rng.random(rows) < 0.1, None, rng.random(rows) < 0.4),
                    "free": [f"row {i} of {rows}" for i in range(rows)],
                    "gaps": np.where(rng.random(rows) < 0.1, None, rng.choice(["x", "y", "z"], rows)),
                })
            )
        found[f"categories_{name}"] = (sides[0], sides[1])
    return found


def missing(rng: np.random.Generator) -> dict[str, Pair]:
    """Nulls, NaN and infinite values; integers with nulls, which pandas reads as floats."""
    sides = []
    for rows, shift in ((1500, 0.0), (1300, 0.3)):
        values = rng.normal(shift, 1, rows)
        values[rng.random(rows) < 0.05] = np.nan
        counts = pd.array(rng.poisson(4, rows), dtype="Int64")
        counts[rng.random(rows) < 0.03] = pd.NA
        sides.append(pd.DataFrame({"x": values, "n": counts, "whole": rng.normal(size=rows)}))
    infinite = [side[["x", "whole"]].copy() for side in sides]
    infinite[1].loc[[3, 70], "x"] = np.inf
    infinite[1].loc[5, "x"] = -np.inf
    empty = [pd.DataFrame({"x": np.full(60, np.nan), "y": rng.normal(size=60)}) for _ in range(2)]
    return {
        "missing": (sides[0], sides[1]),
        "infinite": (infinite[0], infinite[1]),
        "empty": (empty[0].assign(x=0.5), empty[1]),
    }
