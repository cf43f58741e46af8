"""The Helm chart: linted and rendered by Helm's own library, each object checked against Kubernetes' schemas.

The container's arguments are compared with what the built binary takes, and its specs with what it accepts.
"""

from __future__ import annotations

import base64
import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml
from dockerfile_parse import DockerfileParser

import skeg
from skeg import ROOT

CHART = ROOT / "helm/skeg"
KUBERNETES = ["1.27", "1.30", "1.33", "1.37"]

FRAUD = {
    "deployments": {"green": {"model": "fraud:1"}, "blue": {"model": "fraud:2"}},
    "traffic": {"green": 90, "blue": 10},
}
CHURN = {"deployments": {"only": {"model": "churn:2026-11.1"}}, "traffic": {"only": 100}}
DRAINED = {"deployments": {"green": {"model": "fraud:1"}}, "traffic": {"green": 0}}
FINE = {
    "deployments": {
        "a": {"model": "fraud:1", "execution": "pool", "batching": {"max_rows": 8, "max_delay_us": 100}},
        "b": {"model": "fraud:1", "timeout_ms": 250, "max_concurrent": 8, "queue": 0},
        "c": {"model": "fraud:2"},
    },
    "traffic": {"a": 33.3, "b": 33.3, "c": 33.4},
    "mirror": {"c": 5},
    "sticky": {"header": "x-customer-id"},
    "collect": {"sampling": 0.5, "inputs": True, "outputs": False},
    "drift": {"window": "24h", "thresholds": {"psi": 0.2}},
}

WORKSPACE = "/subscriptions/0b1f/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/risk"

VALUE_SETS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "claim": {
        "replicas": 3,
        "store": {"url": "file:///var/lib/skeg/prod", "existingClaim": "skeg-store"},
        "strategy": {"type": "Recreate"},
    },
    "blob": {
        "store": {"url": "az://account1/skeg/prod"},
        "serviceAccount": {"annotations": {"azure.workload.identity/client-id": "0b1f"}},
        "podLabels": {"azure.workload.identity/use": "true"},
    },
    "demo": {"demo": True},
    "endpoints": {"endpoints": {"fraud": FRAUD, "churn-eu": CHURN, "old": DRAINED, "Fine.1_b": FINE}},
    "keys": {"auth": {"mode": "keys", "existingSecret": "scoring-keys", "secondaryKey": True}, "metrics": {"open": False}},
    "one key": {"auth": {"mode": "keys", "existingSecret": "scoring-keys"}},
    "jwt": {"auth": {
        "mode": "jwt", "issuers": ["https://login.example/t/v2.0", "https://sts.example/t/"], "audiences": ["api://skeg"],
        "jwks": "https://login.example/t/discovery/v2.0/keys"}},
    "tls": {
        "tls": {"existingSecret": "skeg-tls", "clientCaSecret": "clients", "admin": True},
        "admin": {"existingSecret": "operators"},
    },
    "large numbers": {"roll": {"rows": 1_000_000, "bytes": 1_073_741_824, "ageSeconds": 86_400}},
    "azureml": {"azureml": {"workspace": WORKSPACE}},
    "hooks": {
        "image": {"repository": "registry.example/skeg", "digest": "sha256:" + "0" * 64},
        "imagePullSecrets": [{"name": "pull"}],
        "fullnameOverride": "scorer",
        "serviceAccount": {"create": False},
        "metrics": {"scrapeAnnotations": False},
        "podAnnotations": {"note": "yes"},
        "priorityClassName": "high",
        "nodeSelector": {"agentpool": "scoring"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}},
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "skeg"}}}],
        "extraArgs": ["--connections=64"],
        "extraEnv": [{"name": "SKEG_LOG", "value": "debug"}],
        "extraEnvFrom": [{"secretRef": {"name": "skeg-env"}}],
        "extraVolumes": [{"name": "tmp", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    },
}

