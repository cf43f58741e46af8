"""Bodies as files: filled in before they are sent, or held against an answer.

A golden is JSON. `"<string>"`, `"<int>"`, `"<number>"`, `"<bool>"`, `"<object>"`, `"<list>"` and `"<any>"` stand for
any value of that type, another `"<name>"` for the value given under that name. A key that ends with `?` may be
missing or `null`. A list of one element stands for any number of elements like it. An answer may have more keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "golden"
TYPES: dict[str, Any] = {
    "<string>": lambda it: isinstance(it, str),
    "<int>": lambda it: isinstance(it, int) and not isinstance(it, bool),
    "<number>": lambda it: isinstance(it, (int, float)) and not isinstance(it, bool),
    "<bool>": lambda it: isinstance(it, bool),
    "<object>": lambda it: isinstance(it, dict),
    "<list>": lambda it: isinstance(it, list),
    "<any>": lambda _: True,
}


def fill(name: str, **values: Any) -> Any:
    """The golden `name` with `values` in their places."""
    return _filled(json.loads((FOLDER / f"{name}.json").read_text()), values)


def check(body: Any, name: str, **values: Any) -> None:
    """Fails with every place where `body` is not as the golden `name` says."""
    faults = list(_faults(body, fill(name, **values), "body"))
    assert not faults, f"{'; '.join(faults)}; the golden is golden/{name}.json, the body {json.dumps(body)[:1000]}"


def _filled(golden: Any, values: dict[str, Any]) -> Any:
    if isinstance(golden, dict):
        return {key: _filled(value, values) for key, value in golden.items()}
    if isinstance(golden, list):
        return [_filled(value, values) for value in golden]
    if isinstance(golden, str) and golden[:1] == "<" and golden not in TYPES:
        return values[golden.strip("<>")]
    return golden


def _faults(body: Any, golden: Any, place: str) -> list[str]:
    if isinstance(golden, str) and golden in TYPES:
        return [] if TYPES[golden](body) else [f"{place} is {body!r}, not {golden}"]
    if isinstance(golden, dict):
        if not isinstance(body, dict):
            return [f"{place} is {body!r}, not an object"]
        return [fault for key, value in golden.items() for fault in _of_key(body, key, value, place)]
    if isinstance(golden, list) and len(golden) == 1:
        if not isinstance(body, list):
            return [f"{place} is {body!r}, not a list"]
        return [fault for at, it in enumerate(body) for fault in _faults(it, golden[0], f"{place}[{at}]")]
    return [] if body == golden and type(body) is type(golden) else [f"{place} is {body!r}, not {golden!r}"]


def _of_key(body: dict[str, Any], key: str, golden: Any, place: str) -> list[str]:
    name = key.removesuffix("?")
    if body.get(name) is None and key != name:
        return []
    return _faults(body[name], golden, f"{place}.{name}") if name in body else [f"{place} has no {name}"]
