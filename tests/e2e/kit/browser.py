"""A real browser: Debian's Chromium, driven by Playwright.

Rules: a page that breaks its Content-Security-Policy, throws, or asks another host fails its test. Nothing is polled
from here: what is waited for is waited for in the page, by its own events.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--host-resolver-rules=MAP media.lan 127.0.0.1",  # as if the page were reached through the network
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--disable-gpu",
)
AXE = Path(__file__).parent / "axe" / "axe.min.js"
SHOTS = Path(__file__).parents[3] / ".cache" / "screenshots"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}

_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


class Page:
    """One page; ``problems`` is what must not have happened in it."""

    def __init__(self, page: Any, origin: str) -> None:
        self.page, self.origin = page, origin
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"threw: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        # the browser itself says so of each 404, and the page asks for what this server may not have
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.origin:
            self.problems.append(f"asked {request.url}")

    async def go(self, fragment: str = "") -> None:
        """Open an address of the interface."""
        await self.page.goto(f"http://{self.origin}/{fragment}")

    async def run(self, script: str, argument: Any = None) -> Any:
        """A function of JavaScript, in the page."""
        return await self.page.evaluate(script, argument)

    async def until(self, condition: str, *, within: float = 60, of: str = "video") -> float:
        """Wait until an expression of JavaScript holds, in which ``it`` is the first element of that kind. Looked at
        with each picture that the page draws, and each event of a video. How long it took, in seconds."""
        script = """
        ([of, seconds]) => new Promise((resolve, reject) => {
          const began = performance.now();
          const holds = (it) => Boolean(CONDITION);
          const look = () => {
            const it = document.querySelector(of);
            const gone = (performance.now() - began) / 1000;
            if (it && holds(it)) resolve(gone);
            else if (gone > seconds) reject(new Error(`not within ${seconds} s: ${it?.outerHTML.slice(0, 500)}`));
            else requestAnimationFrame(look);
          };
          look();
        })
        """.replace("CONDITION", condition)
        return float(await self.page.evaluate(script, [of, within]))

    async def text(self, selector: str) -> str:
        """What an element shows, once it is there."""
        return str(await self.page.inner_text(selector, timeout=60_000))

    async def shot(self, name: str) -> None:
        """Keep a picture of the whole page, to be looked at by people."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{re.sub(r'[^a-z0-9-]', '-', name)}.png", full_page=True)

    async def accessibility(self) -> list[str]:
        """What axe-core finds that is serious or critical (WCAG 2 A and AA)."""
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate(
            "(tags) => axe.run(document, {runOnly: tags})",
            ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
        )
        return [
            f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']][:4]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]


@contextlib.asynccontextmanager
async def browser(origin: str, **options: Any) -> AsyncIterator[Page]:
    """A page of a new browser for this host and port; fails in the end if anything went wrong in it."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    driver = pytest.importorskip("playwright.async_api")
    async with driver.async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            context = await chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            context.set_default_timeout(60_000)
            await context.add_init_script(_WATCH)
            made = Page(await context.new_page(), origin)
            yield made
            assert not made.problems, made.problems
        finally:
            await chromium.close()
