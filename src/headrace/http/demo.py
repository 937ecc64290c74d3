"""``/api/v1/demo``: a torrent to try the server with, made by the server.

Rules: an answer does not wait for the video; how it comes along is told as ``demo`` events.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from headrace.http.guard import json_response
from headrace.http.keeper import Exhibit


class DemoApi:
    """The handlers."""

    def __init__(self, exhibit: Exhibit) -> None:
        self._exhibit = exhibit

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        return [web.get("/api/v1/demo", self.state), web.post("/api/v1/demo", self.begin)]

    async def state(self, _: web.Request) -> web.Response:
        """How far it is."""
        return json_response(self._told())

    async def begin(self, _: web.Request) -> web.Response:
        """202 while it is made, 200 when it is there."""
        await self._exhibit.begin()
        return json_response(self._told(), status=200 if self._exhibit.state.state == "ready" else 202)

    def _told(self) -> dict[str, Any]:
        told = self._exhibit.state.as_dict()
        del told["event"]
        return told
