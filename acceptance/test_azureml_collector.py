"""The second copy of the rows, as Azure ML's model data collector writes it, read as its monitors read it."""

from __future__ import annotations

import io
import json
import random
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import places
import skeg
import small_models
from test_shutdown import Load

WORKSPACE = "/subscriptions/0b1f/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/risk"
FLAGS = ["--azureml-workspace", WORKSPACE, "--roll-age", "200ms", "--replica", "acceptance-1"]
KEYS = ["specversion", "id", "source", "type", "datacontenttype", "time", "data", "contentrange", "correlationid",
        "xrequestid", "modelversion", "collectdatatype", "agent"]
PATH = re.compile(
    r"modelDataCollector/(?P<endpoint>[\w.-]+)/(?P<deployment>[\w.-]+)/(?P<collection>model_inputs|model_outputs)"
    r"/(?P<hour>\d{4}/\d\d/\d\d/\d\d)/(?P<instance>acceptance-1-[0-9a-f]+-\d{8})\.jsonl"
)
BATCH = 50
CLIENT_ID = "x-ms-client-request-id"


class Stored:
    """What a store has of both copies, and what was answered."""

    def __init__(self, place: places.Place, answers: dict[str, Any] | None = None) -> None:
        self.answers = answers or {}
        self.names = place.names("modelDataCollector/")
        self.texts = {name: place.read(name).decode() for name in self.names}
        rows = place.names("rows/v1/")
        self.parquet = {name: pd.read_parquet(io.BytesIO(place.read(name))) for name in rows}

    def lines(self, deployment: str, collection: str) -> list[dict[str, Any]]:
        of = [name for name in self.names if f"/{deployment}/{collection}/" in name]
        # As Azure does: by line feeds, and nothing else.
        return [json.loads(line) for name in of for line in self.texts[name].removesuffix("\n").split("\n")]

    def exploded(self, deployment: str, collection: str) -> pd.DataFrame:
        """A row for each, its id that of its line and its place in it: Azure's preprocessor does the same."""
        rows = [
            {**row, "correlationid": f"{line['correlationid']}_{at}"}
            for line in self.lines(deployment, collection) for at, row in enumerate(line["data"])
        ]
        return pd.DataFrame(rows)

    def joined(self, deployment: str) -> pd.DataFrame:
        inputs, outputs = (self.exploded(deployment, it) for it in ("model_inputs", "model_outputs"))
        return inputs.merge(outputs, on="correlationid", validate="one_to_one")

    def rows(self, deployment: str) -> pd.DataFrame:
        """The Parquet files', with the same id, and columns without their sides."""
        table = pd.concat(it for name, it in self.parquet.items() if f"/deployment={deployment}/" in name)
        ids = table["correlation_id"].fillna(table["request_id"]) + "_" + table["row_index"].astype(str)
        own = [name for name in table if name.startswith(("in.", "out."))]
        return table[own].rename(columns=lambda name: name.split(".", 1)[1]).assign(correlationid=ids)


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory, azurite: places.Azurite, samples: pd.DataFrame
) -> Iterator[Stored]:
    """Sample rows, some of them with missing values, scored at two deployments with a store in Azurite."""
    folder, place, answers = tmp_path_factory.mktemp("azureml"), azurite.container(), {}
    rows = samples[skeg.FEATURES].to_numpy(np.float32)[:1000].copy()
    rows[::7, 2] = np.nan
    with skeg.serving(folder, *FLAGS, store=place.url, variables=place.variables) as server:
        with server.client() as client:
            for deployment in ["green", "blue"]:
                for start in range(0, len(rows), BATCH):
                    name = f"{deployment}-{start}"
                    headers = {"azureml-model-deployment": deployment, CLIENT_ID: f"client-{name}"}
                    body = skeg.matrix(rows[start : start + BATCH], id=name)
                    answers[name] = client.request("POST", "/v2/models/fraud/infer", body, headers).json()
        assert server.terminate() == 0, server.logs()
    yield Stored(place, answers)


def test_files_lie_where_azure_looks_and_are_named_after_the_parquet_files(stored: Stored) -> None:
    found = [PATH.fullmatch(name) for name in stored.names]
    assert found and all(found), stored.names
    named = {(it["deployment"], it["hour"], it["instance"]) for it in found}
    keys = r".*/deployment=([^/]+)/.*/date=(\d{4})-(\d\d)-(\d\d)/hour=(\d\d)/([^/]+)\.parquet"
    parquet = [re.fullmatch(keys, name).groups() for name in stored.parquet]
    assert named == {(it[0], "/".join(it[1:5]), it[5]) for it in parquet}
    assert len(stored.names) == 2 * len(parquet)


