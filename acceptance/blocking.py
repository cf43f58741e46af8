"""An asynchronous client as one that waits, so that a test asks both kinds the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any


class Blocking:
    """The client that `make` gives, each of whose methods runs to its end in a loop of its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._loop = asyncio.new_event_loop()

        async def made() -> Any:
            return make()

        # Clients of aiohttp and gRPC want a running loop when they are made.
        self._client = self._loop.run_until_complete(made())

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*args: Any, **more: Any) -> Any:
            answer = method(*args, **more)
            return self._loop.run_until_complete(_whole(answer)) if isinstance(answer, Awaitable) else answer

        return call

    def __enter__(self) -> Blocking:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self.close()
        self._loop.close()


async def _whole(answer: Awaitable[Any]) -> Any:
    return await answer
