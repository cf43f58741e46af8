"""Rows as an Arrow stream and as CSV: columns by name, in any order; answers in the same form."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

import fraud
import skeg
import small_models

ARROW, CSV = "application/vnd.apache.arrow.stream", "text/csv"
INFER, INVOCATIONS = "/v2/models/fraud/infer", "/invocations"


@pytest.fixture
def client(green: skeg.Server) -> Iterator[skeg.Client]:
    with green.client() as client:
        yield client


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skeg.Server]:
    with small_models.serving(tmp_path_factory.mktemp("words"), "words") as server:
        yield server


def post(client: skeg.Client, body: bytes, kind: str, path: str = INFER, **headers: str) -> skeg.Reply:
    return client.request("POST", path, body, {"Content-Type": kind, **headers})


def stream(table: pa.Table, rows_a_batch: int = 3) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows_a_batch)
    return sink.getvalue()


def arrow(samples: pd.DataFrame, kind: pa.DataType = pa.float32()) -> pa.Table:
    """The rows with their columns in another order than the model's; what is missing is null."""
    columns = fraud.columns(samples)
    return pa.table({name: pa.array(values, pa.float32()).cast(kind) for name, values in columns.items()})


def read(reply: skeg.Reply) -> pa.Table:
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == ARROW
    return pa.ipc.open_stream(reply.body).read_all()


def assert_scores(table: pa.Table, samples: pd.DataFrame) -> None:
    assert table.column_names == [fraud.LABEL, fraud.PROBABILITY]
    assert table.schema.field(fraud.LABEL).type == pa.int64()
    assert table.schema.field(fraud.PROBABILITY).type == pa.list_(pa.float32(), 2), "a list of two a row"
    fraud.check(table[fraud.LABEL].to_pylist(), table[fraud.PROBABILITY].to_pylist(), samples)


def refused(reply: skeg.Reply, culprit: str = "") -> None:
    assert reply.status == 400, reply.body
    body = reply.json()
    assert culprit in body.get("error", body.get("message")), reply.body


# === Arrow ===


@pytest.mark.parametrize("path", [INFER, "/v2/models/fraud/versions/1/infer", INVOCATIONS])
@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
@pytest.mark.parametrize("rows_a_batch", [1, 3, 100])
def test_arrow(client: skeg.Client, samples: pd.DataFrame, path: str, kind: pa.DataType, rows_a_batch: int) -> None:
    reply = post(client, stream(arrow(samples, kind), rows_a_batch), ARROW, path)
    assert_scores(read(reply), samples)
    assert reply.headers["azureml-model-deployment"] == "green"


def test_arrow_of_whole_numbers_and_nan(client: skeg.Client, samples: pd.DataFrame) -> None:
    """What pandas makes: some columns are whole numbers, and NaN is no null."""
    table = fraud.table(samples)
    whole = [name for name in table if not table[name].isna().any() and (table[name] % 1 == 0).all()]
    assert whole
    frame = table.astype(dict.fromkeys(whole, np.int64))
    assert_scores(read(post(client, stream(pa.Table.from_pandas(frame, preserve_index=False)), ARROW)), samples)


def test_arrow_of_part_of_a_batch(client: skeg.Client, samples: pd.DataFrame) -> None:
    """A slice has buffers that start before its first row."""
    table = pa.concat_tables([arrow(samples)] * 2).combine_chunks()
    part = table.slice(fraud.COUNT, fraud.COUNT)
    assert_scores(read(post(client, stream(part), ARROW)), samples)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.binary()])
def test_arrow_of_text(words: skeg.Server, kind: pa.DataType) -> None:
    texts = ["Zürich", "", "東京", "Zürich"]
    city = pa.array(texts).cast(kind) if not pa.types.is_binary(kind) else pa.array([text.encode() for text in texts])
    table = pa.table({"city": city, "lon": pa.array([1.0, 2, 3, 4]), "lat": pa.array([5, 6, 7, 8], pa.int32())})
    with words.client() as client:
        answer = read(post(client, stream(table, 2), ARROW, "/v2/models/words/infer"))
    # A column of one is a value a row.
    assert answer.schema.names == ["total", "same"] and answer.schema.types == [pa.float32(), pa.string()]
    assert answer["same"].to_pylist() == texts
    pairs = zip(table["lat"].to_pylist(), table["lon"].to_pylist(), strict=True)
    assert answer["total"].to_pylist() == [1.5 * lat - 2 * lon for lat, lon in pairs]


