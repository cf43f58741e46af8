"""Privacy rules of a spec: what is stored is covered, in types and values; without its key a deployment does not serve."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import skeg
import small_models

KEY = b"a key that stands in no file of the store"
CITIES = ["Reykjavik", "Tromso-Hammerfest", ""]
# As FP32 has them; their bytes stand nowhere by chance.
LATS = np.array([37.123456, -0.4034567, 1e9], np.float32).tolist()
LONS = np.array([-12.591234, 3.1534567, 20.034567], np.float32).tolist()
RULES = {"lat": {"bucket": 10}, "lon": {"bucket": [0, 10]}, "city": "hash", "out.total.0": "drop", "out.same.0": "hash"}
COMPLETE = {name if name.startswith("out.") else f"in.{name}": rule for name, rule in RULES.items()}
INFER = "/v2/models/words/infer"


def hashed(text: str, key: bytes = KEY) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def spec(key: Path, features: dict[str, Any] | None = None, name: str = "words") -> dict[str, Any]:
    rules = {"hash_key_file": str(key), "features": RULES if features is None else features}
    return skeg.spec({"only": f"{name}:1"}, {"only": 100}, name=name, collect={"privacy": rules})


def request() -> dict[str, Any]:
    count = len(CITIES)
    numbers = [list(pair) for pair in zip(LATS, LONS)]
    return {"id": "privacy", "inputs": [
        {"name": "numbers", "shape": [count, 2], "datatype": "FP32", "data": numbers},
        {"name": "city", "shape": [count, 1], "datatype": "BYTES", "data": CITIES},
    ]}


def contents(folder: Path) -> bytes:
    """Every byte of the files below."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def plain(totals: list[float]) -> list[bytes]:
    """What no disk may have: texts, and numbers as 32-bit floats."""
    numbers = [*LATS[:2], *LONS, *totals]
    return [city.encode() for city in CITIES if city] + [struct.pack("<f", number) for number in numbers] + [KEY]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A request scored under rules: the bytes of the spool before, those of the store after, and the rows."""
    folder = tmp_path_factory.mktemp("privacy")
    store = small_models.register(folder, "words")
    key, spool = folder / "key", folder / "spool"
    key.write_bytes(KEY + b"\n")
    (store / "endpoints" / "words.yaml").write_text(json.dumps(spec(key)))
    # Rows stay in the spool until the end.
    flags = ["--roll-age", "10m", "--spool", str(spool), "--log=debug"]
    with skeg.serving(folder, *flags, command="serve", store=store) as server:
        with server.client() as client:
            reply = client.infer(request(), path=INFER)
        assert skeg.output(reply, "same") == CITIES
        skeg.until("rows in the spool", lambda: skeg.value(server, "skeg_rows_total", stage="spooled") == len(CITIES))
        spooled, status = contents(spool), skeg.endpoint(server, "words")
        assert server.terminate() == 0, server.logs()
        logs = server.logs()
    files = list((store / "rows" / "v1").rglob("*.parquet"))
    assert len(files) == 1, files
    file = pa.parquet.ParquetFile(files[0])
    yield {"spool": spooled, "store": contents(store) + contents(spool), "logs": logs.encode(),
           "table": file.read(), "footer": file.metadata.metadata, "status": status, "root": store,
           "totals": skeg.output(reply, "total"), "key": key}


def test_values_are_covered_and_typed(stored: dict[str, Any]) -> None:
    table = stored["table"].sort_by("row_index")
    column = {name: table[name].to_pylist() for name in table.column_names}
    assert column["in.lat"] == [30.0, -10.0, 1e9]
    assert column["in.lon"] == [None, 0.0, 10.0]
    assert column["in.city"] == [hashed(city) for city in CITIES] == column["out.same.0"]
    assert column["out.total.0"] == [None] * len(CITIES)
    types = {field.name: field.type for field in table.schema}
    assert types["in.lat"] == types["in.lon"] == types["out.total.0"] == pa.float32()
    assert types["in.city"] == types["out.same.0"] == pa.string()


def test_readers_are_told_of_the_rules(stored: dict[str, Any]) -> None:
    schema = stored["table"].schema
    rules = {field.name: json.loads(field.metadata[b"skeg.privacy"]) for field in schema
             if b"skeg.privacy" in (field.metadata or {})}
    assert rules == COMPLETE
    assert json.loads(stored["footer"][b"skeg.privacy"]) == COMPLETE


@pytest.mark.parametrize("where", ["spool", "store", "logs"])
def test_no_plain_value_and_no_key_is_on_any_disk(stored: dict[str, Any], where: str) -> None:
    found = stored[where]
    assert [value for value in plain(stored["totals"]) if value in found] == []
    # The search would find what is there.
    if where == "spool":
        assert hashed(CITIES[0]).encode() in found and struct.pack("<f", 30.0) in found


def test_a_person_sees_the_rules(stored: dict[str, Any]) -> None:
    assert stored["status"]["privacy"] == RULES
    listed = skeg.run("endpoints", "list", "--json", "--store", str(stored["root"]))
    assert json.loads(listed.stdout)[0]["privacy"] == RULES
    assert str(stored["key"]) not in listed.stdout


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A store of two endpoints, `words` and `total`, without rules."""
    return small_models.register(tmp_path, "words", "total")


