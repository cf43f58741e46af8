"""Labels: what was true of scored rows is stored before the answer, and three readers agree on it."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest

import skeg
from skeg import value

PATH = "/endpoints/fraud/labels"
TIME = "2026-11-27T05:00:00Z"
CSV = {"Content-Type": "text/csv"}
KEY = "primary-key-0123456789"


def post(client: skeg.Client, body: Any, headers: dict[str, str] | None = None) -> skeg.Reply:
    return client.request("POST", PATH, body, headers)


def accepted(reply: skeg.Reply) -> int:
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == "application/json"
    assert list(reply.json()) == ["accepted"]
    return reply.json()["accepted"]


def refused(reply: skeg.Reply, status: int) -> str:
    assert reply.status == status, reply.body
    return reply.json()["error"]


def files(store: Path) -> list[Path]:
    return sorted((store / "labels").rglob("*.parquet"))


@pytest.fixture
def server(folder: Path) -> Iterator[skeg.Server]:
    with skeg.serving(folder, "--replica", "acceptance-1", "--access-log", "1") as server:
        yield server


def test_labels_of_every_form_are_there_and_typed(server: skeg.Server) -> None:
    with server.client() as client:
        assert accepted(post(client, {"request_id": "one", "row_index": 3, "label": 1, "time": TIME})) == 1
        assert len(pd.read_parquet(server.store / "labels/v1")) == 1, "it is stored when it is answered"
        assert accepted(post(client, [{"request_id": "two", "label": True}, {"request_id": "two", "row_index": 1, "label": "cat"}])) == 2
        assert accepted(post(client, {"labels": [{"request_id": "three", "label": 0.25}]})) == 1
        lines = f"time,label,request_id\r\n{TIME},0,four\r\n,\"x, y\",five\r\n"
        assert accepted(post(client, lines.encode(), CSV)) == 2
        packed = gzip.compress(json.dumps([{"request_id": "six", "label": "é"}]).encode())
        assert accepted(post(client, packed, {"Content-Encoding": "gzip"})) == 1
        assert accepted(post(client, [])) == 0
    assert value(server, "skeg_labels_total", endpoint="fraud") == 7
    assert value(server, "skeg_labels_refused_total", endpoint="fraud") == 0
    assert value(server, "skeg_requests_total", code="200") == 0, "no label is a score"
    expected = [
        ("five", 0, "x, y", None), ("four", 0, "0", 0.0), ("one", 3, "1", 1.0), ("six", 0, "é", None),
        ("three", 0, "0.25", 0.25), ("two", 0, "true", 1.0), ("two", 1, "cat", None),
    ]

    columns = ["request_id", "row_index", "label", "label_value", "label_time", "received_at", "endpoint_name"]
    dataset = pa.dataset.dataset(server.store / "labels/v1", partitioning="hive")
    types = {field.name: field.type for field in dataset.schema}
    assert [types[name] for name in columns] == [
        pa.string(), pa.uint32(), pa.string(), pa.float64(), pa.timestamp("us", "UTC"), pa.timestamp("us", "UTC"),
        pa.string(),
    ]
    rows = dataset.to_table().sort_by([("request_id", "ascending"), ("row_index", "ascending")]).to_pylist()
    assert [tuple(row[name] for name in columns[:4]) for row in rows] == expected
    assert {row["endpoint_name"] for row in rows} == {row["endpoint"] for row in rows} == {"fraud"}
    for row in rows:
        said = pd.Timestamp(TIME) if row["request_id"] in ("one", "four") else row["received_at"]
        assert row["label_time"] == said, row
        assert abs(pd.Timestamp.now("UTC") - row["received_at"]) < pd.Timedelta(minutes=5)

    tree = f"{server.store}/labels/v1/**/*.parquet"
    query = f"SELECT request_id, row_index, label, label_value FROM read_parquet('{tree}') ORDER BY 1, 2"
    assert duckdb.sql(query).fetchall() == expected
    kinds = duckdb.sql(f"SELECT {', '.join(columns)} FROM read_parquet('{tree}')").types
    assert list(map(str, kinds)) == [
        "VARCHAR", "UINTEGER", "VARCHAR", "DOUBLE", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE", "VARCHAR",
    ]
    name = re.compile(r"labels/v1/endpoint=fraud/date=\d{4}-\d\d-\d\d/acceptance-1-[0-9a-f]+-\d{8}\.parquet")
    assert all(name.fullmatch(str(path.relative_to(server.store))) for path in files(server.store))


def test_labels_join_the_rows_that_were_scored(folder: Path, samples: pd.DataFrame) -> None:
    rows = samples[skeg.FEATURES].to_numpy()[:40]
    with skeg.serving(folder, "--roll-age", "100ms") as server, server.client() as client:
        assert client.infer(skeg.matrix(rows, id="batch-1")).status == 200
        truth = pd.DataFrame({"request_id": "batch-1", "row_index": range(40), "label": [i % 2 for i in range(40)]})
        assert accepted(post(client, truth.to_csv(index=False).encode(), CSV)) == 40
        # The record that pandas makes of it, too; the later of two labels of a row is the one that holds.
        truth["label"] = 1 - truth["label"]
        assert accepted(post(client, truth.to_json(orient="records").encode())) == 40
        assert server.terminate() == 0, server.logs()
    query = f"""
        WITH labels AS (
            SELECT * FROM read_parquet('{server.store}/labels/v1/endpoint=fraud/**/*.parquet')
            QUALIFY row_number() OVER (
                PARTITION BY request_id, row_index ORDER BY label_time DESC, received_at DESC) = 1
        )
        SELECT row_index, label_value FROM labels
        JOIN read_parquet('{server.store}/rows/v1/endpoint=fraud/**/*.parquet', union_by_name = true)
        USING (request_id, row_index) ORDER BY row_index
    """
    assert duckdb.sql(query).fetchall() == [(i, float(1 - i % 2)) for i in range(40)]


def test_one_bad_label_refuses_all_and_names_its_place(server: skeg.Server) -> None:
    good = {"request_id": "a", "label": 1}
    lines = b"request_id,label,time\na,1,\nb,1,\nc,1,today\n"
    with server.client() as client:
        assert refused(post(client, [good] * 3 + [good | {"row_index": -1}]), 400).startswith("labels[3].row_index: ")
        assert refused(post(client, {"labels": [good | {"label": ""}]}), 400).startswith("labels[0].label: ")
        assert refused(post(client, b'{"request_id":"a","label":NaN}'), 400).startswith("label: ")
        assert refused(post(client, {"request_id": "a" * 257, "label": 1}), 400).startswith("request_id: ")
        assert refused(post(client, lines, CSV), 400).startswith("line 4, column time: ")
        assert refused(post(client, b"request_id,label\na\n", CSV), 400).startswith("line 2 ")
        assert "byte" in refused(post(client, b"{"), 400)
        assert refused(post(client, [good] * 100_001), 413).startswith("100001 labels ")
        assert "text/csv" in refused(post(client, b"<a/>", {"Content-Type": "text/xml"}), 415)
        assert "br" in refused(post(client, b"{}", {"Content-Encoding": "br"}), 415)
        assert value(server, "skeg_labels_refused_total", endpoint="fraud") == 10
        assert "nowhere" in refused(client.request("POST", "/endpoints/nowhere/labels", good), 404)
        assert "nowhere" not in server.metrics()
        reply = client.request("PUT", PATH, good)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
        assert not files(server.store)
        # The connection has carried all of it; and the most is taken.
        assert accepted(post(client, [good] * 100_000)) == 100_000
    assert server.terminate() == 0
    assert len(pd.read_parquet(server.store / "labels/v1")) == 100_000


def test_a_body_that_is_too_large_is_cut_off(folder: Path) -> None:
    with skeg.serving(folder, "--body-limit", "10000") as server:
        for headers, body in [
            ({}, b" " * 10_001), ({"Content-Encoding": "gzip"}, gzip.compress(b" " * 100_000)),
        ]:
            with server.client() as client:
                reply = post(client, body, headers)
                assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert value(server, "skeg_refused_total", reason="body_too_large") == 2


def test_posts_at_once_share_a_file(server: skeg.Server) -> None:
    replies: list[skeg.Reply] = []

    def one(index: int) -> None:
        with server.client() as client:
            replies.append(post(client, {"request_id": f"r{index}", "label": index}))

    threads = [threading.Thread(target=one, args=[index]) for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted(reply) for reply in replies) == 20
    assert set(pd.read_parquet(server.store / "labels/v1")["request_id"]) == {f"r{index}" for index in range(20)}
    assert len(files(server.store)) < 10


def test_each_request_has_one_line_in_the_log(folder: Path) -> None:
    (folder / "key").write_text(KEY)
    flags = ["--auth=keys", f"--auth-primary-key-file={folder / 'key'}", "--access-log", "1"]
    label = {"request_id": "a", "label": 1}
    with skeg.serving(folder, *flags) as server, server.client() as client:
        for headers in [{}, {"x-api-key": "wrong"}]:
            reply = post(client, label, headers)
            assert "key" in refused(reply, 401) and reply.headers["www-authenticate"].startswith("Bearer")
        assert value(server, "skeg_labels_refused_total") == 0 and not files(server.store)
        for headers in [{"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}", "X-Request-Id": "mine"}]:
            assert accepted(post(client, label, headers)) == 1
        refused(post(client, {}, {"x-api-key": KEY}), 400)
        refused(client.request("POST", "/endpoints/other/labels", label, {"x-api-key": KEY}), 404)
        assert server.terminate() == 0
    lines = [json.loads(line) for line in server.logs().splitlines() if line.startswith('{"time":')]
    lines = [line for line in lines if line.get("path", "").endswith("/labels")]
    assert [line["code"] for line in lines] == [401, 401, 200, 200, 400, 404]
    assert [line["endpoint"] for line in lines] == ["fraud"] * 5 + ["other"]
    assert all(line["protocol"] is None and line["model_code"] is None for line in lines)
    assert [line["request_id"] for line in lines] == [None, None, None, "mine", None, None]
    assert [bool(line["code_reason"]) for line in lines] == [True, True, False, False, True, True]
    assert lines[2]["request_bytes"] == len(json.dumps(label))


def test_a_store_that_takes_nothing_is_told_and_comes_back(folder: Path) -> None:
    """The way there is a file; nothing can be written below it."""
    with skeg.serving(folder) as server, server.client() as client:
        labels = server.store / "labels"
        labels.write_text("in the way")
        began = time.monotonic()
        reply = post(client, {"request_id": "lost", "label": 1})
        assert "post them again" in refused(reply, 503)
        assert reply.headers["retry-after"] == "5"
        assert 5 < time.monotonic() - began < 20
        assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
        assert value(server, "skeg_labels_refused_total", endpoint="fraud") == 1
        labels.unlink()
        assert accepted(post(client, {"request_id": "kept", "label": 1})) == 1
        assert pd.read_parquet(labels / "v1")["request_id"].tolist() == ["kept"]

        # A short one is waited for.
        kept = folder / "kept"
        labels.rename(kept)
        labels.write_text("in the way")

        def back() -> None:
            labels.unlink()
            kept.rename(labels)

        timer = threading.Timer(1.5, back)
        timer.start()
        assert accepted(post(client, {"request_id": "late", "label": 1})) == 1
        timer.join()
        assert server.terminate() == 0, server.logs()
    assert set(pd.read_parquet(labels / "v1")["request_id"]) == {"kept", "late"}


def test_who_waits_at_the_end_is_answered(folder: Path) -> None:
    with skeg.serving(folder, "--shutdown-budget", "6s") as server:
        labels = server.store / "labels"
        labels.write_text("in the way")
        replies: list[skeg.Reply] = []

        def wait() -> None:
            with server.client() as client:
                replies.append(post(client, {"request_id": "a", "label": 1}))

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        assert server.terminate() == 0, server.logs()
        assert time.monotonic() - began < 5
        thread.join()
    assert "none of these is promised" in refused(replies[0], 503)
    assert replies[0].headers["connection"] == "close"

    (folder / "store" / "labels").unlink()
    with skeg.serving(folder, command="serve") as server:
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.05)
        assert server.terminate() == 0, server.logs()
        thread.join()
    assert accepted(replies[1]) == 1
    assert len(pd.read_parquet(labels / "v1")) == 1


def test_the_description_says_what_is_taken(demo: skeg.Server) -> None:
    with demo.client() as client:
        document = client.get("/openapi.json").json()
    schema = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    checked = jsonschema.Draft202012Validator(schema)
    good = {"request_id": "a", "label": 1}
    for body in [good, [good], {"labels": [good | {"row_index": 3, "time": TIME}]}, good | {"label": "x"}, []]:
        assert checked.is_valid(body), body
    for body in [{}, good | {"label": ""}, good | {"other": 1}, good | {"row_index": -1}, [7], {"labels": [good], "label": 1}]:
        assert not checked.is_valid(body), body
