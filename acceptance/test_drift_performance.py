"""`skeg drift performance`: metrics of labelled rows are scikit-learn's, and a model that goes wrong is noticed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

import skeg

SCORE, LABEL = "out.output_probability.1", "out.output_label"
# What version 2, which answers at `blue`, calls its outputs.
SCORE_2, LABEL_2 = "out.probabilities.1", "out.label"
GREEN, BLUE, BATCH = 2000, 200, 20
# Every so many rows have no label.
UNLABELLED = 7
THRESHOLD = 0.3
FLIPPED = 1400
KEY = ["request_id", "row_index"]
BINARY = ["--task", "binary", "--score", f"{SCORE},{SCORE_2}", "--threshold", str(THRESHOLD)]


def truths(samples: pd.DataFrame, deployment: str, flipped: int | None = None) -> pd.DataFrame:
    """Most rows of a deployment with their labels; those from row `flipped` on with the other one."""
    place = np.arange(GREEN if deployment == "green" else BLUE)
    label = samples["label"].to_numpy(int)[: len(place)]
    if flipped is not None:
        label = np.where(place >= flipped, 1 - label, label)
    requests = [f"{deployment}-{at // BATCH:04}" for at in place]
    table = pd.DataFrame({"request_id": requests, "row_index": place % BATCH, "label": label})
    return table[place % UNLABELLED != 0]


def post(client: skeg.Client, labels: pd.DataFrame) -> None:
    body = labels.to_csv(index=False).encode()
    reply = client.request("POST", "/endpoints/fraud/labels", body, {"Content-Type": "text/csv"})
    assert (reply.status, reply.json()) == (200, {"accepted": len(labels)})


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Path:
    """A store with rows of both deployments, in the order of the samples, most of them labelled."""
    rows = samples[skeg.FEATURES].to_numpy(np.float32)
    with skeg.serving(tmp_path_factory.mktemp("performance"), "--roll-age", "100ms") as server:
        with server.client() as client:
            for deployment, count in [("green", GREEN), ("blue", BLUE)]:
                for start in range(0, count, BATCH):
                    body = skeg.matrix(rows[start : start + BATCH], id=f"{deployment}-{start // BATCH:04}")
                    assert client.infer(body, deployment).status == 200
                post(client, truths(samples, deployment))
        assert server.terminate() == 0, server.logs()
    return server.store


@pytest.fixture(scope="module")
def broken(scored: Path, tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Path:
    """The same store with `green`'s labels corrected later: from a moment on the model is wrong."""
    store = Path(shutil.copytree(scored, tmp_path_factory.mktemp("broken") / "store"))
    with skeg.serving(store.parent, command="serve", store=store) as server, server.client() as client:
        post(client, truths(samples, "green", FLIPPED))
        assert server.terminate() == 0, server.logs()
    return store


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, samples: pd.DataFrame) -> Path:
    """Other rows than those that are scored, as a training job has them."""
    rows = samples[GREEN:]
    file = tmp_path_factory.mktemp("reference") / "reference.parquet"
    pd.DataFrame({"output_probability.1": rows["v1_p"], "truth": rows["label"]}).to_parquet(file)
    return file


