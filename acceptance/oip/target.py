"""The server under test: its answers over HTTP, and its gRPC stub."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

SECONDS = 60


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as strict JSON: bare NaN and Infinity are no JSON."""
        return json.loads(self.body, parse_constant=no_json)

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:1000]!r}"


def no_json(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON")


class Target:
    """A server, by the URL before `/v2`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        self.kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.address = parts.netloc
        self.prefix = parts.path.rstrip("/")

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str | None] | None = None) -> Reply:
        """Anything but bytes is sent as JSON. Each request has a connection of its own; a header of None is not sent."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent = {name: value for name, value in (sent | (headers or {})).items() if value is not None}
        connection = self.kind(self.address, timeout=SECONDS)
        try:
            connection.request(method, self.prefix + path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def post(self, path: str, body: Any = None, headers: dict[str, str | None] | None = None) -> Reply:
        return self.request("POST", path, body, headers)


def model_path(name: str, version: str = "", action: str = "") -> str:
    """`/v2/models/NAME[/versions/VERSION][/ACTION]`."""
    of_version = f"/versions/{quote(version, safe='')}" if version else ""
    return f"/v2/models/{quote(name, safe='')}{of_version}{'/' + action if action else ''}"
