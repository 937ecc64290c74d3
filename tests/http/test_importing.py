"""What aiohttp costs when it is imported."""

from __future__ import annotations

import subprocess
import sys

LOADED = "from aiohttp import connector as c; print(len(c._SSL_CONTEXT_VERIFIED.get_ca_certs()))"


def run(code: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_certificates_are_not_read_for_a_client_that_is_not_used() -> None:
    assert run("from headrace.http.importing import import_aiohttp; import_aiohttp();" + LOADED) == ["0"]


def test_whoever_asks_for_https_afterwards_has_them() -> None:
    after = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    with_us = run("from headrace.http.importing import import_aiohttp; import_aiohttp();" + after)
    assert with_us == run(after)
    assert int(with_us[0]) > 10


def test_nobody_else_does_without_meanwhile() -> None:
    code = """
import importlib, ssl, threading
from headrace.http import importing
found = []
def look(name):
    other = threading.Thread(target=lambda: found.append(len(ssl.create_default_context().get_ca_certs())))
    other.start()
    other.join()
    found.append(len(ssl.create_default_context().get_ca_certs()))
importlib.import_module = look
importing.import_aiohttp()
print(*found)
"""
    others, ours = run(code)
    assert int(others) > 10
    assert ours == "0"


def test_a_failed_import_leaves_the_certificates() -> None:
    code = """
import importlib, ssl
from headrace.http import importing
def fail(name): raise ImportError(name)
importlib.import_module = fail
try:
    importing.import_aiohttp()
except ImportError as error:
    print(error, len(ssl.create_default_context().get_ca_certs()))
"""
    name, certificates = run(code)
    assert (name, int(certificates) > 10) == ("aiohttp", True)