# Values that must be refused, and a word of the reason.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"replicaCount": 2}, "replicaCount"),
    ({"replicas": -1}, "replicas"),
    ({"workers": 0}, "workers"),
    ({"workers": "two"}, "workers"),
    ({"roll": {"rows": 0}}, "roll/rows"),
    ({"azureml": {"workspace": "risk"}}, "azureml/workspace"),
    ({"store": {"url": "https://account.blob.core.windows.net/c"}}, "store/url"),
    ({"store": {"url": "file:///data"}}, "store/url"),
    ({"store": {"url": "file:///var/lib/skegs"}}, "store/url"),
    ({"store": {"url": "az://account1/skeg", "existingClaim": "x"}}, "not a file:// store"),
    ({"image": {"digest": "latest"}}, "image/digest"),
    ({"shutdown": {"marginSeconds": 0}}, "shutdown/marginSeconds"),
    ({"auth": {"mode": "basic"}}, "auth/mode"),
    ({"auth": {"mode": "keys"}}, "auth.existingSecret names no Secret"),
    ({"auth": {"mode": "jwt", "issuers": ["i"], "jwks": "https://x/keys"}}, "auth.audiences"),
    ({"auth": {"mode": "jwt", "issuers": ["i"], "audiences": ["a"], "jwks": "http://x/keys"}}, "auth/jwks"),
    ({"auth": {"mode": "jwt", "issuers": ["a,b"], "audiences": ["a"], "jwks": "https://x/k"}}, "auth/issuers"),
    ({"tls": {"admin": True}}, "tls.existingSecret names no Secret"),
    ({"tls": {"clientCaSecret": "clients"}}, "tls.existingSecret names no Secret"),
    ({"service": {"type": "ExternalName"}}, "service/type"),
    ({"admin": {"type": "LoadBalancer"}}, "'type' not allowed"),
    ({"probes": {"readiness": {"httpGet": {"path": "/"}}}}, "'httpGet' not allowed"),
    ({"endpoints": {"../fraud": FRAUD}}, "'../fraud'"),
    ({"endpoints": {"fraud": {**FRAUD, "mirrors": {}}}}, "'mirrors' not allowed"),
    ({"endpoints": {"fraud": {**FRAUD, "mirror": {"teal": 1}}}}, "mirror names"),
    ({"endpoints": {"fraud": {**FRAUD, "collect": {"sampling": 2}}}}, "sampling"),
    ({"endpoints": {"fraud": {"deployments": {}, "traffic": {}}}}, "endpoints/fraud/deployments"),
    ({"endpoints": {"fraud": {"deployments": FRAUD["deployments"]}}}, "traffic"),
    ({"endpoints": {"fraud": {**FRAUD, "deployments": {"green": {"model": "fraud"}}}}}, "green/model"),
    ({"endpoints": {"fraud": {**FRAUD, "traffic": {"green": -1, "blue": 101}}}}, "traffic/"),
    ({"endpoints": {"fraud": {**FRAUD, "traffic": {"green": 90, "blue": 9.9}}}}, "sums to 99.9"),
    ({"endpoints": {"fraud": {**FRAUD, "traffic": {"green": 100, "teal": 0}}}}, '"teal"'),
]


class StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice, which kubectl would silently let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice in {sorted(keys)}"
        return super().construct_mapping(node, deep)


def documents(values: dict[str, Any], chart: Path = CHART, name: str = "demo") -> dict[str, str]:
    """Template path -> text."""
    with helm.Chart.load(chart) as loaded:
        return loaded.render(copy.deepcopy(values), name=name, namespace="prod")


def render(values: dict[str, Any], chart: Path = CHART, name: str = "demo") -> dict[str, dict]:
    """Objects by "Kind/name"."""
    texts = [text for path, text in documents(values, chart, name).items() if not path.endswith("NOTES.txt")]
    found = [item for text in texts for item in yaml.load_all(text, Loader=StrictLoader) if item]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in found}


def without_chance(objects: dict[str, dict]) -> dict[str, dict]:
    """The same, but for the key that the chart makes up."""
    objects = copy.deepcopy(objects)
    for item in objects.values():
        if item["kind"] == "Secret":
            assert len(base64.b64decode(item["data"]["key"], validate=True)) == 40
            item["data"]["key"] = "random"
    return objects


def deployment(values: dict[str, Any]) -> dict:
    """The one Deployment."""
    (found,) = [item for item in render(values).values() if item["kind"] == "Deployment"]
    return found


def pod(values: dict[str, Any]) -> dict:
    return deployment(values)["spec"]["template"]["spec"]


def container(values: dict[str, Any]) -> dict:
    (only,) = pod(values)["containers"]
    return only


def arguments(values: dict[str, Any]) -> dict[str, str]:
    """The container's arguments: flag -> value."""
    command, *rest = container(values)["args"]
    assert command == ("demo" if values.get("demo") else "serve")
    assert all(re.fullmatch(r"--[a-z-]+=\S+", flag) for flag in rest), rest
    pairs = [flag[2:].split("=", 1) for flag in rest]
    assert len(dict(pairs)) == len(pairs), "a flag is given twice"
    return dict(pairs)


