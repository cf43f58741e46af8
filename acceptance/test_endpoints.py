"""Endpoint specs: written by command and by HTTP, refused with every mistake, followed by every replica."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

import yaml

import places
import skeg

SPEC = """# the endpoint
name: fraud
deployments:
  green: {model: "fraud:1"}
  blue: {model: "fraud:2", timeout_ms: 250, max_concurrent: 8, queue: 16, execution: pool}
traffic: {green: 75, blue: 25}
mirror: {blue: 20}
sticky: {header: x-customer-id}
collect: {sampling: 0.5, inputs: true, outputs: true}
drift: {window: 24h, every: 5m, thresholds: {psi: 0.2, ks: 0.1}}
"""


def store_of(folder: Path) -> Path:
    with skeg.serving(folder) as server:
        assert server.terminate() == 0
    return server.store


def test_apply_list_show_traffic_delete(folder: Path) -> None:
    store = str(store_of(folder))
    file = folder / "fraud.yaml"
    file.write_text(SPEC)
    applied = skeg.run("endpoints", "apply", "-f", str(file), "--store", store)
    assert applied.returncode == 0, applied.stderr
    assert "applied fraud: blue (fraud:2) 25 %, green (fraud:1) 75 %" in applied.stdout
    assert "unchanged" in skeg.run("endpoints", "apply", "-f", str(file), "--store", store).stdout
    assert skeg.run("endpoints", "show", "fraud", "--store", store).stdout == SPEC
    listed = json.loads(skeg.run("endpoints", "list", "--json", "--store", store).stdout)
    assert [(entry["name"], [seat["traffic"] for seat in entry["deployments"]]) for entry in listed] == [("fraud", [25, 75])]

    moved = skeg.run("traffic", "fraud", "green=12.5", "blue=87.5", "--store", store)
    assert moved.returncode == 0, moved.stderr
    shown = yaml.safe_load(skeg.run("endpoints", "show", "fraud", "--store", store).stdout)
    wanted = yaml.safe_load(SPEC)
    wanted["traffic"] = {"green": 12.5, "blue": 87.5}
    assert shown == wanted

    assert skeg.run("endpoints", "delete", "fraud", "--store", store).returncode == 0
    for gone in [["endpoints", "show", "fraud"], ["traffic", "fraud", "green=100"], ["endpoints", "delete", "fraud"]]:
        done = skeg.run(*gone, "--store", store)
        assert done.returncode == 1 and '"fraud"' in done.stderr, done.stderr


def test_every_mistake_is_refused_at_once(folder: Path) -> None:
    store = str(store_of(folder))
    file = folder / "bad.yaml"
    file.write_text("""
name: fraud
deployments:
  green: {model: "fraud:1", tmeout_ms: 5, max_concurrent: 0, queue: -1, execution: sometimes}
  blue: {model: fraud}
