"""Bodies of requests: bounded in size and in time, and read as what they are to be.

Rules: nothing is believed before all of it was checked; who sends slowly is let go, and holds nothing but a connection
until then. Browsers send forms from foreign pages without asking: so a form is read where one is expected only, behind
the guard's look at its origin.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from aiohttp import BodyPartReader, web

from headrace.http.guard import Refused

MAX_JSON = 512 * 1024
"""Bytes: a magnet link of the longest kind, and then some."""
WITHIN = 20.0
"""Seconds that a body may take to come."""
T = TypeVar("T")


async def body_of(request: web.Request, most: int) -> bytes:
    """The whole body; ``Refused`` when it is too large or too slow."""
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)
    data = bytearray()
    try:
        async with asyncio.timeout(WITHIN):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise _too_slow() from None
    return bytes(data)


async def read(request: web.Request, shape: type[T]) -> T:
    """A JSON body of this shape; ``Refused`` when it is none."""
    if request.content_type != "application/json":
        raise Refused(415, "media_type", "The body is to be JSON.", "Send Content-Type: application/json.")
    data = await body_of(request, MAX_JSON)
    import msgspec

    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        raise Refused(422, "invalid", f"The request does not fit: {error}.", "See /api/v1/openapi.json.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, "bad_json", f"The body is no JSON: {error}.", "See /api/v1/openapi.json.") from None


async def form(request: web.Request, most: int) -> tuple[dict[str, list[str]], bytes]:
    """The texts of a form (``multipart/form-data``, RFC 7578) by name, and its one file, or ``Refused``."""
    texts: dict[str, list[str]] = {}
    file, size = bytearray(), 0
    try:
        async with asyncio.timeout(WITHIN):
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader) or part.name is None or (part.filename is not None and file):
                    raise ValueError("one file, and named texts")
                data = bytearray() if part.filename is None else file
                while chunk := await part.read_chunk():
                    size += len(chunk)
                    if size > most:
                        raise _too_large(most)
                    data += chunk
                if part.filename is None:
                    texts.setdefault(part.name, []).append(data.decode())
    except TimeoutError:
        raise _too_slow() from None
    except (ValueError, AssertionError, web.HTTPException) as error:  # aiohttp asserts what a boundary is
        raise Refused(400, "bad_form", f"The body is no form that is read here: {error}.", "See docs/api.md.") from None
    return texts, bytes(file)


def _too_slow() -> Refused:
    return Refused(408, "slow", f"The request's body did not come within {WITHIN:.0f} s.", "Send it again.")


def _too_large(most: int) -> Refused:
    return Refused(413, "too_large", f"The body has more than {most // 1024} KiB.", "Nothing that is read here has.")