@pytest.mark.parametrize("path", [INFER, INVOCATIONS])
def test_arrow_columns_that_do_not_fit_are_named(client: skeg.Client, samples: pd.DataFrame, path: str) -> None:
    table = arrow(samples)
    place = table.column_names.index("amount")
    text = pa.array(["much"] * fraud.COUNT)
    for spoilt, culprit in [
        (table.drop_columns(["merchant_risk"]), "merchant_risk"),
        (table.append_column("colour", text), "colour"),
        (table.append_column("amount", table["amount"]), "amount"),
        (table.set_column(place, "amount", text), "amount"),
        (table.set_column(place, "amount", pa.array([[1.0]] * fraud.COUNT)), "amount"),
        (table.set_column(place, "amount", pa.array([0] * fraud.COUNT, pa.timestamp("us"))), "amount"),
    ]:
        refused(post(client, stream(spoilt), ARROW, path), culprit)


def test_what_is_no_arrow_stream_is_refused(client: skeg.Client, samples: pd.DataFrame) -> None:
    whole = stream(arrow(samples))
    file = io.BytesIO()
    with pa.ipc.new_file(file, arrow(samples).schema) as writer:
        writer.write_table(arrow(samples))
    spoilt = [b"", b"\0" * 64, b"amount\n1\n", file.getvalue(), whole[:200], whole[:-12], b"\x01" + whole[1:],
              stream(arrow(samples).slice(0, 0)), whole[:4] + b"\xff\xff\xff\x7f" + whole[8:]]
    for body in spoilt:
        refused(post(client, body, ARROW))
    assert_scores(read(post(client, whole, ARROW)), samples)


def test_compressed_arrow_is_read_or_named(client: skeg.Client, samples: pd.DataFrame) -> None:
    """Buffers of a stream may be compressed; a reader that cannot says which way."""
    table = arrow(samples)
    for codec in ["lz4", "zstd"]:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
            writer.write_table(table)
        reply = post(client, sink.getvalue(), ARROW)
        if reply.status == 200:
            assert_scores(read(reply), samples)
        else:
            refused(reply, codec)


# === CSV ===


def csv(samples: pd.DataFrame, **how: Any) -> bytes:
    table = fraud.table(samples)
    return table[table.columns[::-1]].to_csv(index=False, **how).encode()


def assert_csv(reply: skeg.Reply, samples: pd.DataFrame) -> None:
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"].split(";")[0] == CSV
    table = pd.read_csv(io.BytesIO(reply.body))
    names = [f"{fraud.PROBABILITY}.{place}" for place in (0, 1)]
    assert list(table) == [fraud.LABEL, *names]
    fraud.check(table[fraud.LABEL], table[names], samples)


@pytest.mark.parametrize("how", [{}, {"lineterminator": "\r\n"}, {"quoting": 1}, {"float_format": "%.9e"}])
def test_csv(client: skeg.Client, samples: pd.DataFrame, how: dict[str, Any]) -> None:
    assert_csv(post(client, csv(samples, **how), CSV), samples)
    assert_csv(post(client, csv(samples, **how), CSV, INVOCATIONS, Accept=CSV), samples)
    assert_csv(post(client, csv(samples, **how), "text/csv; charset=utf-8"), samples)


def test_csv_for_mlflow_is_answered_as_mlflow_does(client: skeg.Client, samples: pd.DataFrame) -> None:
    reply = post(client, csv(samples), CSV, INVOCATIONS)
    assert reply.headers["content-type"] == "application/json"
    fraud.check_records(reply.json()["predictions"], samples)


@pytest.mark.parametrize("missing", ["", "NaN", "nan", "NA", "null"])
def test_a_missing_value_in_csv(client: skeg.Client, samples: pd.DataFrame, missing: str) -> None:
    """As pandas reads it."""
    assert_csv(post(client, csv(samples, na_rep=missing), CSV), samples)


def test_csv_may_begin_with_a_mark_and_end_without_a_line_end(client: skeg.Client, samples: pd.DataFrame) -> None:
    assert_csv(post(client, b"\xef\xbb\xbf" + csv(samples).rstrip(b"\n"), CSV), samples)