@pytest.fixture(scope="module", params=["serve", "demo"])
def command_help(request: pytest.FixtureRequest) -> str:
    """What `skeg COMMAND --help` prints, for each command that the chart may run."""
    ran = skeg.run(request.param, "--help")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


every_set = pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())


# Helm and Kubernetes accept it.


@every_set
def test_lints(values: dict) -> None:
    report = helm.lint(CHART, copy.deepcopy(values), strict=True)
    assert report["total_charts_linted"] == 1
    assert report["errors"] == []
    assert [found for found in report["messages"] if found["severity"] > 1] == []


@every_set
@pytest.mark.parametrize("version", KUBERNETES)
def test_objects_fit_kubernetes(values: dict, version: str) -> None:
    for item in render(values).values():
        assert kubernetes_validate.validate(item, version, strict=True) == version


def test_the_validator_finds_a_misspelt_field() -> None:
    broken = deployment({})
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 45
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize(("values", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_refuses(values: dict, reason: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        render(values)
    assert reason in str(refused.value)


def test_is_usable_as_a_subchart() -> None:
    assert without_chance(render({"global": {"region": "eu"}})) == without_chance(render({}))


def test_package_renders_like_the_folder(tmp_path: Path) -> None:
    archive = Path(helm.package(CHART, destination=tmp_path))
    for values in VALUE_SETS.values():
        assert without_chance(render(values, archive)) == without_chance(render(values))


def test_versions_agree() -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    with helm.Chart.load(CHART) as chart:
        assert chart.metadata["appVersion"] == workspace["version"]
        tag = chart.metadata["appVersion"]
    assert container({})["image"] == f"skeg:{tag}"
    assert container(VALUE_SETS["hooks"])["image"] == "registry.example/skeg@sha256:" + "0" * 64


def test_no_value_is_dead() -> None:
    templates = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    with helm.Chart.load(CHART) as chart:
        defaults = chart.values
    dead = [key for key in defaults if not re.search(rf"\.Values\.{key}\b", templates)]
    assert dead == []


# The objects fit each other.


def test_kinds() -> None:
    assert set(render({})) == {
        "Deployment/demo-skeg", "Secret/demo-skeg-admin", "Service/demo-skeg", "Service/demo-skeg-admin",
        "ServiceAccount/demo-skeg",
    }
    assert "Secret/demo-skeg-admin" not in render(VALUE_SETS["tls"]), "the operator's own key"
    assert set(render(VALUE_SETS["endpoints"])) - set(render({})) == {"ConfigMap/demo-skeg-endpoints"}
    assert "Deployment/skeg" in render({}, name="skeg"), "a release called skeg is not skeg-skeg"


@every_set
def test_selectors_match_the_pods(values: dict) -> None:
    objects = render(values)
    labels = deployment(values)["spec"]["template"]["metadata"]["labels"]
    selector = deployment(values)["spec"]["selector"]["matchLabels"]
    services = [item for item in objects.values() if item["kind"] == "Service"]
    assert len(services) == 2
    for chosen in [selector, *(service["spec"]["selector"] for service in services)]:
        assert chosen
        assert chosen.items() <= labels.items()
    assert "app.kubernetes.io/version" not in selector, "a selector is immutable"


@every_set
def test_ports_agree(values: dict) -> None:
    ports = {port["name"]: port["containerPort"] for port in container(values)["ports"]}
    given = arguments(values)
    assert ports == {"http": 8000, "grpc": 8001, "admin": 8002}
    assert (given["http"], given["grpc"]) == ("0.0.0.0:8000", "0.0.0.0:8001")
    assert given["admin"] == "0.0.0.0:8002"
    exposed = [s for s in DockerfileParser(path=str(ROOT)).structure if s["instruction"] == "EXPOSE"]
    assert {str(port) for port in ports.values()} <= set(exposed[0]["value"].split())
    services = [item for item in render(values).values() if item["kind"] == "Service"]
    targets = {item["metadata"]["name"].endswith("-admin"): item["spec"] for item in services}
    assert [(p["name"], p["targetPort"], p["port"]) for p in targets[False]["ports"]] == [
        ("http", "http", 8000), ("grpc", "grpc", 8001)]
    assert [(p["name"], p["targetPort"], p["port"]) for p in targets[True]["ports"]] == [("admin", "admin", 8002)]
    assert targets[True]["type"] == "ClusterIP"


def test_admin_stays_inside_when_scoring_is_published() -> None:
    objects = render({"service": {"type": "LoadBalancer", "port": 80}})
    assert objects["Service/demo-skeg"]["spec"]["type"] == "LoadBalancer"
    assert [port["name"] for port in objects["Service/demo-skeg"]["spec"]["ports"]] == ["http", "grpc"]
    assert objects["Service/demo-skeg-admin"]["spec"]["type"] == "ClusterIP"


def test_scrape_annotations_point_to_the_admin_port() -> None:
    annotations = deployment({})["spec"]["template"]["metadata"]["annotations"]
    ports = {port["name"]: port["containerPort"] for port in container({})["ports"]}
    assert annotations["prometheus.io/scrape"] == "true"
    assert annotations["prometheus.io/port"] == str(ports["admin"])
    assert annotations["prometheus.io/path"] == "/metrics"
    assert "prometheus.io/scheme" not in annotations
    assert arguments({})["metrics-open"] == "true", "who finds pods by annotations sends no key"
    over_tls = deployment(VALUE_SETS["tls"])["spec"]["template"]["metadata"]["annotations"]
    assert over_tls["prometheus.io/scheme"] == "https"
    silent = deployment(VALUE_SETS["hooks"])["spec"]["template"]["metadata"]["annotations"]
    assert silent == {"note": "yes"}


# The pod lives and dies as the server does.


@every_set
def test_probes(values: dict) -> None:
    only = container(values)
    wanted = {"startupProbe": "live", "livenessProbe": "live", "readinessProbe": "ready"}
    for probe, route in wanted.items():
        scheme = {"scheme": "HTTPS"} if values.get("tls") else {}
        assert only[probe]["httpGet"] == {"path": f"/v2/health/{route}", "port": "admin"} | scheme
    seen_within = sum(only["readinessProbe"][key] for key in ("periodSeconds", "timeoutSeconds"))
    assert only["readinessProbe"]["failureThreshold"] == 1
    assert seen_within < int(arguments(values)["drain-delay"].removesuffix("s")), "endpoints learn of it too late"


@pytest.mark.parametrize("shutdown", [{}, {"drainDelaySeconds": 20, "budgetSeconds": 120, "marginSeconds": 3}])
def test_grace_period_outlasts_the_server(shutdown: dict) -> None:
    values = {"shutdown": shutdown}
    given = arguments(values)
    drain, budget = (int(given[flag].removesuffix("s")) for flag in ("drain-delay", "shutdown-budget"))
    grace = pod(values)["terminationGracePeriodSeconds"]
    assert grace == drain + budget + shutdown.get("marginSeconds", 10)
    assert grace > drain + budget
    assert (drain, budget) == (shutdown.get("drainDelaySeconds", 5), shutdown.get("budgetSeconds", 30))


def test_rollout_never_goes_below_the_replicas() -> None:
    assert deployment({})["spec"]["strategy"] == {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }
    assert deployment(VALUE_SETS["claim"])["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment(VALUE_SETS["claim"])["spec"]["replicas"] == 3


@every_set
def test_runs_without_privileges_as_the_image_user(values: dict) -> None:
    users = [s for s in DockerfileParser(path=str(ROOT)).structure if s["instruction"] == "USER"]
    uid, gid = (int(part) for part in users[0]["value"].split(":"))
    security = pod(values)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (uid, gid, gid)
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(values)["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }
    assert pod(values)["automountServiceAccountToken"] is False


@every_set
def test_every_mount_has_its_volume(values: dict) -> None:
    mounted = [mount["name"] for mount in container(values).get("volumeMounts", [])]
    assert sorted(mounted) == sorted(volume["name"] for volume in pod(values).get("volumes", []))


@every_set
def test_every_file_an_argument_names_is_mounted_whole(values: dict) -> None:
    mounts = {mount["mountPath"]: mount for mount in container(values)["volumeMounts"]}
    for flag, value in arguments(values).items():
        if value.startswith("/etc/"):
            folder = value if flag == "endpoints" else str(Path(value).parent)
            assert mounts[folder]["readOnly"] is True, flag
            assert "subPath" not in mounts[folder], "a file mounted alone is never swapped"


def test_secrets_reach_the_server_as_files_alone() -> None:
    volumes = {item["name"]: item["secret"]["secretName"] for item in pod(VALUE_SETS["keys"])["volumes"] if "secret" in item}
    assert volumes == {"admin": "demo-skeg-admin", "auth": "scoring-keys"}
    given = arguments(VALUE_SETS["keys"])
    assert (given["auth"], given["metrics-open"]) == ("keys", "false")
    assert given["auth-primary-key-file"] == "/etc/skeg/auth/primary"
    assert given["auth-secondary-key-file"] == "/etc/skeg/auth/secondary"
    assert "auth-secondary-key-file" not in arguments(VALUE_SETS["one key"])
    volumes = {item["name"]: item["secret"]["secretName"] for item in pod(VALUE_SETS["tls"])["volumes"] if "secret" in item}
    assert volumes == {"admin": "operators", "tls": "skeg-tls", "client-ca": "clients"}
    given = arguments(VALUE_SETS["jwt"])
    assert given["auth-issuer"] == "https://login.example/t/v2.0,https://sts.example/t/"


# The server gets what the values say.


def test_arguments_and_environment_exist(command_help: str) -> None:
    flags = set(re.findall(r"^ +--([a-z-]+)", command_help, re.MULTILINE))
    variables = set(re.findall(r"\[env: (SKEG_\w+)", command_help))
    given = {flag for values in VALUE_SETS.values() for flag in arguments(values)}
    assert "roll-age" in given
    assert given <= flags
    environment = {env["name"] for env in container(VALUE_SETS["hooks"])["env"]}
    assert environment == {"SKEG_REPLICA", "SKEG_LOG"}
    assert environment <= variables


def test_defaults_are_the_servers() -> None:
    described = skeg.run("serve", "--help").stdout
    defaults = dict(re.findall(r"^ +--([a-z-]+) .*\[default: ([^ ,\]]+)", described, re.MULTILINE))
    given = arguments({})
    for flag in ("drain-delay", "shutdown-budget", "roll-rows", "roll-bytes", "roll-age", "spool-bytes"):
        assert given[flag] == defaults[flag], flag


def test_a_workspace_is_given_only_when_there_is_one() -> None:
    assert arguments(VALUE_SETS["azureml"])["azureml-workspace"] == WORKSPACE
    assert "azureml-workspace" not in arguments({})


def test_the_server_runs_as_the_chart_says(folder: Path) -> None:
    """The rendered arguments, specs and probe routes on the real binary; only places differ."""
    values = {"demo": True, "endpoints": {"fraud": FRAUD, "second": DRAINED, "whole": FINE}}
    specs = folder / "endpoints"
    # As the kubelet mounts a ConfigMap: links into a hidden folder that is swapped whole.
    (specs / "..2026_11_23").mkdir(parents=True)
    (specs / "..data").symlink_to("..2026_11_23")
    for name, text in render(values)["ConfigMap/demo-skeg-endpoints"]["data"].items():
        (specs / "..data" / name).write_text(text)
        (specs / name).symlink_to(Path("..data") / name)
    # `serving` says these itself: a temporary store, free ports and no delay.
    own = {"store", "spool", "http", "grpc", "admin", "drain-delay"}
    given = {flag: value for flag, value in arguments(values).items() if flag not in own}
    given["endpoints"] = str(specs)
    key = render(values)["Secret/demo-skeg-admin"]["data"]["key"]
    (folder / "key").write_bytes(base64.b64decode(key))
    given["admin-key-file"] = str(folder / "key")
    given["replica"] = "demo-skeg-7d4b9c6f5d-x2x7q"
    only = container(values)
    annotations = deployment(values)["spec"]["template"]["metadata"]["annotations"]
    with skeg.serving(folder, *(f"--{flag}={value}" for flag, value in given.items())) as server:
        with server.client() as client:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert client.get(only[probe]["httpGet"]["path"]).status == 200, probe
            for endpoint in values["endpoints"]:
                assert client.get(f"/v2/models/{endpoint}").status == 200, endpoint
        with skeg.Client(server.admin) as admin:
            assert admin.get(annotations["prometheus.io/path"]).status == 200
        assert server.terminate() == 0


def test_replica_is_the_pod_name() -> None:
    (replica,) = container({})["env"]
    assert replica["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


@every_set
def test_service_links_are_off(values: dict) -> None:
    assert pod(values)["enableServiceLinks"] is False, "a Service named skeg would set SKEG_PORT and more"


def test_numbers_keep_all_their_digits() -> None:
    given = arguments(VALUE_SETS["large numbers"])
    assert (given["roll-rows"], given["roll-bytes"], given["roll-age"]) == ("1000000", "1073741824", "86400s")


@pytest.mark.parametrize(
    ("name", "url", "volume"),
    [
        ("defaults", "file:///var/lib/skeg", {"emptyDir": {"sizeLimit": "2Gi"}}),
        ("claim", "file:///var/lib/skeg/prod", {"persistentVolumeClaim": {"claimName": "skeg-store"}}),
        ("blob", "az://account1/skeg/prod", None),
    ],
)
def test_store(name: str, url: str, volume: dict | None) -> None:
    values = VALUE_SETS[name]
    assert arguments(values)["store"] == url
    mounts = {mount["name"]: mount["mountPath"] for mount in container(values).get("volumeMounts", [])}
    volumes = {item.pop("name"): item for item in pod(values).get("volumes", [])}
    assert volumes.get("store") == volume
    assert mounts.get("store") == (None if volume is None else "/var/lib/skeg")


def test_workload_identity_reaches_account_and_pods() -> None:
    values = VALUE_SETS["blob"]
    account = render(values)["ServiceAccount/demo-skeg"]
    assert account["metadata"]["annotations"] == {"azure.workload.identity/client-id": "0b1f"}
    template = deployment(values)["spec"]["template"]
    assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert template["spec"]["serviceAccountName"] == "demo-skeg"


def test_foreign_service_account_is_not_created() -> None:
    assert pod(VALUE_SETS["hooks"])["serviceAccountName"] == "default"
    assert not [item for item in render(VALUE_SETS["hooks"]).values() if item["kind"] == "ServiceAccount"]


def test_endpoint_specs_arrive_whole() -> None:
    values = VALUE_SETS["endpoints"]
    data = render(values)["ConfigMap/demo-skeg-endpoints"]["data"]
    assert {name.removesuffix(".yaml") for name in data} == set(values["endpoints"])
    for name, spec in values["endpoints"].items():
        assert yaml.load(data[f"{name}.yaml"], Loader=StrictLoader) == {"name": name, **spec}
    folder = arguments(values)["endpoints"]
    (mount,) = [mount for mount in container(values)["volumeMounts"] if mount["name"] == "endpoints"]
    assert mount == {"name": "endpoints", "mountPath": folder, "readOnly": True}
    (volume,) = [volume for volume in pod(values)["volumes"] if volume["name"] == "endpoints"]
    assert volume["configMap"] == {"name": "demo-skeg-endpoints"}


def test_without_endpoints_the_store_is_read() -> None:
    assert "endpoints" not in arguments({})


def test_a_changed_spec_is_followed_and_rolls_no_pod() -> None:
    before = {"endpoints": {"fraud": FRAUD}}
    shifted = {"endpoints": {"fraud": {**FRAUD, "traffic": {"green": 50, "blue": 50}}}}
    assert deployment(before) == deployment(shifted)
    name = "ConfigMap/demo-skeg-endpoints"
    assert render(before)[name] != render(shifted)[name]
    # kubelet changes the files of a mounted folder, and none that is mounted by itself.
    (mount,) = [mount for mount in container(before)["volumeMounts"] if mount["name"] == "endpoints"]
    assert "subPath" not in mount


def test_hooks() -> None:
    values = VALUE_SETS["hooks"]
    spec, only = pod(values), container(values)
    for key in ("imagePullSecrets", "priorityClassName", "nodeSelector", "tolerations", "affinity",
                "topologySpreadConstraints"):
        assert spec[key] == values[key], key
    assert only["args"][-1] == values["extraArgs"][0]
    assert only["env"][1:] == values["extraEnv"]
    assert only["envFrom"] == values["extraEnvFrom"]
    assert values["extraVolumes"][0] in spec["volumes"]
    assert values["extraVolumeMounts"][0] in only["volumeMounts"]


def test_notes_name_real_objects() -> None:
    for values in VALUE_SETS.values():
        (notes,) = [text for path, text in documents(values).items() if path.endswith("NOTES.txt")]
        names = {key.split("/")[1] for key in render(values)}
        named = set(re.findall(r"(?:service|deployment)/(\S+)", notes))
        assert named
        assert named <= names
        local = arguments(values)["store"].startswith("file://")
        assert ("WARNING" in notes) == (local and "existingClaim" not in values.get("store", {}))
