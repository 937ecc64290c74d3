"""A server in another process, asked over its API.

Rules: what it refuses is raised as the error that this process would have raised; whatever comes between (nobody
listens, it ended, it said nothing for long) is an ``EngineError`` of the kind ``server``. The token goes into a header
and nowhere else. aiohttp takes 0.2 s to import: import this late.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any

import aiohttp

from headrace.errors import EngineError, HeadraceError, InputError, SwarmError

ANSWER = 60.0
"""Seconds for an answer: the server may have names to look up and a disk to wait for."""
CONNECT = 5.0
"""Seconds for a connection: it is on this machine."""
SILENCE = 45.0
"""Seconds without a word on the stream of events, which has one every 15 at least."""
TORRENT = "application/x-bittorrent"
_ERRORS: dict[int, type[HeadraceError]] = {400: InputError, 404: InputError, 413: InputError, 422: InputError}
_ERRORS |= {504: SwarmError}


class Lines:
    """The events in a stream's bytes, which may be cut anywhere (WHATWG HTML, section 9.2, as far as we send it)."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.last = ""
        """The id of the last one that had one."""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The events that these bytes complete."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        told = []
        for line in lines:
            if line.startswith(b"id: "):
                self.last = line[4:].decode("ascii", "replace")
            elif line.startswith(b"data: "):
                with contextlib.suppress(ValueError):
                    told.append(json.loads(line[6:]))
        return [each for each in told if isinstance(each, dict)]


class Remote:
    """The API of the server at ``url``, such as ``http://127.0.0.1:8888``."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = aiohttp.ClientTimeout(total=ANSWER, sock_connect=CONNECT)
        self._client = aiohttp.ClientSession(headers=headers, timeout=limits, trust_env=False)

    async def __aenter__(self) -> Remote:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON of an answer; ``body`` is sent as JSON, ``data`` as a .torrent. Errors are raised."""
        more: dict[str, Any] = {"params": query or []}
        if data is not None:
            more |= {"data": data, "headers": {"Content-Type": TORRENT}}
        elif body is not None:
            more |= {"json": body}
        with self._telling():
            async with self._client.request(method, f"{self.url}/api/v1{path}", **more) as answer:
                text = await answer.read()
                if answer.status >= 400:
                    raise _refusal(answer.status, text)
                return answer.status, json.loads(text) if text else None

    async def get(self, path: str) -> Any:
        """What is there."""
        return (await self.ask("GET", path))[1]

    async def listen(self, lines: Lines) -> AsyncIterator[list[dict[str, Any]]]:
        """Events as they come, the first time none: from then on none is missed. Ends when the server ends it."""
        headers = {"Last-Event-ID": lines.last} if lines.last else {}
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
        with self._telling():
            url = f"{self.url}/api/v1/events"
            async with self._client.get(url, headers=headers, timeout=limits) as answer:
                if answer.status >= 400:
                    raise _refusal(answer.status, await answer.read())
                yield []
                async for chunk in answer.content.iter_any():
                    yield lines.feed(chunk)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise EngineError(
                f"The Headrace server at {self.url} does not answer.",
                "If it ended, try again; if it hangs, end it.",
                kind="server",
            ) from error


def _refusal(status: int, text: bytes) -> HeadraceError:
    """The error that an answer tells."""
    try:
        told: Mapping[str, Any] = json.loads(text)["error"]
        kind, message, hint = (str(told[name]) for name in ("kind", "message", "hint"))
    except (ValueError, KeyError, TypeError):
        kind, message, hint = "server", f"The Headrace server answered with status {status}.", "Its log may say why."
    return _ERRORS.get(status, EngineError)(message, hint, kind=kind)
