"""The web interface as it is served: headers, caching, names, and what lies in the folder."""

from __future__ import annotations

import hashlib
import re

import pytest

from headrace.http import pages
from headrace.http.pages import FOLDER, Site, policy

VENDOR = FOLDER / "vendor"


async def test_the_page_and_its_parts(world):
    await world.start()
    page = await world.ask("GET", "/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    paths = re.findall(r'(?:href|src)="(/[^"]+)"', page.body.decode())
    assert len(paths) > 5
    for path in paths:
        part = await world.ask("GET", path)
        assert part.status == 200, path
        assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert part.headers["x-content-type-options"] == "nosniff"
        assert (await world.ask("GET", path, f"If-None-Match: {part.headers['etag']}")).status == 304
    assert (await world.ask("GET", "/", f"If-None-Match: {page.headers['etag']}")).status == 304
    assert (await world.ask("GET", "/", 'If-None-Match: "other"')).status == 200
    assert (await world.ask("HEAD", "/")).status == 200


async def test_nothing_may_come_from_elsewhere_or_stand_in_the_page(world):
    await world.start()
    headers = (await world.ask("GET", "/")).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    sources = " ".join(rules.values()).split()
    allowed = {"'none'", "'self'", "data:", "blob:"}
    assert [word for word in sources if word not in allowed and not re.fullmatch(r"'sha256-[\w+/]{43}='", word)] == []
    assert headers["referrer-policy"] == "no-referrer"
    html = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", html)


@pytest.mark.parametrize(
    "name",
    ["../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "index.html", "nothing.js", "vendor", "/etc/passwd", "a%00.js"],
)
async def test_only_parts_are_served(world, name):
    await world.start()
    digest = Site.load().digest
    assert (await world.ask("GET", f"/ui/{digest}/{name}")).status == 404


async def test_a_page_of_another_version_gets_the_present_parts_and_keeps_none(world):
    await world.start()
    part = await world.ask("GET", "/ui/0123456789abcdef/app.js")
    assert part.status == 200
    assert part.headers["cache-control"] == "no-cache"


async def test_the_page_needs_no_token_and_holds_none(world):
    await world.start(token="s3cret")
    page = await world.ask("GET", "/")
    assert page.status == 200
    assert b"s3cret" not in page.body
    assert (await world.ask("GET", "/ui/0/app.js")).status == 200
    assert (await world.ask("GET", "/ui/0/nothing.js")).status == 404
    assert (await world.ask("GET", "/api/v1/torrents")).status == 401


async def test_files_are_read_once_and_not_at_the_start(world, monkeypatch):
    loads = []
    load = Site.load
    monkeypatch.setattr(pages.Site, "load", lambda: loads.append(1) or load())
    await world.start()
    assert not loads
    await world.ask("GET", "/")
    await world.ask("GET", "/ui/0/app.js")
    assert loads == [1]


def test_the_digest_is_that_of_names_and_contents():
    one = {"index.html": b"@PARTS@", "a.js": b"1"}
    assert Site(one).digest == Site(dict(reversed(one.items()))).digest
    assert Site(one).digest not in {Site(one | {"a.js": b"2"}).digest, Site(one | {"b.js": b""}).digest}
    assert Site(one).parts["index.html"].body == f"/ui/{Site(one).digest}".encode()


def test_policy_without_styles_allows_files_only():
    assert "style-src 'self';" in policy([])
    assert "style-src 'self' 'sha256-a=';" in policy(["sha256-a="])


def test_what_others_wrote_is_as_it_was_published_and_has_its_licence():
    listed = dict(line.split()[::-1] for line in (VENDOR / "checksums.txt").read_text().splitlines())
    there = {path.name for path in VENDOR.iterdir()} - {"checksums.txt", "styles.txt", "README.md"}
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
        assert name.endswith(".LICENSE") or f"{name.removesuffix('.js')}.LICENSE" in there


def test_our_scripts_make_no_markup_of_text_and_ask_nobody_else():
    for path in FOLDER.glob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            path
        )
        hosts = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}
        assert hosts == set(), path
        assert len(text.splitlines()) <= 400, path


def test_every_import_of_our_scripts_is_there():
    for path in FOLDER.glob("*.js"):
        for name in re.findall(r'(?:from|import)\s*\(?\s*"(\./[^"]+)"', path.read_text()):
            assert (path.parent / name).is_file(), (path.name, name)