traffic: {green: 90, red: 5}
mirror: {yellow: 20, green: 101}
sticky: {haeder: x}
collect: {sampling: 2}
""")
    done = skeg.run("endpoints", "apply", "-f", str(file), "--store", store)
    assert done.returncode == 78
    for culprit in ["deployments.green.tmeout_ms", "deployments.green.max_concurrent", "deployments.green.queue",
                    "deployments.green.execution", "deployments.blue.model", "traffic.red", "sum to 95 %",
                    "mirror.yellow", "mirror.green", "sticky.header", "sticky.haeder", "collect.sampling"]:
        assert culprit in done.stderr, f"{culprit} not in {done.stderr}"
    file.write_text(SPEC.replace("  blue:", "  green: {model: 'fraud:2'}\n  blue:"))
    twice = skeg.run("endpoints", "apply", "-f", str(file), "--store", store)
    assert twice.returncode == 78 and "green" in twice.stderr, twice.stderr
    file.write_text(SPEC.replace("fraud:2", "fraud:77"))
    missing = skeg.run("endpoints", "apply", "-f", str(file), "--store", store)
    assert missing.returncode == 78 and "deployments.blue.model" in missing.stderr, missing.stderr
    for weights in [["green=60"], ["green=50", "green=50"], ["red=100"]]:
        assert skeg.run("traffic", "fraud", *weights, "--store", store).returncode == 78


def test_the_admin_api_does_the_same(folder: Path) -> None:
    with skeg.serving(folder) as server, skeg.Client(server.admin) as admin:
        reply = admin.request("PUT", "/api/v1/endpoints/fraud", SPEC.encode())
        assert (reply.status, reply.json()) == (200, {"endpoint": "fraud", "changed": True})
        assert admin.request("PUT", "/api/v1/endpoints/fraud", SPEC.encode()).json()["changed"] is False
        assert admin.get("/api/v1/endpoints/fraud/spec").body.decode() == SPEC
        skeg.until("it serves", lambda: skeg.endpoint(server)["revision"] == 2)
        bad = admin.request("PUT", "/api/v1/endpoints/fraud", SPEC.replace("75", "74").encode())
        assert bad.status == 400 and b"sum to 99 %" in bad.body
        other = admin.request("PUT", "/api/v1/endpoints/other", SPEC.encode())
        assert other.status == 400 and b"other" in other.body
        assert admin.request("PUT", "/api/v1/endpoints/nobody/traffic", {"green": 100}).status == 404
        assert admin.request("PUT", "/api/v1/endpoints/fraud/traffic", {"green": 99}).status == 400
        assert admin.request("PUT", "/api/v1/endpoints/fraud/traffic", [1]).status == 400
        assert admin.request("POST", "/api/v1/endpoints/fraud/traffic").status == 405
        assert admin.request("PUT", "/api/v1/endpoints/fraud", b"x" * (1 << 20) + b"x").status == 413
        assert admin.get("/api/v2/endpoints").status == 404


def test_a_mounted_folder_is_followed_and_cannot_be_written(folder: Path) -> None:
    store = store_of(folder)
    specs = folder / "specs"
    specs.mkdir()
    (specs / "fraud.yaml").write_text(SPEC)
    flags = ["--endpoints", str(specs), "--poll", "100ms"]
    with skeg.serving(folder, *flags, command="serve", store=store) as server:
        refused = skeg.apply(server, skeg.spec({"green": "fraud:1"}, {"green": 100}))
        assert refused.status == 403 and b"read only" in refused.body
        (specs / "fraud.yaml").write_text(SPEC.replace("75", "60").replace("25", "40"))
        def weight() -> float | None:
            return skeg.value(server, "skeg_traffic_weight", deployment="blue")

        skeg.until("the new weights", lambda: weight() == 0.4)
        # A spec with a mistake changes nothing, and is seen.
        (specs / "fraud.yaml").write_text(SPEC.replace("75", "74"))
        skeg.until("the fault", lambda: skeg.value(server, "skeg_spec_faults") == 1)
        assert weight() == 0.4
        with skeg.Client(server.admin) as admin:
            faults = admin.get("/api/v1/endpoints").json()["faults"]
        assert len(faults) == 1 and "sum to 99 %" in faults[0]


def test_replicas_converge_within_five_seconds(folder: Path) -> None:
    with skeg.serving(folder) as one, skeg.serving(folder, command="serve", store=one.store) as two:
        done = skeg.run("traffic", "fraud", "blue=37.5", "green=62.5", "--store", str(one.store))
        assert done.returncode == 0, done.stderr
        def weights() -> set[float | None]:
            return {skeg.value(server, "skeg_traffic_weight", deployment="blue") for server in (one, two)}

        skeg.until("both follow", lambda: weights() == {0.375}, 5)
        specs = {skeg.endpoint(server)["spec"] for server in (one, two)}
        assert len(specs) == 1


def test_two_servers_on_one_store_follow_aliases_and_traffic(place: places.Place, folder: Path) -> None:
    flags = ["--store", place.url]

    def skeg_does(*args: str) -> str:
        done = skeg.run(*args, *flags, variables=place.variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for version in ["1", "2"]:
        skeg_does("models", "register", str(skeg.EXAMPLE / "models" / version / "model.onnx"), "--model", f"fraud:{version}")
    skeg_does("models", "alias", "fraud", "champion=1", "challenger=2")
    file = folder / "fraud.yaml"
    file.write_text(json.dumps(skeg.spec({"green": "fraud@champion", "blue": "fraud@challenger"}, {"green": 90, "blue": 10})))
    assert "green (fraud:1) 90 %" in skeg_does("endpoints", "apply", "-f", str(file))
    # What an alias stood for is what is served, wherever it is moved.
    skeg_does("models", "alias", "fraud", "champion=2")
    with (
        skeg.serving(folder, command="serve", store=place.url, variables=place.variables) as one,
        skeg.serving(folder, command="serve", store=place.url, variables=place.variables) as two,
    ):
        both = (one, two)
        assert all(skeg.states(server) == {("green", "fraud:1"): "Ready", ("blue", "fraud:2"): "Ready"} for server in both)
        skeg_does("traffic", "fraud", "green=25", "blue=75")
        skeg.until(
            "both follow",
            lambda: all(skeg.value(server, "skeg_traffic_weight", deployment="blue") == 0.75 for server in both),
            5,
        )
        reply = skeg.apply(two, skeg.spec({"only": "fraud@champion"}, {"only": 100}))
        assert reply.status == 200, reply.body
        skeg.until("both follow", lambda: all(skeg.states(s) == {("only", "fraud:2"): "Ready"} for s in both), 15)
    trail = [json.loads(place.read(name)) for name in place.names("audit/v1/")]
    assert [event["event"] for event in trail].count("traffic-changed") == 1
    assert [event["event"] for event in trail].count("endpoint-applied") == 2


def test_a_store_that_is_away_fails_no_score_and_is_followed_when_it_is_back(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    file, body = folder / "fraud.yaml", (skeg.EXAMPLE / "request.json").read_bytes()

    def skeg_does(*args: str) -> None:
        done = skeg.run(*args, "--store", place.url, variables=place.variables)
        assert done.returncode == 0, done.stderr

    def wants(version: int) -> None:
        file.write_text(json.dumps(skeg.spec({"only": f"fraud:{version}"}, {"only": 100})))
        skeg_does("endpoints", "apply", "-f", str(file))

    with ExitStack() as servers:
        with places.azurite(data) as store:
            place = store.container()
            for version in ["1", "2"]:
                skeg_does("models", "register", str(skeg.EXAMPLE / "models" / version / "model.onnx"), "--model", f"fraud:{version}")
            wants(1)
            serving = skeg.serving(folder, "--poll", "200ms", command="serve", store=place.url, variables=place.variables)
            server = servers.enter_context(serving)
        client = servers.enter_context(server.client())
        # Nothing listens where the store was; the specs are to be read some ten times meanwhile.
        back = time.monotonic() + 2
        while time.monotonic() < back:
            assert client.infer(body).json()["model_version"] == "1"
        with places.azurite(data, again=store):
            wants(2)
            skeg.until("it is followed", lambda: skeg.states(server) == {("only", "fraud:2"): "Ready"}, 60)
            assert client.infer(body).json()["model_version"] == "2"
            assert server.terminate() == 0
            assert sum(name.endswith(".parquet") for name in place.names("rows/v1/")) == 2


def test_one_failed_deployment_does_not_keep_the_others_from_serving(folder: Path) -> None:
    store = store_of(folder)
    (store / "models" / "fraud" / "2" / "model.onnx").write_bytes(b"broken")
    with skeg.serving(folder, command="serve", store=store) as server, server.client() as client:
        assert skeg.states(server) == {("green", "fraud:1"): "Ready", ("blue", "fraud:2"): "Failed"}
        body = (skeg.EXAMPLE / "request.json").read_bytes()
        for _ in range(50):
            assert client.infer(body).headers["azureml-model-deployment"] == "green"
        named = client.infer(body, "blue")
        assert named.status == 503 and b"not ready" in named.body
    (store / "models" / "fraud" / "1" / "model.onnx").write_bytes(b"broken")
    done = skeg.run("serve", "--store", str(store), *skeg.FREE_PORTS)
    assert done.returncode == 1
    assert "deployment green" in done.stderr and "deployment blue" in done.stderr


def test_one_unsound_spec_does_not_keep_the_others_from_serving(folder: Path) -> None:
    store = store_of(folder)
    endpoints = store / "endpoints"
    (endpoints / "unsound.yaml").write_text("name: unsound")
    (endpoints / "unset.yaml").write_text(json.dumps(skeg.spec({"only": "fraud@nobody"}, {"only": 100}, name="unset")))
    (endpoints / "._fraud.yaml").write_bytes(b"\x00\xff")
    with skeg.serving(folder, "--poll", "200ms", command="serve", store=store) as server:
        with server.client() as client, skeg.Client(server.admin) as admin:
            assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
            faults = admin.get("/api/v1/endpoints").json()["faults"]
            assert len(faults) == skeg.value(server, "skeg_spec_faults") == 2
            assert all(any(words in fault for fault in faults) for words in ["unsound.yaml", "fraud@nobody"]), faults
            # A volume that is gone is not a store without endpoints.
            store.rename(folder / "away")
            store.mkdir()
            skeg.until("it is seen", lambda: skeg.value(server, "skeg_spec_faults") == 3)
            assert client.infer((skeg.EXAMPLE / "request.json").read_bytes()).status == 200
            store.rmdir()
            (folder / "away").rename(store)
            skeg.until("it is back", lambda: skeg.value(server, "skeg_spec_faults") == 2)
