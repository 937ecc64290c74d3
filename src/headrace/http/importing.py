"""aiohttp without the system's certificates.

aiohttp's client reads them all, twice, while it is imported: 30 ms each, between the user and the first frame. Nothing
of Headrace asks for https by way of aiohttp, and a context without certificates trusts nobody.
"""

from __future__ import annotations

import importlib
import ssl
import threading


def import_aiohttp() -> None:
    """Import it, once; whoever imports it afterwards gets the same. Contexts that other threads make are whole."""
    importer = threading.get_ident()
    read = ssl.SSLContext.set_default_verify_paths

    def unless_importing(context: ssl.SSLContext) -> None:
        if threading.get_ident() != importer:
            read(context)

    ssl.SSLContext.set_default_verify_paths = unless_importing  # type: ignore[method-assign,assignment]
    try:
        importlib.import_module("aiohttp")
    finally:
        ssl.SSLContext.set_default_verify_paths = read  # type: ignore[method-assign]