def test_csv_of_text(words: skeg.Server) -> None:
    texts = ["Zürich", 'a "b"', "c, d", "two\nlines"]
    frame = pd.DataFrame({"city": texts, "lon": [1.0, 2, 3, 4], "lat": [5, 6, 7, 8]})
    with words.client() as client:
        reply = post(client, frame.to_csv(index=False).encode(), CSV, "/v2/models/words/infer")
    assert reply.status == 200, reply.body
    table = pd.read_csv(io.BytesIO(reply.body))
    assert list(table) == ["total", "same"]
    assert table["same"].tolist() == texts
    np.testing.assert_allclose(table["total"], frame["lat"] * 1.5 - frame["lon"] * 2, rtol=1e-6)
    # Another reader agrees.
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    assert pyarrow.csv.read_csv(io.BytesIO(reply.body), parse_options=options)["same"].to_pylist() == texts


@pytest.mark.parametrize("path", [INFER, INVOCATIONS])
def test_csv_columns_that_do_not_fit_are_named(client: skeg.Client, samples: pd.DataFrame, path: str) -> None:
    table = fraud.table(samples)
    for spoilt, culprit in [
        (table.drop(columns="merchant_risk"), "merchant_risk"),
        (table.assign(colour=1.0), "colour"),
        (pd.concat([table, table[["amount"]]], axis=1), "amount"),
        (table.assign(amount="much"), "amount"),
    ]:
        refused(post(client, spoilt.to_csv(index=False).encode(), CSV, path), culprit)


def test_what_is_no_csv_is_refused(client: skeg.Client, samples: pd.DataFrame) -> None:
    head, *lines = csv(samples).decode().splitlines()
    for spoilt, culprit in [
        ("", ""), (head + "\n", ""), ("\n".join([head, lines[0], lines[1] + ",1"]), "3"),
        ("\n".join([head, lines[0], lines[1].rsplit(",", 1)[0]]), "3"), ("\n".join([head, '"' + lines[0]]), ""),
        ("\n".join([head, "x" + lines[0]]), head.split(",")[0]),
    ]:
        refused(post(client, spoilt.encode(), CSV), culprit)
    refused(post(client, b"\xff\xfe" + csv(samples), CSV))


def test_a_type_that_nobody_knows_is_read_as_json(client: skeg.Client, samples: pd.DataFrame) -> None:
    """Clients of the protocol send what they like with JSON."""
    body = (skeg.EXAMPLE / "request.json").read_bytes()
    assert post(client, body, "text/plain").status == 200
    refused(post(client, csv(samples), "text/plain"))


def test_rows_are_collected_whatever_their_form(folder: Path, samples: pd.DataFrame) -> None:
    with skeg.demo_of_one(folder) as server, server.client() as client:
        for name, (body, kind) in {"arrow": (stream(arrow(samples)), ARROW), "csv": (csv(samples), CSV)}.items():
            assert client.request("POST", INFER, body, {"Content-Type": kind, "x-request-id": name}).status == 200
        assert server.terminate() == 0, server.logs()
    rows = pd.read_parquet(server.store / "rows" / "v1" / "endpoint=fraud")
    for name in ["arrow", "csv"]:
        found = rows[rows["request_id"] == name].sort_values("row_index")
        inputs = found[[f"in.{feature}" for feature in skeg.FEATURES]].to_numpy(np.float32)
        np.testing.assert_array_equal(inputs, fraud.table(samples).to_numpy())


def test_tables_may_go_to_score_too(green: skeg.Server, samples: pd.DataFrame) -> None:
    table = fraud.table(samples)
    with green.client() as client:
        reply = client.request("POST", "/score", table.to_csv(index=False).encode(), {"Content-Type": "text/csv"})
        assert reply.status == 200, reply.body
        fraud.check(reply.json()[fraud.LABEL], reply.json()[fraud.PROBABILITY], samples)
        far = table.astype(object)
        far.iloc[0, 0] = "1e39"
        reply = client.request("POST", "/score", far.to_csv(index=False).encode(), {"Content-Type": "text/csv"})
        assert reply.status == 400 and table.columns[0] in reply.json()["message"], reply.body


def test_streams_that_break_the_library_are_refused_in_silence(folder: Path, samples: pd.DataFrame) -> None:
    """Whatever the library trips over is a 400, and leaves no stack in the log."""
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_pandas(fraud.table(samples), preserve_index=False)
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    sound, chance = sink.getvalue().to_pybytes(), np.random.default_rng(5)
    with skeg.demo_of_one(folder) as server:
        with server.client() as client:
            for _ in range(300):
                broken = bytearray(sound)
                for place in chance.integers(0, min(len(sound), 4096), 4):
                    broken[place] = chance.integers(0, 256)
                kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
                assert client.request("POST", "/invocations", bytes(broken), kind).status in (200, 400, 413)
        assert "panicked" not in server.logs()
