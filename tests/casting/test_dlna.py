"""The caster without a renderer, and its errors. (tests/e2e/test_dlna.py has a real one.)"""

from __future__ import annotations

import pytest
from aiohttp import web
from async_upnp_client.exceptions import UpnpActionError, UpnpConnectionError, UpnpError

from headrace.casting.base import Device
from headrace.casting.connect import connect
from headrace.casting.dlna import ANSWER_WITHIN, AiohttpRequester, DlnaCaster
from headrace.errors import PlayerError


def device(url: str) -> Device:
    return Device("uuid:1", "TV", "dlna", url.split("/")[2], url=url)


@pytest.mark.parametrize("body", ["", "no xml", "<root/>", "<!DOCTYPE x [<!ENTITY y 'z'>]><root>&y;</root>"])
async def test_what_is_no_renderer(body: str) -> None:
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/xml")

    app.router.add_get("/d.xml", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with pytest.raises(PlayerError, match="no renderer"):
            await connect(device(f"http://127.0.0.1:{runner.addresses[0][1]}/d.xml"), lambda status: None)
    finally:
        await runner.cleanup()


async def test_nobody_is_there() -> None:
    with pytest.raises(PlayerError, match="does not answer") as refused:
        await connect(device("http://127.0.0.1:1/d.xml"), lambda status: None)
    assert refused.value.kind == "no_device"


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (UpnpActionError(error_code=705, error_desc="Transport is locked"), "device_busy", "Transport is locked, 705"),
        (UpnpActionError(error_code=714, error_desc="Illegal MIME-type."), "refused", "Illegal MIME-type, 714"),
        (UpnpActionError(error_code=501, error_desc="\x1b]"), "refused", "501"),
        (UpnpConnectionError("gone"), "no_device", "does not answer"),
        (UpnpError("odd"), "refused", "UpnpError"),
    ],
)
async def test_errors_become_ours(error: UpnpError, kind: str, word: str) -> None:
    there = device("http://127.0.0.1:1/d.xml")
    caster = DlnaCaster(there, lambda status: None, AiohttpRequester(timeout=ANSWER_WITHIN), "127.0.0.1")
    translated = caster._translated(error)
    assert translated.kind == kind
    assert word in translated.message
    assert translated.message.isprintable()
