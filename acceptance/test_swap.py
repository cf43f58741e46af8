"""Endpoints change under load: no request fails, none is mixed, and what is gone is freed."""

from __future__ import annotations

import random
from pathlib import Path
from statistics import median

import pandas as pd
from scipy.stats import binom

import skeg
from load import Load, running

SWAPS = 30
WEIGHT_CHANGES = 200
BODY = (skeg.EXAMPLE / "request.json").read_bytes()


def serves(server: skeg.Server, deployment: str, model: str) -> bool:
    return skeg.states(server).get((deployment, model)) == "Ready"


def test_swaps_and_weight_changes_under_load_fail_and_mix_nothing(folder: Path) -> None:
    chance = random.Random(1)
    wanted: dict[int, dict[str, str]] = {}

    def note() -> None:
        now = skeg.endpoint(server)
        wanted[now["revision"]] = {seat["name"]: seat["model"].split(":")[1]
                                   for seat in now["deployments"] if seat["state"] == "Ready"}

    with skeg.serving(folder) as server, running(Load(server)) as load:
        note()
        for swap in range(SWAPS):
            model = f"fraud:{2 if swap % 2 else 1}"
            green = {"model": model, "queue": 128 + swap}
            reply = skeg.apply(server, skeg.spec({"green": green, "blue": "fraud:2"}, {"green": 60, "blue": 40}))
            assert reply.status == 200, reply.body
            skeg.until(f"green is {model}", lambda model=model: serves(server, "green", model))
            note()
            with skeg.Client(server.admin) as admin:
                for _ in range(WEIGHT_CHANGES // SWAPS + 1):
                    share = chance.randrange(0, 10001) / 100
                    weights = {"green": share, "blue": round(100 - share, 2)}
                    before = skeg.endpoint(server)["revision"]
                    reply = admin.request("PUT", "/api/v1/endpoints/fraud/traffic", weights)
                    assert reply.status == 200, reply.body
                    skeg.until("a new revision", lambda before=before: skeg.endpoint(server)["revision"] > before)
                    note()
        answered = len(load.answers)
        skeg.until("answers by the last revision", lambda: len(load.answers) > answered + 50)
        load.stopping = True
    assert load.failed == []
    assert load.statuses() == {200}
    assert len(wanted) > SWAPS + WEIGHT_CHANGES

    # Every row names its revision, and has the version that its deployment had at that revision.
    with skeg.serving(folder, store=server.store):
        pass
    columns = ["revision", "deployment_name", "model_version"]
    rows = pd.read_parquet(server.store / "rows" / "v1", columns=columns).drop_duplicates()
    seen = {(row.revision, row.deployment_name): row.model_version for row in rows.itertuples()}
    assert len(seen) == len(rows), "a deployment had two versions at one revision"
    for (revision, deployment), version in seen.items():
        if revision in wanted:
            assert wanted[revision][deployment] == version, (revision, deployment)
    assert len(seen) > SWAPS


def test_a_failed_load_leaves_the_old_revision_serving(folder: Path) -> None:
    with skeg.serving(folder) as server, running(Load(server, clients=4)) as load:
        version = server.store / "models" / "fraud" / "2"
        onnx = version / "model.onnx"
        sound = onnx.read_bytes()
        skeg.apply(server, skeg.spec({"green": "fraud:1"}, {"green": 100}))
        skeg.until("blue is gone", lambda: set(skeg.states(server)) == {("green", "fraud:1")})
        onnx.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        before = skeg.endpoint(server)["revision"]
        reply = skeg.apply(server, skeg.spec({"green": "fraud:1", "blue": "fraud:2"}, {"green": 50, "blue": 50}))
        assert reply.status == 200
        skeg.until("blue has failed", lambda: skeg.states(server).get(("blue", "fraud:2")) == "Failed")
        now = skeg.endpoint(server)
        assert now["revision"] == before
        assert "SHA-256" in now["fault"] and "fraud:2" in now["fault"], now
        assert skeg.value(server, "skeg_deployment_state", deployment="blue", state="failed") == 1
        with server.client() as client:
            index = client.request("POST", "/v2/repository/index").json()
        assert {(entry["deployment"], entry["state"]) for entry in index} == {("green", "READY"), ("blue", "UNAVAILABLE")}
        # Once the file is whole again, a new try is a matter of seconds; nobody has to ask for it.
        onnx.write_bytes(sound)
        skeg.until("blue serves", lambda: serves(server, "blue", "fraud:2"), 60)
    assert load.failed == []


def test_traffic_goes_in_steps_with_counts_that_chance_allows(folder: Path) -> None:
    with skeg.serving(folder, "--workers", "1", "--seed", "2") as server, server.client() as client:
        for percent in [0, 10, 50, 100]:
            done = skeg.run("traffic", "fraud", f"blue={percent}", f"green={100 - percent}", "--store", str(server.store))
            assert done.returncode == 0, done.stderr
            def share() -> float | None:
                return skeg.value(server, "skeg_traffic_weight", deployment="blue")

            skeg.until(f"blue has {percent} %", lambda percent=percent: share() == percent / 100, 10)
            answers = [client.infer(BODY) for _ in range(2000)]
            assert {answer.status for answer in answers} == {200}
            blue = sum(answer.headers["azureml-model-deployment"] == "blue" for answer in answers)
            low, high = binom.interval(0.9999, 2000, percent / 100)
            assert low <= blue <= high if percent % 100 else blue == 20 * percent, (percent, blue)
            # Whatever the weights, each is there for who names it.
            assert client.infer(BODY, "blue").headers["azureml-model-deployment"] == "blue"


def test_sticky_keys_keep_their_deployment_on_every_replica(folder: Path) -> None:
    sticky = {"sticky": {"header": "X-Customer-Id"}}
    deployments = {"green": "fraud:1", "blue": "fraud:2"}

    def chosen(server: skeg.Server) -> list[str]:
        with server.client() as client:
            replies = [client.request("POST", "/v2/models/fraud/infer", BODY, {"x-customer-id": f"c-{key}"})
                       for key in range(500)]
        return [reply.headers["azureml-model-deployment"] for reply in replies]

    with skeg.serving(folder) as one:
        skeg.apply(one, skeg.spec(deployments, {"green": 70, "blue": 30}, **sticky))
        with skeg.serving(folder, command="serve", store=one.store) as two:
            skeg.until("the first has followed", lambda: chosen(one) == chosen(one))
            before = chosen(one)
            assert before == chosen(two) == chosen(one)
            assert 100 <= before.count("blue") <= 200
            weights = skeg.spec(deployments, {"green": 50, "blue": 50}, **sticky)
            revision = skeg.endpoint(one)["revision"]
            skeg.apply(one, weights)
            skeg.until("other weights", lambda: skeg.endpoint(one)["revision"] > revision)
            after = chosen(one)
            # A key moves only to the one that gets more, and no more keys than must.
            assert all(new == "blue" for old, new in zip(before, after) if old != new)
            assert before.count("blue") < after.count("blue") <= 300
            skeg.until("the other replica follows", lambda: chosen(two) == after, 10)


def test_a_killed_replica_loses_only_what_it_had_in_hand(folder: Path) -> None:
    with skeg.serving(folder) as one, skeg.serving(folder, command="serve", store=one.store) as two:
        with running(Load(one, clients=4)) as lost, running(Load(two, clients=4)) as kept:
            skeg.until("answers of both", lambda: len(lost.answers) > 200 and len(kept.answers) > 200)
            two_before = len(kept.answers)
            one.process.kill()
            one.process.wait()
            skeg.until("answers of the other", lambda: len(kept.answers) > two_before + 200)
        assert kept.failed == [] and kept.statuses() == {200}
        # Each client of the killed one lost the request that it was waiting for, and no other.
        assert len(lost.failed) == 4 and lost.statuses() == {200}


def test_loads_and_unloads_leave_the_memory_as_it_was(folder: Path, pytestconfig: pytest.Config) -> None:
    turns = 500 if pytestconfig.getoption("--long") else 150

    def resident() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    with skeg.serving(folder) as server:
        with server.client() as client:
            assert client.infer(BODY).status == 200
        held = []
        for turn in range(turns):
            model = f"fraud:{1 + turn % 2}"
            skeg.apply(server, skeg.spec({"green": model}, {"green": 100}))
            skeg.until(f"only {model}", lambda model=model: skeg.states(server) == {("green", model): "Ready"})
            held.append(resident())
        # Medians, since a reading may fall into the middle of a load.
        after_twenty, at_the_end = median(held[20:40]), median(held[-20:])
        assert at_the_end <= 1.1 * after_twenty, (at_the_end, after_twenty)
        with server.client() as client:
            reply = client.infer(BODY)
        assert reply.status == 200 and reply.json()["model_version"] == "2"


def test_the_last_reader_of_what_is_gone_is_waited_for(folder: Path) -> None:
    with skeg.serving(folder) as server, server.client() as client:
        assert client.infer(BODY, "blue").status == 200
        skeg.apply(server, skeg.spec({"green": "fraud:1"}, {"green": 100}))
        skeg.until("blue is gone", lambda: set(skeg.states(server)) == {("green", "fraud:1")})
        reply = client.infer(BODY, "blue")
        assert reply.status == 404 and b"blue" in reply.body
        with skeg.Client(server.admin) as admin:
            assert admin.request("DELETE", "/api/v1/endpoints/fraud").status == 200
            skeg.until("the endpoint is gone", lambda: admin.get("/api/v1/endpoints").json()["endpoints"] == [])
        assert client.infer(BODY).status == 404