@pytest.mark.parametrize("collection", ["model_inputs", "model_outputs"])
def test_each_line_is_an_event_with_the_keys_in_order(stored: Stored, collection: str) -> None:
    ids = set()
    for deployment, version in [("green", "1"), ("blue", "2")]:
        lines = stored.lines(deployment, collection)
        assert len(lines) == len(stored.answers) // 2
        for line in lines:
            assert list(line) == KEYS
            fixed = [line[key] for key in ("specversion", "type", "datacontenttype", "modelversion", "collectdatatype")]
            assert fixed == [
                "1.0", f"azureml.inference.{collection}", "application/json", version, "pandas.core.frame.DataFrame"
            ]
            assert line["source"] == f"{WORKSPACE}/onlineEndpoints/fraud/deployments/{deployment}"
            assert line["correlationid"] == f"client-{line['xrequestid']}" and line["xrequestid"] in stored.answers
            assert re.fullmatch(r"skeg/\d+\.\d+\.\d+", line["agent"])
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])
            ids.add(uuid.UUID(line["id"]))
    assert len(ids) == len(stored.answers)


def test_the_range_is_the_length_of_the_data_as_it_stands(stored: Stored) -> None:
    for text in stored.texts.values():
        for line in text.removesuffix("\n").split("\n"):
            data = re.search(r'"data":(\[.*\]),"contentrange":"bytes 0-(\d+)/(\d+)"', line)
            length = len(data[1].encode())
            assert (int(data[2]), int(data[3])) == (length - 1, length)


@pytest.mark.parametrize("deployment", ["green", "blue"])
def test_joined_as_azure_does_they_are_the_rows_of_the_parquet_files(stored: Stored, deployment: str) -> None:
    joined = stored.joined(deployment).set_index("correlationid").sort_index()
    rows = stored.rows(deployment).set_index("correlationid").sort_index()
    assert len(joined) == 1000
    assert list(joined.columns) == list(rows.columns)
    # Each number is read as the same one of its own type.
    pd.testing.assert_frame_equal(joined.astype(rows.dtypes.to_dict()), rows, check_exact=True)
    assert joined[skeg.FEATURES[2]].isna().sum() >= 1000 // 7


def test_pandas_reads_a_file_of_lines(stored: Stored) -> None:
    for name, text in stored.texts.items():
        table = pd.read_json(io.StringIO(text), lines=True)
        assert list(table.columns) == KEYS
        rows = pd.json_normalize(table["data"].explode())
        assert len(rows) == BATCH * len(table), name


def test_numbers_are_as_short_as_their_type_allows(stored: Stored) -> None:
    """A 32-bit float has nine digits at most; as a 64-bit one it would have up to seventeen."""
    text = next(text for name, text in stored.texts.items() if "/green/model_inputs/" in name)
    data = re.search(r'"data":(\[.*?\]),"contentrange"', text)[1]
    numbers = re.findall(r":-?([\d.]+)", data)
    assert numbers and max(len(number.replace(".", "").strip("0")) for number in numbers) <= 9


def test_the_other_readers_are_not_disturbed(stored: Stored, azurite: places.Azurite, tmp_path: Path) -> None:
    place = azurite.container()
    with skeg.serving(tmp_path, *FLAGS, store=place.url, variables=place.variables) as server:
        with server.client() as client:
            assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
        assert server.terminate() == 0, server.logs()
    assert place.names("modelDataCollector/")
    at = ["--store", place.url]
    out = tmp_path / "rows.parquet"
    verified = skeg.run("rows", "verify", "--endpoint", "fraud", *at, variables=place.variables)
    wanted = ["--endpoint", "fraud", "--output", str(out)]
    exported = skeg.run("rows", "export", *wanted, *at, variables=place.variables)
    listed = skeg.run("models", "list", *at, variables=place.variables)
    assert [it.returncode for it in (verified, exported, listed)] == [0, 0, 0], verified.stderr + exported.stderr
    assert len(pd.read_parquet(out)) == 1
    assert "modelDataCollector" not in listed.stdout


