"""The web page's login: the token, once, for a cookie; and the list of all logins, each of which can be ended.

Rules: the cookie goes to this server only, is out of scripts' reach and is sent with nothing that another site's page
asks for (RFC 6265bis section 5.6.7).
"""

from __future__ import annotations

from aiohttp import web

from headrace.http import bodies
from headrace.http.auth import COOKIE, Cookies, same
from headrace.http.guard import Refused, json_response
from headrace.http.logins import KEPT


class Login:
    """``/api/v1/login``, ``/api/v1/logout`` and ``/api/v1/logins``."""

    def __init__(self, token: str, cookies: Cookies) -> None:
        self._token, self._cookies = token, cookies

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler of each."""
        return [
            web.post("/api/v1/login", self.log_in),
            web.post("/api/v1/logout", self.log_out),
            web.get("/api/v1/logins", self.listed),
            web.delete("/api/v1/logins", self.revoke_others),
            web.delete("/api/v1/logins/{id}", self.revoke),
        ]

    async def log_in(self, request: web.Request) -> web.Response:
        """204 and the cookie, for the token."""
        from headrace.http.shapes import Login as Shape

        given = await bodies.read(request, Shape)
        if self._token and not same(given.token, self._token):
            raise Refused(403, "token", "That is not this server's token.", "It was shown when the server first began.")
        response = web.Response(status=204)
        if self._token:
            secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
            cookie = await self._cookies.begin(request.headers.get("User-Agent", ""))
            response.set_cookie(COOKIE, cookie, max_age=KEPT, path="/", httponly=True, samesite="Strict", secure=secure)
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """204, and the cookie is gone, here and in the browser."""
        await self._cookies.end(request.cookies.get(COOKIE, ""))
        response = web.Response(status=204)
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def listed(self, request: web.Request) -> web.Response:
        """Who has logged in."""
        return json_response({"logins": self._cookies.listed(request.cookies.get(COOKIE, ""))})

    async def revoke_others(self, request: web.Request) -> web.Response:
        """How many were ended: all but the one that asks; of a program that has the token, all."""
        return json_response({"ended": await self._cookies.revoke_others(request.cookies.get(COOKIE, ""))})

    async def revoke(self, request: web.Request) -> web.Response:
        """204: that browser is asked for the token again."""
        if not await self._cookies.revoke(request.match_info["id"]):
            raise Refused(404, "no_login", "There is no such login.", "See /api/v1/logins.")
        return web.Response(status=204)
