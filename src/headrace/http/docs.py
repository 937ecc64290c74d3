"""``/api/v1/docs``: the API's description as a page to read.

Rules: pure, and made from the same description as ``openapi.json``; plain HTML without scripts, whose one style sheet
is allowed by its hash, so that the Content-Security-Policy needs to allow nothing else. All text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --soft: #5a6472; --line: #8884; --mark: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --soft: #a3adba; --mark: #7db7ff; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--mark); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
table { border-collapse: collapse; margin: .6rem 0; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 400; } thead th { color: var(--soft); }
nav ul { list-style: none; padding: 0; } .method { display: inline-block; min-width: 5rem; }
.method, .method + code { font-weight: 600; }
"""
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_REF = "#/components/schemas/"
_BOUNDS = {"minimum": "at least", "maximum": "at most", "maxLength": "characters or less", "maxItems": "or less"}
UNITS = "Sizes in bytes, rates in bytes per second, times in seconds; what is not known yet is null."


def page(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI 3.1 description."""
    info = document["info"]
    title = f"{info['title']} {info['version']}: the API"
    operations = [
        (method, path, told) for path, methods in document["paths"].items() for method, told in methods.items()
    ]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(info.get('description', ''))} {UNITS} ",
        'For programs: <a href="openapi.json">openapi.json</a>.</p>',
        "<nav aria-label='Operations'><ul>",
        *(f"<li>{_heading(method, path, _anchor(told))}</li>" for method, path, told in operations),
        "</ul></nav><h2>Operations</h2>",
        *(part for each in operations for part in _operation(*each)),
        "<h2>Types</h2>",
        *(part for name, schema in document["components"]["schemas"].items() for part in _type(name, schema)),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "\n".join(parts)
    head += f"<style>{STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>\n'


def _anchor(told: Mapping[str, Any]) -> str:
    return escape(told["operationId"])


def _heading(method: str, path: str, link: str = "") -> str:
    name = f'<span class="method">{escape(method.upper())}</span><code>{escape(path)}</code>'
    return f'<a href="#{link}">{name}</a>' if link else name


def _operation(method: str, path: str, told: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{_anchor(told)}">{_heading(method, path)}</h3><p>{escape(told["summary"])}.</p>'
    rows = [
        (f"<code>{escape(each['name'])}</code>", _shown(each["schema"]), escape(f"{each['in']}: {each['description']}"))
        for each in told.get("parameters", ())
    ]
    yield from _table("Parameters", ("Name", "Value", "Where, and what for"), rows)
    body = told.get("requestBody", {}).get("content", {})
    yield from _table(
        "Body", ("Content-Type", "Value"), [(f"<code>{escape(k)}</code>", _of(v)) for k, v in body.items()]
    )
    answers = [
        (escape(status), _content(answer), escape(answer["description"]))
        for status, answer in told["responses"].items()
    ]
    yield from _table("Answers", ("Status", "Body", "What it says"), answers)


def _content(answer: Mapping[str, Any]) -> str:
    return ", ".join(_of(v) if v else f"<code>{escape(k)}</code>" for k, v in answer.get("content", {}).items()) or "–"


def _of(media: Mapping[str, Any]) -> str:
    return _shown(media.get("schema", {}))


def _type(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="type-{escape(name)}"><code>{escape(name)}</code></h3><p>{escape(schema.get("description", ""))}</p>'
    required = schema.get("required", ())
    rows = []
    for field, each in schema.get("properties", {}).items():
        note = each.get("description", "") if field in required else f"{each.get('description', '')} (may be left out)"
        rows.append((f"<code>{escape(field)}</code>", _shown(each), escape(note.strip())))
    yield from _table("", ("Field", "Value", "What it says"), rows)


def _table(caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield "<table>" + (f"<caption>{escape(caption)}</caption>" if caption else "")
    yield "<thead><tr>" + "".join(f'<th scope="col">{escape(head)}</th>' for head in heads) + "</tr></thead><tbody>"
    for first, *rest in rows:
        yield f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
    yield "</tbody></table>"


def _shown(schema: Mapping[str, Any]) -> str:
    """A value in words, with links to types."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REF))
        return f'<a href="#type-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_shown, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        text = f"list of {_shown(schema['items'])}" if schema.get("items") else "list"
    elif schema.get("format") == "binary":
        text = "bytes"
    else:
        text = escape(kind)
    bounds = [_bound(name, schema[name]) for name in _BOUNDS if name in schema]
    return f"{text} ({', '.join(bounds)})" if bounds else text


def _bound(name: str, value: object) -> str:
    words = _BOUNDS[name]
    return f"{words} {value:,}" if name in ("minimum", "maximum") else f"{value:,} {words}"
