"""Logging in is in test_auth; here is what a login may carry."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_form_cannot_log_in(world, kind):
    await world.start(token="a token of 24 characters")
    reply = await world.ask("POST", "/api/v1/login", f"Content-Type: {kind}", "Content-Length: 0")
    assert reply.status == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_logs_in_or_out(world, method):
    await world.start()
    for path in ("/api/v1/login", "/api/v1/logout"):
        reply = await world.ask(method, path, "Content-Length: 0")
        assert (reply.status, reply.headers["allow"]) == (405, "POST, OPTIONS")