def test_texts_and_every_kind_of_column(tmp_path: Path) -> None:
    """A text with quotes and line ends is one JSON string on one line; covered columns are covered here, too."""
    cities = ['say "hi"\n\r\\', "\u2028å\u0000", ""]
    store = small_models.register(tmp_path, "words", "types")
    rules = {"features": {"lat": {"bucket": 10}, "lon": "drop"}}
    spec = skeg.spec({"only": "words:1"}, {"only": 100}, name="words", collect={"privacy": rules})
    (store / "endpoints" / "words.yaml").write_text(json.dumps(spec))
    types = {
        "BOOL": True, "UINT8": 255, "UINT16": 65535, "UINT32": 2**32 - 1, "UINT64": 2**64 - 1, "INT8": -128,
        "INT16": -(2**15), "INT32": -(2**31), "INT64": -(2**63), "FP32": 0.1, "FP64": 0.1 + 0.2, "BYTES": cities[0],
    }
    tensors = [{"name": f"{kind.lower()}_in", "shape": [1, 1], "datatype": kind, "data": [it]} for kind, it in types.items()]
    words = [
        {"name": "numbers", "shape": [3, 2], "datatype": "FP32", "data": [37.5, 1, -0.5, 2, 9, 3]},
        {"name": "city", "shape": [3, 1], "datatype": "BYTES", "data": cities},
    ]
    with skeg.serving(tmp_path, *FLAGS, command="serve", store=store) as server:
        with server.client() as client:
            assert client.infer({"id": "w", "inputs": words}, path="/v2/models/words/infer").status == 200
            assert client.infer({"id": "t", "inputs": tensors}, path="/v2/models/types/infer").status == 200
        assert server.terminate() == 0, server.logs()
    found = {}
    for path in (store / "modelDataCollector").rglob("*.jsonl"):
        (line,) = path.read_text().removesuffix("\n").split("\n")
        event = json.loads(line)
        found[event["correlationid"], event["type"].rsplit("_", 1)[1]] = event["data"]
    assert [row["city"] for row in found["w", "inputs"]] == cities
    assert [row["lat"] for row in found["w", "inputs"]] == [30, -10, 0]
    assert [row["lon"] for row in found["w", "inputs"]] == [None] * 3
    for side, end in [("inputs", "in"), ("outputs", "out")]:
        (row,) = found["t", side]
        values = {name.split("_")[0].upper(): value for name, value in row.items()}
        assert values == types
        assert all(f"_{end}" in name for name in row)


def test_a_side_that_is_not_kept_has_no_file(tmp_path: Path) -> None:
    store = small_models.register(tmp_path, "words")
    spec = skeg.spec({"only": "words:1"}, {"only": 100}, name="words", collect={"inputs": False})
    (store / "endpoints" / "words.yaml").write_text(json.dumps(spec))
    words = [
        {"name": "numbers", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]},
        {"name": "city", "shape": [1, 1], "datatype": "BYTES", "data": ["x"]},
    ]
    with skeg.serving(tmp_path, *FLAGS, command="serve", store=store) as server:
        with server.client() as client:
            assert client.infer({"inputs": words}, path="/v2/models/words/infer").status == 200
        assert server.terminate() == 0, server.logs()
    assert [it.name for it in (store / "modelDataCollector" / "words" / "only").iterdir()] == ["model_outputs"]


def test_killed_and_restarted_each_line_is_there_once(tmp_path: Path, azurite: places.Azurite) -> None:
    place, answered = azurite.container(), []
    flags = ["--azureml-workspace", WORKSPACE, "--roll-age", "100ms", "--spool", str(tmp_path / "spool")]
    for life in range(4):
        with skeg.serving(tmp_path, *flags, store=place.url, variables=place.variables) as server:
            load = Load(server, prefix=f"{life}-")
            load.start()
            skeg.until("some answers", lambda load=load: len(load.answered) >= 200)
            time.sleep(random.random() / 2)
            if life % 2:
                assert server.terminate() == 0, server.logs()
            else:
                server.process.kill()
                server.process.wait()
            load.join()
        answered += load.answered
    with skeg.serving(tmp_path, *flags, store=place.url, variables=place.variables) as server:
        assert server.terminate() == 0, server.logs()
        assert "lost" not in server.logs()
    stored = Stored(place)
    for deployment in ("green", "blue"):
        ids = [line["correlationid"] for line in stored.lines(deployment, "model_inputs")]
        outputs = [line["correlationid"] for line in stored.lines(deployment, "model_outputs")]
        assert len(ids) == len(set(ids)) > 0 and sorted(ids) == sorted(outputs)
        joined, rows = stored.joined(deployment), stored.rows(deployment)
        assert sorted(joined["correlationid"]) == sorted(rows["correlationid"])
    logged = {it for table in stored.parquet.values() for it in table["request_id"]}
    assert set(answered) <= logged


@pytest.mark.parametrize("wrong", ["risk", f"{WORKSPACE}/onlineEndpoints/fraud", WORKSPACE[1:], ""])
def test_what_is_no_workspace_is_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    done = skeg.run("demo", "--store", str(tmp_path / "store"), f"--azureml-workspace={wrong}")
    assert done.returncode == 78
    assert "--azureml-workspace must be an ARM id" in done.stderr


def test_without_a_workspace_there_is_no_second_copy(demo: skeg.Server) -> None:
    with demo.client() as client:
        assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
    assert not (demo.store / "modelDataCollector").exists()