def performance(store: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return skeg.run("drift", "performance", "--store", str(store), "--endpoint", "fraud", *flags)


def text(store: Path, *flags: str) -> str:
    done = performance(store, *flags)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def report(store: Path, *flags: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What JSON says, and that of each deployment."""
    found = json.loads(text(store, *flags, "--json"))
    assert found["format"] == "skeg-performance/1"
    seats = {seat["deployment"]: seat for seat in found["deployments"]}
    assert {name: (seat["model"], seat["version"]) for name, seat in seats.items()} == {
        "green": ("fraud", "1"), "blue": ("fraud", "2"),
    }
    return found, seats


def stored(store: Path, deployment: str) -> pd.DataFrame:
    """All rows of a deployment, in the order that errors have."""
    files = sorted((store / "rows").rglob(f"deployment={deployment}/**/*.parquet"))
    rows = pd.concat([pq.ParquetFile(file).read().to_pandas() for file in files])
    rows = rows.rename(columns={SCORE_2: SCORE, LABEL_2: LABEL})[["event_time", *KEY, SCORE, LABEL]]
    return rows.sort_values(["event_time", *KEY], ignore_index=True)


def labelled(store: Path, samples: pd.DataFrame, deployment: str) -> pd.DataFrame:
    return stored(store, deployment).merge(truths(samples, deployment), on=KEY)


def equal(found: dict[str, Any], expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=0, abs=1e-9), name


def calibration_error(truth: np.ndarray, score: np.ndarray) -> float:
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], score)
    apart = [abs(score[bins == b].sum() - truth[bins == b].sum()) for b in range(10)]
    return sum(apart) / len(score)


def test_the_metrics_of_two_classes_are_those_of_scikit_learn(scored: Path, samples: pd.DataFrame) -> None:
    found, seats = report(scored, *BINARY)
    assert (found["task"], found["columns"], found["threshold"]) == ("binary", [SCORE, SCORE_2], THRESHOLD)
    assert found["rows"] == GREEN + BLUE
    for deployment, count in [("green", GREEN), ("blue", BLUE)]:
        rows = labelled(scored, samples, deployment)
        seat = seats[deployment]
        assert (seat["rows"], seat["labelled"]) == (count, len(rows))
        assert (seat["metrics"]["rows"], seat["metrics"]["unusable"]) == (len(rows), 0)
        truth, score = rows["label"].to_numpy(), rows[SCORE].to_numpy(np.float64)
        said = score >= np.float64(THRESHOLD)
        assert 0 < said.sum() < len(said)
        equal(seat["metrics"], {
            "accuracy": metrics.accuracy_score(truth, said),
            "precision": metrics.precision_score(truth, said),
            "recall": metrics.recall_score(truth, said),
            "specificity": metrics.recall_score(truth, said, pos_label=0),
            "f1": metrics.f1_score(truth, said),
            "roc_auc": metrics.roc_auc_score(truth, score),
            "log_loss": metrics.log_loss(truth, score),
            "brier": metrics.brier_score_loss(truth, score),
            "expected_calibration_error": calibration_error(truth, score),
        })
        tn, fp, fn, tp = metrics.confusion_matrix(truth, said).ravel().tolist()
        assert seat["metrics"]["confusion"] == {
            "true_positive": tp, "false_positive": fp, "false_negative": fn, "true_negative": tn,
        }


def test_so_are_those_of_classes_and_of_numbers(scored: Path, samples: pd.DataFrame) -> None:
    rows = labelled(scored, samples, "green")
    truth = rows["label"].to_numpy()
    _, seats = report(scored, "--task", "classes", "--prediction", LABEL)
    said, of = rows[LABEL].to_numpy(), seats["green"]["metrics"]
    equal(of, {
        "accuracy": metrics.accuracy_score(truth, said),
        "macro_precision": metrics.precision_score(truth, said, average="macro"),
        "macro_recall": metrics.recall_score(truth, said, average="macro"),
        "macro_f1": metrics.f1_score(truth, said, average="macro"),
    })
    assert [one["name"] for one in of["classes"]] == ["0", "1"]
    assert of["confusion"] == metrics.confusion_matrix(truth, said).tolist()

    _, seats = report(scored, "--task", "regression", "--score", SCORE)
    said = rows[SCORE].to_numpy(np.float64)
    equal(seats["green"]["metrics"], {
        "mae": metrics.mean_absolute_error(truth, said),
        "rmse": metrics.root_mean_squared_error(truth, said),
        "mean_error": float(np.mean(said - truth)),
        "r2": metrics.r2_score(truth, said),
    })
    assert seats["green"]["concept_drift"]["ddm"] is None
    # The other model has no such column.
    assert (seats["blue"]["said"], seats["blue"]["metrics"]["unusable"]) == (0, seats["blue"]["labelled"])
    assert f"none has a value in {SCORE}" in text(scored, "--task", "regression", "--score", SCORE)
    _, both = report(scored, "--task", "classes", "--prediction", f"{LABEL},{LABEL_2}")
    rows = labelled(scored, samples, "blue")
    equal(both["blue"]["metrics"], {"accuracy": metrics.accuracy_score(rows["label"], rows[LABEL])})
    only = json.loads(text(scored, *BINARY, "--deployment", "blue", "--json"))["deployments"]
    assert only == [report(scored, *BINARY)[1]["blue"]], "whose files lack one of the columns"


def test_a_positive_class_may_be_named(scored: Path) -> None:
    _, seats = report(scored, *BINARY)
    _, named = report(scored, *BINARY, "--positive", "1")
    assert named == seats
    _, other = report(scored, *BINARY, "--positive", "0")
    assert other["green"]["metrics"]["roc_auc"] == pytest.approx(1 - seats["green"]["metrics"]["roc_auc"])


def test_labels_that_turn_are_noticed_after_they_did(scored: Path, broken: Path) -> None:
    moment = stored(broken, "green").query("request_id == @at", local_dict={"at": f"green-{FLIPPED // BATCH:04}"})
    moment = moment["event_time"].iloc[0]
    _, before = report(scored, *BINARY)
    _, after = report(broken, *BINARY)
    assert after["blue"] == before["blue"]
    for detector in [lambda of: of["adwin"], lambda of: of["ddm"]["drift"]]:
        assert detector(before["green"]["concept_drift"]) == []
        first = pd.Timestamp(detector(after["green"]["concept_drift"])[0])
        assert first >= moment
    changes = after["green"]["concept_drift"]
    assert changes["errors"] == after["green"]["labelled"]
    shown = text(broken, *BINARY)
    assert f"ADWIN         {changes['adwin'][0]}" in shown and f"DDM           {changes['ddm']['drift'][0]}" in shown
    assert "ADWIN         none" in text(scored, *BINARY)


def test_estimates_stand_beside_what_came_true(scored: Path, broken: Path, reference: Path) -> None:
    flags = [*BINARY, "--reference", str(reference), "--reference-label", "truth"]
    found, seats = report(scored, *flags)
    known = pd.read_parquet(reference)
    assert found["reference"]["rows"] == len(known)
    assert found["reference"]["score"] == "output_probability.1"
    score = stored(scored, "green")[SCORE].to_numpy(np.float64)
    probability = score
    if found["reference"]["calibrated"]:
        curve = IsotonicRegression(out_of_bounds="clip").fit(known["output_probability.1"].astype(float), known["truth"])
        probability = curve.predict(score)
    of, said = seats["green"]["estimates"], score >= THRESHOLD
    assert (of["rows"], of["unusable"]) == (GREEN, 0), "rows without a label, too"
    right = np.where(said, probability, 1 - probability)
    precision, recall = probability[said].mean(), probability[said].sum() / probability.sum()
    equal({name: of[name]["value"] for name in ["accuracy", "precision", "recall", "f1"]}, {
        "accuracy": right.mean(), "precision": precision, "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
    })
    for name in ["accuracy", "precision", "recall", "f1", "roc_auc"]:
        assert of[name]["low"] <= seats["green"]["metrics"][name] <= of[name]["high"], name
    # It sees scores only: what labels have become is for the detectors.
    _, wrong = report(broken, *flags)
    assert wrong["green"]["estimates"] == of
    assert wrong["green"]["metrics"]["accuracy"] < of["accuracy"]["low"]
    shown = [seats["green"]["metrics"]["accuracy"], of["accuracy"]["value"], of["accuracy"]["low"]]
    lines = [line.split()[1:4] for line in text(scored, *flags).splitlines() if line.startswith("accuracy")]
    assert lines[1] == [f"{value:.4f}" for value in shown], "after blue's"


def test_what_is_not_there_is_named(scored: Path, reference: Path, folder: Path) -> None:
    def refused(code: int, *flags: str, store: Path = scored) -> str:
        done = performance(store, *flags)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        return done.stderr

    assert "out.nothing" in refused(78, "--task", "binary", "--score", "out.nothing")
    why = refused(78, "--task", "binary", "--score", "out.nothing,out.none")
    assert "out.nothing" in why and "out.none" in why
    assert "model_name" in refused(1, "--task", "binary", "--score", "model_name")
    assert "--prediction" in refused(64, *BINARY, "--prediction", LABEL)
    why = refused(1, *BINARY, "--reference", str(reference), "--reference-label", "absent")
    assert "reference.parquet" in why and "absent" in why
    assert "--reference-label" in refused(64, *BINARY, "--reference", str(reference))
    (folder / "other").mkdir()
    assert "fraud" in refused(1, *BINARY, store=folder / "other")
    # Nothing to say is no failure.
    assert "none in this window" in text(scored, *BINARY, "--to", "2026-01-01T00:00:00Z")
    bare = Path(shutil.copytree(scored, folder / "bare"))
    shutil.rmtree(bare / "labels")
    assert "no row of this window has a label" in text(bare, *BINARY)


def test_the_joined_rows_are_left_nowhere(scored: Path, folder: Path) -> None:
    flags = ["--store", str(scored), "--endpoint", "fraud", *BINARY]
    done = skeg.run("drift", "performance", *flags, variables={"TMPDIR": str(folder)})
    assert done.returncode == 0 and list(folder.iterdir()) == [], done.stderr
    # It is there that they were.
    done = skeg.run("drift", "performance", *flags, variables={"TMPDIR": str(folder / "absent")})
    assert done.returncode == 1 and "absent" in done.stderr, done.stderr
