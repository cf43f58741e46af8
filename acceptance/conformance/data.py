"""Training data of the sweep: small, drawn from fixed seeds, with rows to ask about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

TRAIN, ASK, WIDTH = 240, 200, 5
WORDS = (
    "card cash fast slow green blue late early refund order pay paid bank shop home travel "
    "food fuel gift loan rent wire fee tip"
).split()


@dataclass(frozen=True)
class Data:
    """What a model is fitted to, and the rows it is then asked about."""

    x: np.ndarray
    y: np.ndarray
    ask: np.ndarray


def _features(seed: int, rows: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1.5, (rows, WIDTH)).astype(np.float32)


def _signal(x: np.ndarray) -> np.ndarray:
    known = np.nan_to_num(x)
    return known[:, 0] - 0.7 * known[:, 1] + 0.5 * known[:, 2] * known[:, 3] + 0.3 * np.sin(3 * known[:, 4])


def _noisy(x: np.ndarray) -> np.ndarray:
    return _signal(x) + np.random.default_rng(3).normal(0, 0.3, len(x))


def binary() -> Data:
    """Classes 0 and 1."""
    x = _features(1, TRAIN)
    return Data(x, (_noisy(x) > 0.2).astype(np.int64), _features(2, ASK))


def three() -> Data:
    """Classes 0, 1 and 2."""
    x = _features(1, TRAIN)
    return Data(x, np.digitize(_noisy(x), [-0.8, 0.8]).astype(np.int64), _features(2, ASK))


def gaps() -> Data:
    """Classes -1, 3 and 7: labels that are no positions."""
    data = three()
    return Data(data.x, np.array([-1, 3, 7])[data.y], data.ask)


def named() -> Data:
    """Classes with names."""
    data = three()
    return Data(data.x, np.array(["low", "mid", "hïgh"])[data.y], data.ask)


def yesno() -> Data:
    """Two classes with names."""
    data = binary()
    return Data(data.x, np.array(["no", "yes"])[data.y], data.ask)


def real() -> Data:
    """A target that is a number."""
    x = _features(1, TRAIN)
    return Data(x, _noisy(x).astype(np.float32), _features(2, ASK))


def positive() -> Data:
    """A target above zero."""
    data = real()
    return Data(data.x, np.exp(0.4 * data.y).astype(np.float32), data.ask)


def two_targets() -> Data:
    """Two numbers to predict."""
    data = real()
    return Data(data.x, np.stack([data.y, data.x[:, 1] - data.y], axis=1), data.ask)


def two_labels() -> Data:
    """Two labels to predict."""
    data = binary()
    return Data(data.x, np.stack([data.y, three().y], axis=1), data.ask)


def two_alike() -> Data:
    """Two labels with as many classes."""
    data, other = three(), np.digitize(_features(1, TRAIN)[:, 0], [-1, 1]).astype(np.int64)
    return Data(data.x, np.stack([data.y, other], axis=1), data.ask)


def with_missing(data: Data, rows: bool = True) -> Data:
    """A tenth of all values is missing and, with `rows`, some rows have nothing."""
    draw = np.random.default_rng(5)

    def some(x: np.ndarray) -> np.ndarray:
        x = x.copy()
        x[draw.random(x.shape) < 0.1] = np.nan
        return x

    ask = some(data.ask)
    if rows:
        ask[:3] = np.nan
    return Data(some(data.x), data.y, ask)


def counts(data: Data) -> Data:
    """Whole numbers from zero in place of the features."""
    return Data(np.floor(np.abs(data.x) * 2), data.y, np.floor(np.abs(data.ask) * 2))


def above_zero(data: Data) -> Data:
    """Features above zero."""
    return Data(np.abs(data.x) + 0.1, data.y, np.abs(data.ask) + 0.1)


def wide(data: Data) -> Data:
    """The same in double precision."""
    return Data(data.x.astype(np.float64), data.y, data.ask.astype(np.float64))


def whole(data: Data) -> Data:
    """The same as 64-bit integers."""
    return Data((data.x * 3).astype(np.int64), data.y, (data.ask * 3).astype(np.int64))


def frame(seed: int = 11, rows: int = TRAIN, missing: bool = False) -> pd.DataFrame:
    """Payments: numbers, an integer and two columns of strings."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "amount": draw.lognormal(2, 1, rows).astype(np.float32),
            "age": draw.uniform(18, 90, rows).astype(np.float32),
            "count": draw.integers(0, 9, rows).astype(np.int64),
            "channel": draw.choice(["web", "app", "shop", "phone"], rows).astype(object),
            "country": draw.choice(["DE", "FR", "日本", "US", ""], rows).astype(object),
        }
    )
    if missing:
        for column in ("amount", "age"):
            table.loc[draw.random(rows) < 0.15, column] = np.nan
    return table


def asked(missing: bool = False, unseen: bool = False) -> pd.DataFrame:
    """Payments to ask about; with `unseen`, some are of a channel that no model was shown."""
    table = frame(12, ASK, missing)
    if unseen:
        table.loc[::9, "channel"] = "fax"
    return table


def fraud(table: pd.DataFrame) -> np.ndarray:
    """What the models of payments predict."""
    risk = np.log(table["amount"].fillna(7.0)) + (table["channel"] == "web") - 0.02 * table["age"].fillna(40)
    risk += 0.5 * (table["country"] == "US") + 0.1 * table["count"]
    return (risk > risk.median()).to_numpy().astype(np.int64)


def texts(seed: int = 21, rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Short notes and their class."""
    draw = np.random.default_rng(seed)
    notes = [" ".join(draw.choice(WORDS, draw.integers(1, 9))) for _ in range(rows)]
    return np.array(notes, dtype=object), np.array(["refund" in note or "late" in note for note in notes]).astype(
        np.int64
    )
