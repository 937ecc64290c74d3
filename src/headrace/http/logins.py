"""Logins of browsers: cookies that outlive a restart and can be taken back.

Rules: each login has a secret of its own; kept is a digest of it, which is bound to the server's token, so that neither
the shelf alone nor a cookie from under another token lets anybody in. Whether a cookie is good is told without waiting:
what is on the shelf is in memory too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from headrace.core.display import printable
from headrace.library.records import Token

KEPT = 180 * 24 * 3600
"""Seconds that a login lasts, here and in the browser."""
MOST = 200
"""Logins at a time; the oldest goes first."""
LABEL = 120
"""Characters kept of what a browser calls itself."""
_OWNER = "logins_of"
"""The setting that tells under which token the logins were made."""


class Shelf(Protocol):
    """Where logins are kept: the library."""

    async def tokens(self) -> tuple[Token, ...]:
        """Those that have not expired, the oldest first."""

    async def put_token(self, token: Token) -> None:
        """Keep one."""

    async def drop_token(self, digest: str) -> bool:
        """Forget one; whether there was one."""

    async def settings(self) -> Mapping[str, Any]:
        """Settings, by name."""

    async def set_setting(self, name: str, value: object) -> None:
        """Keep a setting."""


class Derived(Struct, frozen=True):
    """Logins of a server without a library: one cookie for all, which follows from the token."""

    token: str

    def knows(self, secret: str) -> bool:
        """Whether this cookie was given for the token."""
        return hmac.compare_digest(secret.encode("utf-8", "replace"), self._cookie().encode())

    def when_ended(self, secret: str, ended: Callable[[], object]) -> Callable[[], None]:
        """It never is."""
        return lambda: None

    async def begin(self, label: str) -> str:
        """The cookie."""
        return self._cookie()

    async def end(self, secret: str) -> None:
        """The browser forgets it; others have the same."""

    def listed(self, secret: str) -> list[dict[str, Any]]:
        """None is kept."""
        return []

    async def revoke(self, name: str) -> bool:
        """None can be."""
        return False

    async def revoke_others(self, secret: str) -> int:
        """Nor these: all have the same cookie."""
        return 0

    def _cookie(self) -> str:
        return hmac.new(self.token.encode("utf-8", "replace"), b"headrace cookie 1", hashlib.sha256).hexdigest()


class Logins:
    """Logins of a server with a library. ``load`` comes first."""

    def __init__(self, token: str, shelf: Shelf, clock: Callable[[], float] = time.time) -> None:
        self._token, self._shelf, self._clock = token.encode("utf-8", "replace"), shelf, clock
        self._known: dict[str, Token] = {}
        self._waiting: dict[str, list[Callable[[], object]]] = {}
        """By digest: what is to be called when it goes."""

    async def load(self) -> None:
        """Those of earlier runs; under another token they are no good, and go."""
        owner = self._digest("")
        found = await self._shelf.tokens()
        if (await self._shelf.settings()).get(_OWNER) == owner:
            self._known = {token.digest: token for token in found}
            return
        for token in found:
            await self._shelf.drop_token(token.digest)
        await self._shelf.set_setting(_OWNER, owner)

    def knows(self, secret: str) -> bool:
        """Whether this cookie is good now. (Digests are looked up: how long that takes tells nothing of a secret.)"""
        found = self._known.get(self._digest(secret)) if secret else None
        return found is not None and (found.expires or 0.0) > self._clock()

    def when_ended(self, secret: str, ended: Callable[[], object]) -> Callable[[], None]:
        """Call ``ended`` when this login goes before what returns is called."""
        digest = self._digest(secret)
        if digest not in self._known:
            return lambda: None
        waiting = self._waiting.setdefault(digest, [])
        waiting.append(ended)

        def forget() -> None:
            waiting.remove(ended)
            if not waiting and self._waiting.get(digest) is waiting:
                del self._waiting[digest]

        return forget

    async def begin(self, label: str) -> str:
        """A new cookie, for somebody who knew the token."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        login = Token(self._digest(secret), printable(label[:LABEL], LABEL), now, now + KEPT)
        await self._shelf.put_token(login)
        self._known[login.digest] = login
        while len(self._known) > MOST:
            await self._drop(next(iter(self._known)))
        return secret

    async def end(self, secret: str) -> None:
        """This cookie is good for nothing any more."""
        await self._drop(self._digest(secret))

    def listed(self, secret: str) -> list[dict[str, Any]]:
        """All of them, the oldest first; ``current`` is the one with this cookie."""
        mine, now = self._digest(secret), self._clock()
        return [
            {
                "id": _name(each.digest),
                "label": each.label,
                "created": each.created,
                "expires": each.expires,
                "current": each.digest == mine,
            }
            for each in self._known.values()
            if (each.expires or 0.0) > now
        ]

    async def revoke(self, name: str) -> bool:
        """End the one with this ``id``; whether there was one."""
        found = next((digest for digest in self._known if _name(digest) == name), "")
        return bool(found) and await self._drop(found)

    async def revoke_others(self, secret: str) -> int:
        """End all but the one with this cookie; how many those were."""
        mine = self._digest(secret)
        others = [digest for digest in self._known if digest != mine]
        return sum([await self._drop(digest) for digest in others])

    async def _drop(self, digest: str) -> bool:
        there = self._known.pop(digest, None) is not None  # at once: the disk may take its time
        for ended in self._waiting.pop(digest, []).copy():
            ended()
        if there:
            await self._shelf.drop_token(digest)
        return there

    def _digest(self, secret: str) -> str:
        return hmac.new(self._token, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _name(digest: str) -> str:
    """What a login is called; nobody gets in with it."""
    return digest[:16]
