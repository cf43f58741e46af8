"""The registry through the commands, on a disk and on Blob Storage: lists, aliases, races, kills, damage."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pyarrow.parquet
import pytest
from onnx import TensorProto, helper, numpy_helper

import places
import skeg

ONNX = [skeg.EXAMPLE / "models" / version / "model.onnx" for version in ["1", "2"]]
FEATURES = f"features={','.join(skeg.FEATURES)}"
SPEC = 'name: fraud\ndeployments:\n  blue: {model: "fraud:1"}\ntraffic: {blue: 100}\n'


def run(place: places.Place, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return skeg.run("models", *args, "--store", place.url, variables=place.variables | variables)


def done(place: places.Place, *args: str, **variables: str) -> str:
    ran = run(place, *args, **variables)
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    return ran.stdout


def listed(place: places.Place, *args: str) -> Any:
    return json.loads(done(place, *args, "--json"))


def register(place: places.Place, version: str, *args: str, onnx: Path = ONNX[0], **variables: str) -> str:
    line = ["register", str(onnx), "--model", f"fraud:{version}", "--features", FEATURES]
    return done(place, *line, *args, **variables)


def events(place: places.Place) -> list[dict[str, Any]]:
    return [json.loads(place.read(name)) for name in place.names("audit/v1/")]


def test_a_model_is_registered_listed_shown_and_aliased(place: places.Place) -> None:
    assert listed(place, "list") == {"models": []}
    lineage = [
        "--run-id", "run-7", "--job", "train", "--data-asset", "payments:3=sha256:ab", "--tag", "team=risk",
        "--tag", "note=a=b",
    ]
    register(place, "1", *lineage, GITHUB_SHA="c0ffee")
    register(place, "2", "--git-commit", "beef", onnx=ONNX[1], BUILD_SOURCEVERSION="other", GITHUB_ACTOR="ada")
    said = done(place, "alias", "fraud", "champion=1", "challenger=2", GITHUB_ACTOR="bob")
    assert said == "fraud@champion stands for version 1\nfraud@challenger stands for version 2\n"
    assert "already" in done(place, "alias", "fraud", "champion=1")
    assert done(place, "alias", "fraud", "champion=2", "--remove", "challenger").splitlines() == [
        "fraud@champion stands for version 2, before it was 1", "removed fraud@challenger"
    ]

    text = done(place, "list").splitlines()
    assert [line.split() for line in text] == [["NAME", "VERSIONS", "LAST", "ALIASES"], ["fraud", "2", "2", "champion=2"]]
    (model,) = listed(place, "list")["models"]
    assert (model["name"], model["versions"]) == ("fraud", ["1", "2"])
    assert model["aliases"]["champion"]["previous"] == "1"
    versions = listed(place, "list", "fraud")["versions"]
    assert [(version["version"], version["aliases"]) for version in versions] == [("1", []), ("2", ["champion"])]
    assert versions[0]["lineage"] == {
        "git_commit": "c0ffee", "run_id": "run-7", "job": "train", "tags": {"team": "risk", "note": "a=b"},
        "training_data": {"asset": "payments:3", "digest": "sha256:ab"},
    }
    assert versions[1]["lineage"] == {"git_commit": "beef"}
    assert "champion" in done(place, "list", "fraud")

    by_alias, by_version = listed(place, "show", "fraud@champion"), listed(place, "show", "fraud:2")
    assert by_alias == by_version
    assert by_alias == json.loads(place.read("models/fraud/2/manifest.json")) | {"aliases": ["champion"]}
    shown = done(place, "show", "fraud:1")
    for words in ["fraud:1", "c0ffee", "payments:3 (sha256:ab)", "team=risk", "model.onnx", *skeg.FEATURES]:
        assert words in shown

    assert json.loads(place.read("models/fraud/aliases/champion.json"))["previous"] == "1"
    trail = [(event["event"], event["subject"], event["by"].split("@")[0]) for event in events(place)]
    assert trail[:4] == [
        ("registered", "fraud:1", trail[0][2]), ("registered", "fraud:2", "ada"),
        ("alias-set", "fraud@champion", "bob"), ("alias-set", "fraud@challenger", "bob"),
    ]
    assert [kind for kind, _, _ in trail[4:]] == ["alias-set", "alias-removed"]
    assert events(place)[4]["details"] == {"version": "2", "previous": "1"}


def test_what_is_refused_says_so_with_its_exit_code(place: places.Place) -> None:
    register(place, "1")
    before = place.names()
    for args, code, words in [
        (["register", str(ONNX[0]), "--model", "fraud:1"], 2, "`fraud:1` is already registered"),
        (["alias", "fraud", "champion=1", "challenger=9"], 2, "`fraud:9` is not registered"),
        (["alias", "fraud", "--remove", "champion"], 2, "alias `fraud@champion` is not registered"),
        (["alias", "fraud", "latest=1"], 64, "latest"),
        (["alias", "fraud", "v2=1"], 64, "v2"),
        (["alias", "fraud", "a=1", "--remove", "a"], 64, "alias a is named twice"),
        (["alias", "fraud"], 64, "required"),
        (["show", "fraud@champion"], 1, "alias `fraud@champion` is not registered"),
        (["show", "fraud:9"], 1, "model version `fraud:9` is not registered"),
        (["show", "fraud"], 64, "fraud"),
        (["list", "loans"], 1, "model `loans` is not registered"),
        (["register", str(ONNX[0]), "--model", "fraud:2", "--tag", "a=1", "--tag", "a=2"], 64, "--tag a"),
        (["register", str(ONNX[0]), "--model", "fraud:2", "--data-asset", "x"], 64, "--data-asset"),
    ]:
        ran = run(place, *args)
        assert (ran.returncode, ran.stdout) == (code, ""), (args, ran)
        assert words in ran.stderr, (args, ran)
    assert place.names() == before


def test_a_registered_model_is_served_and_its_rows_come_back(
    place: places.Place, folder: Path, samples: pd.DataFrame
) -> None:
    register(place, "1")
    place.write("endpoints/fraud.yaml", SPEC.encode())
    rows = samples[skeg.FEATURES].to_numpy(np.float32)[:20]
    with skeg.serving(
        folder, "--roll-age", "200ms", command="serve", store=place.url, variables=place.variables
    ) as server:
        with server.client() as client:
            reply = client.infer(skeg.matrix(rows, id="acceptance"))
        skeg.output(reply, "output_probability")
        (name,) = skeg.until("a row file", lambda: place.names("rows/v1/"))
        assert server.terminate() == 0, server.logs()
    assert name.startswith("rows/v1/endpoint=fraud/deployment=blue/model=fraud/version=1/date=")
    table = pyarrow.parquet.read_table(io.BytesIO(place.read(name))).to_pandas()
    np.testing.assert_array_equal(table[[f"in.{feature}" for feature in skeg.FEATURES]].to_numpy(), rows)
    assert set(table["request_id"]) == {"acceptance"}


def test_of_two_registrations_at_once_one_wins(place: places.Place) -> None:
    for version in ["1", "2", "3", "4"]:
        line = ["--model", f"fraud:{version}", "--features", FEATURES]
        with ThreadPoolExecutor() as pool:
            ran = list(pool.map(lambda onnx: run(place, "register", str(onnx), *line), ONNX))
        codes = [each.returncode for each in ran]
        assert sorted(codes) == [0, 2], ran
        assert f"model version `fraud:{version}` is already registered" in ran[codes.index(2)].stderr
        winner = listed(place, "show", f"fraud:{version}")
        assert winner["model_digest"] in ran[codes.index(0)].stdout
        (file,) = (file["path"] for file in winner["files"])
        assert place.read(f"models/fraud/{version}/{file}") == ONNX[codes.index(0)].read_bytes()
    assert [event["event"] for event in events(place)] == ["registered"] * 4


def test_without_a_version_each_registration_gets_the_next(place: places.Place) -> None:
    register(place, "9")
    line = ["register", str(ONNX[0]), "--model", "fraud"]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda _: done(place, *line), range(3)))
    assert sorted(text.split(",")[0] for text in said) == ["registered fraud:10", "registered fraud:11", "registered fraud:12"]
    (model,) = listed(place, "list")["models"]
    assert model["versions"] == ["9", "10", "11", "12"]


def test_no_move_of_an_alias_is_lost(place: places.Place) -> None:
    for version in "123456":
        register(place, version)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda version: done(place, "alias", "fraud", f"champion={version}"), "123456"))
    # Followed backwards from where it is now, the alias has been at every version once.
    moves = [event["details"] for event in events(place) if event["event"] == "alias-set"]
    before = {move["version"]: move["previous"] for move in moves}
    way, version = [], listed(place, "show", "fraud@champion")["version"]
    while version is not None:
        way.append(version)
        version = before[version]
    assert sorted(way) == list("123456")
    assert place.names("models/fraud/aliases/") == ["models/fraud/aliases/champion.json"]


def test_a_changed_byte_refuses_the_version_by_name(place: places.Place, folder: Path) -> None:
    register(place, "1")
    place.write("endpoints/fraud.yaml", SPEC.encode())
    sound = place.read("models/fraud/1/model.onnx")
    place.write("models/fraud/1/model.onnx", sound[:-1] + bytes([sound[-1] ^ 1]))
    serve = ["serve", "--store", place.url, *skeg.FREE_PORTS]
    ran = skeg.run(*serve, variables=place.variables)
    assert ran.returncode == 1
    for words in ["deployment blue", "model version `fraud:1` is refused", "models/fraud/1/model.onnx", "SHA-256"]:
        assert words in ran.stderr, ran.stderr
    place.write("models/fraud/1/model.onnx", sound)
    with skeg.serving(folder, command="serve", store=place.url, variables=place.variables):
        pass


def large(folder: Path) -> Path:
    """A model of 64 MB, which takes a while to store."""
    weights = np.random.default_rng(6).normal(0, 1, (4000, 4000)).astype(np.float32)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "large", [value("x", TensorProto.FLOAT, [None, 4000])],
        [value("y", TensorProto.FLOAT, [None, 4000])], [numpy_helper.from_array(weights, "w")],
    )
    file = folder / "large.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    return file


def test_a_registration_killed_half_way_on_a_disk_leaves_no_version(folder: Path) -> None:
    place, model = places.Folder(folder / "place"), large(folder)
    version = place.folder / "models" / "large" / "1"
    line = [skeg.BINARY, "models", "register", model, "--model", "large:1", "--store", place.url]
    process = subprocess.Popen(line, env=skeg.environment(), stdout=subprocess.DEVNULL)
    # The model's file is being written, aside; the manifest is written after it is in its place.
    def staged() -> bool:
        return any(place.folder.glob(".skeg-staged-*"))

    skeg.until("a file", lambda: staged() or version.is_dir() or process.poll() is not None)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    left = sorted(path.name for path in version.iterdir()) if version.is_dir() else []
    assert "manifest.json" not in left and (left or staged()), left
    after_a_kill(place, model, "large")


def after_a_kill(place: places.Place, model: Path, name: str) -> None:
    """The version is not there, and the next registration makes it."""
    assert listed(place, "list") == {"models": []}
    assert run(place, "show", f"{name}:1").returncode == 1
    assert events(place) == []
    done(place, "register", str(model), "--model", f"{name}:1")
    (shown,) = listed(place, "show", f"{name}:1")["files"]
    assert place.read(f"models/{name}/1/{shown['path']}") == model.read_bytes()


def test_a_killed_move_of_an_alias_leaves_it_whole_and_no_lock(folder: Path) -> None:
    place = places.Folder(folder / "place")
    register(place, "1")
    register(place, "2")
    done(place, "alias", "fraud", "champion=1")
    killed = 0
    for step in range(40):
        other = {"1": "2", "2": "1"}[listed(place, "show", "fraud@champion")["version"]]
        line = [skeg.BINARY, "models", "alias", "fraud", f"champion={other}", "--store", place.url]
        process = subprocess.Popen(line, env=skeg.environment(), stdout=subprocess.DEVNULL)
        # Somewhere between its start and its end, which takes some milliseconds.
        with suppress(subprocess.TimeoutExpired):
            process.wait(step / 2000)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        assert json.loads(place.read("models/fraud/aliases/champion.json"))["version"] in ("1", "2")
    assert killed
    for version in ["1", "2"]:
        done(place, "alias", "fraud", f"champion={version}")
    assert place.names("models/fraud/aliases/") == ["models/fraud/aliases/champion.json"]


@contextmanager
def stuck_at(port: int, mark: bytes) -> Iterator[tuple[int, threading.Event]]:
    """A way to `port` that stops for good at the first request with `mark` in its head, and says so."""
    stuck, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, watch: bool) -> None:
        try:
            while piece := source.recv(65536):
                if watch and mark in piece:
                    stuck.set()
                    return
                target.sendall(piece)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", port))
            for way in [(client, server, True), (server, client, False)]:
                threading.Thread(target=carry, args=way, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], stuck
    finally:
        listener.close()


@pytest.mark.parametrize("file", ["model.onnx", "manifest.json"])
def test_a_registration_killed_half_way_on_blob_storage_leaves_no_version(azurite: places.Azurite, file: str) -> None:
    place = azurite.container()
    mark = f"PUT /{azurite.account}/{place.client.container_name}/{place.PREFIX}/models/fraud/1/{file}".encode()
    line = [skeg.BINARY, "models", "register", ONNX[0], "--model", "fraud:1", "--store", place.url]
    with stuck_at(azurite.port, mark) as (port, stuck):
        endpoint = {"AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/{azurite.account}"}
        variables = skeg.environment() | place.variables | endpoint
        process = subprocess.Popen(line, env=variables, stdout=subprocess.DEVNULL)
        assert stuck.wait(60)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert ("models/fraud/1/model.onnx" in place.names()) == (file == "manifest.json")
    after_a_kill(place, ONNX[0], "fraud")