def total(server: skeg.Server) -> int:
    body = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2]]}]}
    with server.client() as client:
        return client.infer(body, path="/v2/models/total/infer").status


def words(server: skeg.Server) -> int:
    with server.client() as client:
        return client.infer(request(), path=INFER).status


def test_without_its_key_a_deployment_has_failed_and_others_serve(two: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    (two / "endpoints" / "words.yaml").write_text(json.dumps(spec(key)))
    flags = ["--roll-age", "200ms", "--poll", "200ms"]
    with skeg.serving(tmp_path, *flags, command="serve", store=two) as server:
        assert (words(server), total(server)) == (503, 200)
        seat = skeg.endpoint(server, "words")["deployments"][0]
        assert seat["state"] == "Failed"
        assert "collect.privacy.hash_key_file" in seat["cause"] and str(key) in seat["cause"], seat
        # Too short a key is none.
        key.write_bytes(b"short\n")
        cause = lambda: skeg.endpoint(server, "words")["deployments"][0].get("cause", "")
        skeg.until("the other cause", lambda: "16" in cause())
        assert "short" not in cause() and words(server) == 503
        # It is tried again.
        key.write_bytes(KEY)
        skeg.until("words serves", lambda: words(server) == 200)
        assert skeg.endpoint(server, "words")["fault"] is None


@pytest.mark.parametrize(("features", "told"), [
    ({"ctiy": "drop"}, "in.ctiy"),
    ({"city": {"bucket": 10}}, "in.city"),
    ({"lat": "drop", "city": "hash"}, "hash_key_file"),
])
def test_what_serves_stays_as_it_is_under_rules_that_cannot_be_kept(
    two: Path, tmp_path: Path, features: dict[str, Any], told: str
) -> None:
    with skeg.serving(tmp_path, "--poll", "200ms", command="serve", store=two) as server:
        before = skeg.endpoint(server, "words")
        reply = skeg.apply(server, spec(tmp_path / "none", features))
        assert reply.status < 300, reply.body
        now = skeg.until("a fault", lambda: (it := skeg.endpoint(server, "words"))["fault"] and it)
        assert told in now["fault"], now
        kept = ["revision", "spec", "privacy"]
        assert [now[key] for key in kept] == [before[key] for key in kept]
        assert (words(server), total(server)) == (200, 200)


def test_another_key_is_another_hash(two: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(KEY)
    second.write_bytes(KEY[::-1])
    (two / "endpoints" / "words.yaml").write_text(json.dumps(spec(first)))
    with skeg.serving(tmp_path, "--roll-age", "200ms", "--poll", "200ms", command="serve", store=two) as server:
        assert words(server) == 200
        revision = skeg.endpoint(server, "words")["revision"]
        assert skeg.apply(server, spec(second)).status < 300
        skeg.until("the new spec", lambda: skeg.endpoint(server, "words")["revision"] > revision)
        assert words(server) == 200
        assert server.terminate() == 0, server.logs()
    files = (two / "rows" / "v1").rglob("*.parquet")
    found = {value for path in files for value in pa.parquet.ParquetFile(path).read()["in.city"].to_pylist()}
    assert found == {hashed(city, key) for city in CITIES for key in (KEY, KEY[::-1])}


@pytest.mark.parametrize(("rules", "place"), [
    ({"features": {"lat": {"bucket": 0}}}, "collect.privacy.features.lat.bucket"),
    ({"features": {"lat": {"bucket": [1, 1]}}}, "collect.privacy.features.lat.bucket"),
    ({"features": {"lat": "round"}}, "collect.privacy.features.lat"),
    ({"features": {"city": "hash"}}, "collect.privacy.hash_key_file"),
])
def test_mistakes_are_named_by_their_path(tmp_path: Path, rules: dict[str, Any], place: str) -> None:
    store = small_models.register(tmp_path, "words")
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(skeg.spec({"only": "words:1"}, {"only": 100}, name="words", collect={"privacy": rules})))
    done = skeg.run("endpoints", "apply", "--file", str(file), "--store", str(store))
    assert done.returncode == 78 and f"{place}:" in done.stderr, done.stderr
