from __future__ import annotations

import re
from html.parser import HTMLParser

from headrace.http.docs import POLICY, page
from headrace.http.openapi import document

VOID = {"meta", "!doctype"}
HARM = '<script>alert("x")</script>'


class Reader(HTMLParser):
    """Text, ids and links of a page whose elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            assert name != "style"
            self.ids += [value or ""] * (name == "id")
            self.links += [value or ""] * (name in ("href", "src"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_all_of_the_api_is_on_the_page() -> None:
    described = document()
    read = Reader(page(described))
    for path, methods in described["paths"].items():
        assert path in read.text
        for method, told in methods.items():
            assert told["operationId"] in read.ids
            assert f"{method.upper()}{path}" in read.text
            assert told["summary"] in read.text
    for name, schema in described["components"]["schemas"].items():
        assert f"type-{name}" in read.ids
        assert all(field in read.text for field in schema.get("properties", ()))
    assert "A magnet link, an info-hash, or a .torrent's URL" in read.text
    assert "list of Peer" in read.text


def test_links_lead_to_something_on_this_server() -> None:
    read = Reader(page(document()))
    assert len(set(read.ids)) == len(read.ids)
    inside = {link[1:] for link in read.links if link.startswith("#")}
    assert inside <= set(read.ids)
    assert {link for link in read.links if not link.startswith("#")} == {"openapi.json"}
    assert "script" not in read.names


def test_text_is_text() -> None:
    described = document()
    described["info"]["title"] = HARM
    told = described["paths"]["/api/v1/torrents"]["post"]
    told["summary"] = HARM
    told["parameters"][0] |= {"name": HARM, "description": HARM}
    described["components"]["schemas"]["Torrent"]["properties"][HARM] = {"enum": [HARM], "description": HARM}
    read = Reader(page(described))
    assert "script" not in read.names
    assert read.text.count(HARM) >= 7


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'none'",
        POLICY,
    )
