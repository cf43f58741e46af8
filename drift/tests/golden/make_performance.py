"""Makes performance.json: what scikit-learn and NannyML say of small generated data.

    python -m venv VENV
    VENV/bin/pip install nannyml==0.13.1 statsmodels==0.15.0 scikit-learn==1.9.1 \
        scipy==1.17.1 numpy==2.4.6 pandas==3.1.1
    VENV/bin/python drift/tests/golden/make_performance.py

Read by the tests of drift/src/performance. Scores and numbers are integers to be divided by their
case's `scale`, so that they are short here and the same floats in Rust. Seeds are fixed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml
import numpy as np
import pandas as pd
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression

Rng = np.random.Generator


def digits(values) -> str:
    return "".join(str(int(value)) for value in values)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def binary_case(name: str, scale: int, ints, labels, threshold: float) -> dict:
    scores = ints / scale
    said = (scores >= threshold).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, said, labels=[0, 1]).ravel()
    rate, mean = calibration_curve(labels, scores, n_bins=10)
    edges = np.linspace(0.0, 1.0, 11)
    rows = np.bincount(np.searchsorted(edges[1:-1], scores), minlength=10)
    filled = rows[rows > 0]
    return {
        "name": name,
        "scale": scale,
        "scores": ints.tolist(),
        "labels": digits(labels),
        "threshold": threshold,
        "confusion": [int(tp), int(fp), int(fn), int(tn)],
        "accuracy": metrics.accuracy_score(labels, said),
        "precision": metrics.precision_score(labels, said),
        "recall": metrics.recall_score(labels, said),
        "specificity": metrics.recall_score(labels, said, pos_label=0),
        "f1": metrics.f1_score(labels, said),
        "roc_auc": metrics.roc_auc_score(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores),
        "bins": rows.tolist(),
        "mean_scores": mean.tolist(),
        "observed_rates": rate.tolist(),
        "expected_error": float(np.sum(filled * np.abs(mean - rate)) / len(scores)),
    }


def binary() -> list[dict]:
    rng = np.random.default_rng(1)
    p = rng.beta(1.2, 2.0, 400)
    plain = np.round(1000 * p).astype(int)
    few = rng.integers(0, 11, 300)
    rare = np.round(10000 * sigmoid(rng.normal(-4, 1.5, 500))).astype(int)
    return [
        binary_case("plain", 1000, plain, (rng.random(400) < p).astype(int), 0.5),
        # Scores on the edges of the bins, many equal, some 0 and 1 and wrong.
        binary_case("ties", 10, few, (rng.random(300) < 0.2 + 0.05 * few).astype(int), 0.7),
        binary_case("rare", 10000, rare, (rng.random(500) < 1.5 * rare / 10000).astype(int), 0.1),
    ]


def regression() -> list[dict]:
    rng = np.random.default_rng(2)
    cases = []
    for name, offset, noise in (("plain", 0, 1.0), ("biased, far from 0", 5000, 0.3)):
        labels = np.round(1000 * (offset + rng.normal(0, 2, 150))).astype(int)
        said = np.round(labels + 1000 * rng.normal(0.2, noise, 150)).astype(int)
        y, x = labels / 1000, said / 1000
        cases.append(
            {
                "name": name,
                "scale": 1000,
                "predictions": said.tolist(),
                "labels": labels.tolist(),
                "mean_error": float(np.mean(x - y)),
                "mae": metrics.mean_absolute_error(y, x),
                "mse": metrics.mean_squared_error(y, x),
                "rmse": metrics.root_mean_squared_error(y, x),
                "r2": metrics.r2_score(y, x),
            }
        )
    return cases


def classes() -> dict:
    rng = np.random.default_rng(3)
    labels = rng.choice(list("abcd"), 200, p=[0.5, 0.3, 0.15, 0.05])
    guess = rng.choice(list("abce"), 200, p=[0.5, 0.3, 0.15, 0.05])
    said = np.where((rng.random(200) < 0.6) & (labels != "d"), labels, guess)
    names = sorted(set(labels) | set(said))
    each = metrics.precision_recall_fscore_support(
        labels, said, labels=names, zero_division=np.nan
    )
    whole = metrics.precision_recall_fscore_support(
        labels, said, labels=names, average="macro", zero_division=np.nan
    )

    def numbers(values):
        return [None if np.isnan(value) else float(value) for value in values]

    return {
        "labels": "".join(labels),
        "predictions": "".join(said),
        "names": "".join(names),
        "confusion": metrics.confusion_matrix(labels, said, labels=names).tolist(),
        "accuracy": metrics.accuracy_score(labels, said),
        "precision": numbers(each[0]),
        "recall": numbers(each[1]),
        "f1": numbers(each[2]),
        "macro": numbers(whole[:3]),
    }


def isotonic() -> list[dict]:
    rng = np.random.default_rng(4)
    cases = []
    for name, scale, rows in (("distinct", 100_000, 250), ("ties", 20, 250), ("one score", 2, 9)):
        ints = rng.integers(0, scale + 1, rows) if scale > 2 else np.ones(rows, dtype=int)
        labels = (rng.random(rows) < sigmoid(8 * (ints / scale - 0.6))).astype(int)
        curve = IsotonicRegression(out_of_bounds="clip").fit(ints / scale, labels)
        grid = np.arange(-2, 43) / 40
        cases.append(
            {
                "name": name,
                "scale": scale,
                "scores": ints.tolist(),
                "labels": digits(labels),
                "corners": curve.X_thresholds_.tolist(),
                "probabilities": curve.y_thresholds_.tolist(),
                "grid": grid.tolist(),
                "calibrated": curve.predict(grid).tolist(),
            }
        )
    return cases


def cbpe_case(name: str, rng: Rng, rows: int, truth, shift: float) -> dict:
    """Reference and live scores, all different, and labels of the reference by `truth(scores)`."""
    scale = 100_000
    order = rng.permutation(np.arange(1, scale))
    reference = np.sort(order[:rows])
    weights = (order[rows:] / scale) ** shift
    live = rng.choice(order[rows:], 300, replace=False, p=weights / weights.sum())
    labels = truth(reference / scale)
    # NannyML's sampling error of the ROC AUC loses a positive row of the lowest rank, or, where
    # most are positive, a negative one of the highest.
    labels[0], labels[-1] = 0, 1

    def frame(ints, y):
        p = ints / scale
        return pd.DataFrame({"p": p, "said": (p >= 0.5).astype(int), "y": y})

    names = ["accuracy", "precision", "recall", "specificity", "f1", "roc_auc"]
    estimator = nannyml.CBPE(
        y_pred_proba="p",
        y_pred="said",
        y_true="y",
        problem_type="classification_binary",
        metrics=names,
        chunk_number=1,
    )
    estimator.fit(frame(reference, labels))
    result = estimator.estimate(frame(live, np.zeros(300, dtype=int)))
    row = result.filter(period="analysis").to_df().iloc[0]
    columns = ["value", "sampling_error", "lower_confidence_boundary", "upper_confidence_boundary"]
    return {
        "name": name,
        "scale": scale,
        "reference": reference.tolist(),
        "labels": digits(labels),
        "live": live.tolist(),
        "calibrated": bool(estimator.needs_calibration),
        "metrics": {m: [float(row[(m, column)]) for column in columns] for m in names},
    }


def cbpe() -> list[dict]:
    rng = np.random.default_rng(5)

    def drawn(probability):
        return lambda p: (rng.random(len(p)) < probability(p)).astype(int)

    def even(p):
        """As many positives up to each score as its probabilities add up to."""
        return np.diff(np.floor(np.cumsum(p) + 0.5), prepend=0).astype(int)

    return [
        cbpe_case("too sure", rng, 1500, drawn(lambda p: 0.25 + 0.4 * p), 1.0),
        cbpe_case("mostly positive", rng, 1500, drawn(lambda p: p**0.25), -0.5),
        cbpe_case("calibrated", rng, 300, even, 0.5),
    ]


def main() -> None:
    parts = {
        "versions": {"scikit-learn": sklearn.__version__, "nannyml": nannyml.__version__},
        "binary": binary(),
        "regression": regression(),
        "classes": classes(),
        "isotonic": isotonic(),
        "cbpe": cbpe(),
    }
    lines = ",\n".join(
        f'"{key}":' + json.dumps(value, separators=(",", ":")) for key, value in parts.items()
    )
    Path(__file__).with_name("performance.json").write_text("{" + lines + "}\n")


if __name__ == "__main__":
    main()
