"""The Dockerfile and .dockerignore, without a Docker engine: parsed, and the build context tried with cargo.

The context is what docker's own Python client would send.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

import skeg
from skeg import ROOT

DEBIAN_RELEASES = {"bookworm": "12", "trixie": "13"}


def instructions() -> list[dict]:
    """All instructions of the Dockerfile, in order, comments left out."""
    parsed = DockerfileParser(path=str(ROOT)).structure
    return [step for step in parsed if step["instruction"] != "COMMENT"]


def stages() -> list[list[dict]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[dict]] = []
    for step in instructions():
        if step["instruction"] == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def values(stage: list[dict], name: str) -> list[str]:
    """What stands behind each instruction `name` of a stage."""
    return [step["value"] for step in stage if step["instruction"] == name]


def context() -> set[str]:
    """The files that a build would send, as paths relative to the root."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {path for path in exclude_paths(str(ROOT), patterns) if (ROOT / path).is_file()}


@pytest.fixture(scope="module")
def serve_help() -> str:
    """What `skeg serve --help` prints."""
    ran = skeg.run("serve", "--help")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def manifest() -> dict:
    """The root Cargo.toml."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text())


def test_builds_the_dist_profile_of_the_locked_workspace(manifest: dict) -> None:
    builds = [run for run in values(stages()[0], "RUN") if "cargo build" in run]
    assert len(builds) == 1
    for flag in ("--profile dist", "--locked", "--package server", "--bin skeg"):
        assert flag in builds[0], flag
    assert "cp target/dist/skeg /out/skeg" in builds[0], "the cache mount vanishes after the step"
    assert "dist" in manifest["profile"]
    server = tomllib.loads((ROOT / "server/Cargo.toml").read_text())
    assert "skeg" in [binary["name"] for binary in server["bin"]]


def test_compiler_and_libc_fit(manifest: dict) -> None:
    build, final = DockerfileParser(path=str(ROOT)).parent_images
    tag = re.fullmatch(r"rust:(\d+\.\d+)-slim-(\w+)", build)
    assert tag, f"{build} is not a pinned rust:X.Y-slim-DEBIAN image"
    assert tag[1] == manifest["workspace"]["package"]["rust-version"]
    assert f"-debian{DEBIAN_RELEASES[tag[2]]}:" in final, "both stages must share one glibc"


def test_final_image_holds_the_binary_and_an_empty_store_only() -> None:
    final = stages()[-1]
    assert final[0]["value"] == "gcr.io/distroless/cc-debian12:nonroot"
    copies = [re.sub(r"--\S+ ", "", copy) for copy in values(final, "COPY")]
    assert copies == ["/out/skeg /usr/local/bin/skeg", "/out/store /var/lib/skeg"]
    assert all("--from=build" in copy for copy in values(final, "COPY"))
    assert not values(final, "ADD")
    assert not values(final, "RUN"), "the final image has no shell to run anything"
    assert values(stages()[0], "FROM")[0].endswith(" AS build")


def test_user_is_numeric_and_not_root_and_owns_the_store() -> None:
    final = stages()[-1]
    (user,) = values(final, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), user
    (store,) = [copy for copy in values(final, "COPY") if copy.endswith(" /var/lib/skeg")]
    assert f"--chown={user}" in store


def test_starts_the_server_as_process_one(serve_help: str) -> None:
    final = stages()[-1]
    (entrypoint,) = values(final, "ENTRYPOINT")
    (command,) = values(final, "CMD")
    assert json.loads(entrypoint) == ["/usr/local/bin/skeg"]
    assert json.loads(command) == ["serve"]
    assert "Usage: skeg serve" in serve_help


def test_environment_is_read_by_the_server(serve_help: str) -> None:
    known = set(re.findall(r"\[env: (SKEG_\w+)", serve_help))
    given = DockerfileParser(path=str(ROOT)).envs
    assert set(given) == {"SKEG_STORE", "SKEG_HTTP", "SKEG_GRPC"}
    assert set(given) <= known
    assert given["SKEG_STORE"] == "file:///var/lib/skeg"
    (exposed,) = values(stages()[-1], "EXPOSE")
    assert exposed.split() == ["8000", "8001", "8002"]
    assert (given["SKEG_HTTP"], given["SKEG_GRPC"]) == ("0.0.0.0:8000", "0.0.0.0:8001")


def test_labels(manifest: dict) -> None:
    labels = DockerfileParser(path=str(ROOT)).labels
    prefix = "org.opencontainers.image."
    assert labels[prefix + "title"] == "skeg"
    assert labels[prefix + "licenses"] == manifest["workspace"]["package"]["license"]
    assert labels[prefix + "version"] == manifest["workspace"]["package"]["version"]
    assert labels[prefix + "base.name"] == values(stages()[-1], "FROM")[0]


@pytest.mark.parametrize("name", [".git", ".venv", "target", "docs", "helm", "acceptance"])
def test_context_leaves_out(name: str) -> None:
    sent = {Path(path).parts[0] for path in context()}
    assert name not in sent


def test_context_leaves_out_the_toolchain_file() -> None:
    assert "rust-toolchain.toml" not in context(), "it would override the image's compiler"


def test_context_holds_what_the_sources_embed() -> None:
    sent = context()
    embed = re.compile(r'include_(?:bytes|str)!\(\s*(concat!\(\s*env!\("CARGO_MANIFEST_DIR"\),\s*)?"([^"]+)"')
    for source in [path for path in sent if path.endswith(".rs")]:
        for in_manifest_dir, target in embed.findall((ROOT / source).read_text()):
            base = ROOT / Path(source).parts[0] if in_manifest_dir else (ROOT / source).parent
            wanted = os.path.relpath(os.path.normpath(f"{base}/{target}"), ROOT)
            assert wanted in sent, f"{source} embeds {wanted}"


def test_cargo_accepts_the_context(tmp_path: Path) -> None:
    for path in context():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    targets = [t for p in json.loads(ran.stdout)["packages"] if p["name"] == "server" for t in p["targets"]]
    assert any(target["name"] == "skeg" and target["kind"] == ["bin"] for target in targets)
