"""The drift report's page in a real browser: what it shows, that it fetches nothing, and pictures of it to look at.

Pictures are kept in `target/artifacts`.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import browser
import skeg

ARTIFACTS = skeg.ROOT / "target" / "artifacts"
# Elements that have no end tag.
VOID = {"meta", "br"}
# Elements of SVG that may end themselves, which HTML knows.
SHAPES = {"path", "rect", "circle", "use"}


@dataclass
class Report:
    """A page and what is known of it."""

    page: bytes
    verdict: str
    first: str


@pytest.fixture(scope="module")
def report() -> Report:
    """The page that is looked at: the one place to change when it comes from elsewhere."""
    example = skeg.BINARY.parent / "examples" / "report_page"
    page = subprocess.run([example], capture_output=True, timeout=60, check=True).stdout
    return Report(page, verdict="Drift", first="probability")


class Reader(HTMLParser):
    """Holds that tags nest, and keeps the texts of headings and what the page would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.loads: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        self.open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((tag, ""))
        outward = [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.loads += [value for value in outward if not value.startswith("#")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES, f"<{tag}/>"

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> in {self.open}"

    def handle_data(self, data: str) -> None:
        inside = [tag for tag in self.open if tag in ("h1", "h2", "h3", "h4")]
        if inside:
            tag, text = self.headings[-1]
            self.headings[-1] = (tag, text + data)


@contextmanager
def served(page: bytes) -> Iterator[tuple[str, list[str]]]:
    """Serves the page and nothing else: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/report" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/report":
                self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/report", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_page_is_well_formed_and_loads_nothing(report: Report) -> None:
    text = report.page.decode()
    reader = Reader(text)
    assert reader.loads == []
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    levels = [int(tag[1]) for tag, _ in reader.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), levels


def test_a_browser_shows_it_without_scripts_network_or_complaint(folder: Path, report: Report) -> None:
    # What a policy forbids is a complaint only where scripts might run.
    views = [("light", 1280, "light", True), ("dark", 1280, "dark", False), ("phone", 390, "light", False)]
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    pictures = {}
    with served(report.page) as (url, asked), browser.browsing(folder) as chromium:
        for name, width, scheme, scripts in views:
            seen = chromium.show(url, width, scheme, scripts)
            (ARTIFACTS / f"drift-report-{name}.png").write_bytes(seen.png)
            assert seen.requests == [url]
            assert seen.complaints == []
            # Wide tables scroll by themselves; the page does not.
            assert seen.width <= width, f"{name}: {seen.width} pixels in a window of {width}"
            headings = Reader(seen.dom).headings
            assert headings[0][1].startswith(report.verdict), headings[0]
            ranked = [text for tag, text in headings if tag == "h3"]
            assert ranked[0].split()[:2] == ["1", report.first], ranked
            pictures[name] = seen.png
    assert asked == ["/report"] * 3
    assert len(set(pictures.values())) == 3, "dark and narrow look otherwise"
