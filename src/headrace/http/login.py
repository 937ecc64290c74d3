"""The web page's login: the token, once, for a cookie.

Rules: the cookie goes to this server only, is out of scripts' reach and is sent with nothing that another site's page
asks for (RFC 6265bis section 5.6.7).
"""

from __future__ import annotations

from aiohttp import web

from headrace.http import bodies
from headrace.http.auth import COOKIE, pass_for, same
from headrace.http.guard import Refused

KEPT = 180 * 24 * 3600
"""Seconds that a browser keeps the cookie."""


class Login:
    """``/api/v1/login`` and ``/api/v1/logout``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        return [web.post("/api/v1/login", self.log_in), web.post("/api/v1/logout", self.log_out)]

    async def log_in(self, request: web.Request) -> web.Response:
        """204 and the cookie, for the token."""
        from headrace.http.shapes import Login as Shape

        given = await bodies.read(request, Shape)
        if self._token and not same(given.token, self._token):
            raise Refused(403, "token", "That is not this server's token.", "It was shown when the server first began.")
        response = web.Response(status=204)
        if self._token:
            secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
            response.set_cookie(
                COOKIE, pass_for(self._token), max_age=KEPT, path="/", httponly=True, samesite="Strict", secure=secure
            )
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """204, and the cookie is gone."""
        response = web.Response(status=204)
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response
