"""`/metrics` is what Prometheus takes and what promtool finds no fault with."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import skeg

TOOLS = skeg.ROOT / "target" / "tools" / "usr" / "bin"
FAMILIES = {
    "skeg_panes_lost_total": "counter",
    "skeg_requests_total": "counter",
    "skeg_request_duration_seconds": "histogram",
    "skeg_inference_duration_seconds": "histogram",
    "skeg_inflight": "gauge",
    "skeg_rows_total": "counter",
    "skeg_labels_total": "counter",
    "skeg_labels_refused_total": "counter",
    "skeg_sink_duration_seconds": "histogram",
    "skeg_sink_files_total": "counter",
    "skeg_sink_bytes_total": "counter",
    "skeg_sink_retries_total": "counter",
    "skeg_sink_files_lost_total": "counter",
    "skeg_spool_bytes": "gauge",
    "skeg_refused_total": "counter",
    "skeg_traffic_weight": "gauge",
    "skeg_mirror_weight": "gauge",
    "skeg_queue_depth": "gauge",
    "skeg_admitted": "gauge",
    "skeg_endpoint_revision": "gauge",
    "skeg_endpoint_spec_info": "gauge",
    "skeg_deployment_state": "gauge",
    "skeg_spec_faults": "gauge",
    "skeg_build_info": "gauge",
}


@pytest.fixture
def scored(folder: Path) -> Any:
    """A server that has scored 30 rows at green, 20 at blue and refused one request."""
    with skeg.serving(folder, "--roll-age", "200ms") as server:
        with server.client() as client:
            for _ in range(10):
                client.infer(skeg.matrix([[1.0] * 20] * 3), "green")
                client.infer(skeg.matrix([[1.0] * 20] * 2), "blue")
            assert client.infer(b"{").status == 400
        skeg.until("50 rows written", lambda: 'stage="written"} 50' in server.metrics() or _written(server) == 50)
        yield server


def _written(server: skeg.Server) -> float:
    lines = [line for line in server.metrics().splitlines() if line.startswith("skeg_rows_total")]
    return sum(float(line.split()[-1]) for line in lines if 'stage="written"' in line)


def test_promtool_finds_no_fault(scored: skeg.Server) -> None:
    checked = subprocess.run(
        [TOOLS / "promtool", "check", "metrics"], input=scored.metrics(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_families_are_those_of_the_architecture(scored: skeg.Server) -> None:
    typed = [line.split()[2:] for line in scored.metrics().splitlines() if line.startswith("# TYPE")]
    # What was found of drift is shown from the first look on, which may have been.
    found = {name: kind for name, kind in typed if not name.startswith("skeg_drift")}
    assert found == FAMILIES


def test_a_real_prometheus_scrapes_and_answers(scored: skeg.Server, folder: Path) -> None:
    with prometheus(folder, {"job_name": "skeg", "static_configs": [{"targets": [scored.admin]}]}) as ask:
        skeg.until("a scrape", lambda: ask("up{job='skeg'}") == {"": 1.0})
        by = ask("sum by (deployment) (skeg_requests_total{endpoint='fraud', code='200'})")
        assert by == {"green": 10, "blue": 10}
        assert ask("sum by (code) (skeg_requests_total{endpoint='fraud', code!='200'})") == {"400": 1}
        rows = ask("sum by (stage) (skeg_rows_total{endpoint='fraud'})")
        assert rows["offered"] == rows["written"] == 50
        assert ask("sum by (deployment) (skeg_traffic_weight)") == {"green": 0.9, "blue": 0.1}
        quantile = ask("histogram_quantile(0.5, sum by (le) (skeg_inference_duration_seconds_bucket))")
        assert 0 < quantile[""] < 10
        assert ask("sum(skeg_request_duration_seconds_count{deployment='blue'})") == {"": 10}


@contextmanager
def prometheus(folder: Path, job: dict[str, Any]) -> Iterator[Callable[[str], dict[str, float]]]:
    """A Prometheus with one job; what is yielded asks it a query."""
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    log = folder / "prometheus.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [
                TOOLS / "prometheus", f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/tsdb", "--web.listen-address=127.0.0.1:0",
            ],
            stdout=stderr, stderr=stderr,
        )
    try:
        address = skeg.until("Prometheus to listen", lambda: _address(process.pid))
        yield lambda query: _ask(address, query)
    finally:
        process.kill()
        process.wait()


def _address(pid: int) -> str | None:
    """The loopback address a process listens on, from the kernel's tables."""
    links = [link.resolve(strict=False) for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link.name.split("[")[1][:-1] for link in links if link.name.startswith("socket:[")}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == "0A" and rest[5] in inodes:
            return f"127.0.0.1:{int(local.split(':')[1], 16)}"
    return None


def _ask(address: str, query: str) -> dict[str, float]:
    """An instant query; the values by their one label, "" when there is none."""
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
    except OSError:
        return {}
    by_label = lambda metric: "".join(v for k, v in metric.items() if k in {"deployment", "code", "stage"})  # noqa: E731
    return {by_label(series["metric"]): float(series["value"][1]) for series in found}
