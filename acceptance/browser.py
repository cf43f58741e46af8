"""Chromium without a window, asked over its DevTools protocol: what a page became, fetched, complained of and looks like."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

import skeg

CHROMIUM = skeg.ROOT / "target" / "tools" / "bin" / "chromium"
# All of one browser's life.
SECONDS = 120
# The protocol's pipes are descriptors 3 and 4.
START = 'exec "$0" "${@:3}" 3<&"$1" 4>&"$2"'


@dataclass
class Seen:
    """A page as it was shown."""

    dom: str
    # Addresses that were asked for, the page's own among them.
    requests: list[str]
    # Errors and warnings, scripts' and the browser's own.
    complaints: list[str]
    # Of the content, CSS pixels; more than the window's when the page scrolls sideways.
    width: float
    png: bytes


@dataclass
class Browser:
    """A running browser. Commands go one way, answers and events come the other, each ended by a zero byte."""

    commands: IO[bytes]
    answers: Iterator[dict[str, Any]]
    last: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self.last += 1
        command = {"id": self.last, "method": method, "params": params}
        self.commands.write(json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        self.commands.flush()
        for answer in self.answers:
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)
        raise AssertionError(f"the browser ended before it answered {method}")

    def wait(self, method: str) -> None:
        """Until an event of this name has come."""
        if any(event["method"] == method for event in self.events):
            return
        for answer in self.answers:
            self.events.append(answer)
            if answer.get("method") == method:
                return
        raise AssertionError(f"the browser ended before {method}")

    def show(self, url: str, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Seen:
        """Opens a page in a new tab, with scripts allowed or switched off."""
        self.events.clear()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        tab = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Network", "Log", "Runtime", "DOM"]:
            self.call(f"{domain}.enable", tab)
        self.call("Emulation.setScriptExecutionDisabled", tab, value=not scripts)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", tab, features=[feature])
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", tab, **size)
        self.events.clear()
        opened = self.call("Page.navigate", tab, url=url)
        assert not opened.get("errorText"), opened
        self.wait("Page.loadEventFired")
        root = self.call("DOM.getDocument", tab)["root"]["nodeId"]
        dom = self.call("DOM.getOuterHTML", tab, nodeId=root)["outerHTML"]
        content = self.call("Page.getLayoutMetrics", tab)["cssContentSize"]["width"]
        shot = self.call("Page.captureScreenshot", tab, format="png", captureBeyondViewport=True)
        self.call("Target.closeTarget", targetId=target)
        requests = [event["params"]["request"]["url"] for event in self.named("Network.requestWillBeSent")]
        logged = [event["params"]["entry"] for event in self.named("Log.entryAdded")]
        complaints = [str(entry) for entry in logged if entry["level"] in ("error", "warning")]
        complaints += [str(event["params"]) for event in self.named("Runtime.exceptionThrown")]
        complaints += [str(event["params"]) for event in self.named("Runtime.consoleAPICalled")]
        return Seen(dom, requests, complaints, content, base64.b64decode(shot["data"]))

    def named(self, method: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("method") == method]


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Starts Chromium with a profile of its own below `folder`."""
    inward, outward = os.pipe(), os.pipe()
    line = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--remote-debugging-pipe"]
    with (folder / "chromium.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", START, line[0], str(inward[0]), str(outward[1]), *line[1:],
             "--no-first-run", f"--user-data-dir={folder / 'profile'}"],
            pass_fds=[inward[0], outward[1]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    os.close(inward[0])
    os.close(outward[1])
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    try:
        with os.fdopen(inward[1], "wb") as commands, os.fdopen(outward[0], "rb") as answers:
            browser = Browser(commands, messages(answers))
            browser.call("Browser.getVersion")
            yield browser
            browser.call("Browser.close")
        process.wait(timeout=SECONDS)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def messages(answers: BufferedReader) -> Iterator[dict[str, Any]]:
    """What a browser says, until it ends."""
    rest = b""
    while part := answers.read1(1 << 16):
        *whole, rest = (rest + part).split(b"\0")
        yield from map(json.loads, whole)
