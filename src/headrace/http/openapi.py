"""``/api/v1/openapi.json``: the API's description (OpenAPI 3.1), made from the types that check requests.

Rules: pure but for the handler; one row of ``OPERATIONS`` is one operation, and a test compares them with the server's
routes. Imported at the first request.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from headrace import __version__
from headrace.http import answers, shapes

ONE = "/api/v1/torrents/{infohash}"
FILE = f"{ONE}/files/{{index}}"
INFOHASH = {
    "name": "infohash",
    "in": "path",
    "required": True,
    "description": "Any of the torrent's info-hashes, in hex",
    "schema": {"type": "string", "pattern": "^[0-9A-Fa-f]{1,64}$"},
}
INDEX = {
    "name": "index",
    "in": "path",
    "required": True,
    "description": "The file's index, or `main`",
    "schema": {"type": "string", "pattern": "^([0-9]{1,9}|main)$"},
}
LOGIN = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "As in the list",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
}
TRACK = {
    "name": "track",
    "in": "path",
    "required": True,
    "description": "As in the list of subtitles: `e` and a number",
    "schema": {"type": "string", "pattern": "^e[0-9]{1,4}$"},
}
TORRENT_FILE = {"application/x-bittorrent": {"schema": {"type": "string", "format": "binary"}}}
_TEXTS = {"type": "array", "items": {"type": "string"}}
TORRENT_FORM = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "description": "As browsers send it: a torrent, or a source",
            "properties": {
                "torrent": {"type": "string", "format": "binary"},
                "source": {"type": "string"},
                "file": {"type": "string"},
                "paused": {"type": "string", "enum": ["true", "false"]},
                "keep": {"type": "string", "enum": ["true", "false"]},
                "tracker": _TEXTS,
                "peer": _TEXTS,
            },
        }
    }
}


class Operation(NamedTuple):
    """One method of one path. ``answers`` by status, with the type of the body: None for none, ``bytes`` for a JPEG."""

    method: str
    path: str
    about: str
    answers: dict[int, type | None]
    body: type | None = None
    query: tuple[dict[str, Any], ...] = ()
    refusals: tuple[int, ...] = ()


def _query(name: str, schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


_OF_TORRENT = (
    _query("file", {"type": "string", "maxLength": 1000}, "For a .torrent as the body: as in JSON"),
    _query("paused", {"type": "string", "enum": ["true", "false"]}, "Likewise"),
    _query("keep", {"type": "string", "enum": ["true", "false"]}, "Likewise"),
    _query("tracker", {"type": "array", "items": {"type": "string"}, "maxItems": 100}, "Likewise"),
    _query("peer", {"type": "array", "items": {"type": "string"}, "maxItems": 200}, "Likewise"),
)
_CHECKED = (400, 408, 413, 415, 422)
"""What a body may be refused with."""
OPERATIONS = (
    Operation("get", "/api/v1/torrents", "All torrents", {200: answers.Torrents}),
    Operation(
        "post",
        "/api/v1/torrents",
        "Add a torrent: 201 at once, 200 if it is there",
        {201: answers.Torrent, 200: answers.Torrent},
        shapes.AddTorrent,
        _OF_TORRENT,
        (*_CHECKED, 409, 429, 500, 507),
    ),
    Operation("get", ONE, "One torrent and its state", {200: answers.Torrent}, refusals=(404,)),
    Operation("patch", ONE, "Change it", {200: answers.Torrent}, shapes.ChangeTorrent, refusals=(*_CHECKED, 404, 507)),
    Operation(
        "delete",
        ONE,
        "Forget it",
        {204: None},
        None,
        (_query("data", {"type": "string", "enum": ["keep", "delete"]}, "What becomes of what was fetched"),),
        (404, 422),
    ),
    Operation("get", f"{ONE}/files", "Its files", {200: answers.Files}, refusals=(404,)),
    Operation("get", f"{ONE}/pieces", "Its pieces and read heads", {200: answers.Pieces}, refusals=(404,)),
    Operation("get", f"{ONE}/peers", "Its connected peers", {200: answers.Peers}, refusals=(404, 503, 504)),
    Operation(
        "post", f"{ONE}/peers", "Connect to peers", {200: answers.Added}, shapes.AddPeers, refusals=(*_CHECKED, 404)
    ),
    Operation("get", f"{FILE}/media", "What a file holds", {200: answers.Media}, refusals=(404, 422, 500, 503, 504)),
    Operation("get", f"{FILE}/poster", "A picture out of a film", {200: bytes}, refusals=(404, 500)),
    Operation(
        "get",
        f"{FILE}/subtitles",
        "A video's subtitles",
        {200: answers.Subtitles},
        None,
        (
            _query(
                "embedded", {"type": "string", "enum": ["known", "wait"]}, "Whether to look into the video for its own"
            ),
        ),
        (404, 422, 500, 503, 504),
    ),
    Operation(
        "get",
        f"{FILE}/subtitles/{{track}}",
        "Cues of a track inside the video, of the part that is there",
        {200: answers.Cues},
        None,
        (
            _query("from", {"type": "number", "minimum": 0}, "Seconds") | {"required": True},
            _query("to", {"type": "number", "exclusiveMinimum": 0}, "Seconds") | {"required": True},
        ),
        (404, 422, 500, 503, 504),
    ),
    Operation("get", f"{ONE}/positions", "Where somebody is in each file", {200: answers.Positions}, refusals=(404,)),
    Operation("get", f"{FILE}/position", "Where somebody is", {200: answers.Position}, refusals=(404, 409)),
    Operation(
        "put",
        f"{FILE}/position",
        "Keep where somebody is",
        {200: answers.Position},
        shapes.SetPosition,
        refusals=(*_CHECKED, 404, 409, 507),
    ),
    Operation("get", "/api/v1/stats", "Sums and read heads", {200: answers.Stats}),
    Operation("get", "/api/v1/settings", "What can be changed", {200: answers.Settings}),
    Operation(
        "patch", "/api/v1/settings", "Change it", {200: answers.Settings}, shapes.ChangeSettings, refusals=_CHECKED
    ),
    Operation(
        "get", "/api/v1/devices", "Chromecasts and DLNA renderers in reach", {200: answers.Devices}, refusals=(404,)
    ),
    Operation("get", "/api/v1/cast", "What plays on devices", {200: answers.Casts}),
    Operation(
        "post",
        "/api/v1/cast",
        "Have a device play a film",
        {201: answers.BegunCast},
        shapes.StartCast,
        refusals=(*_CHECKED, 404, 409, 410),
    ),
    Operation(
        "patch",
        "/api/v1/cast/{id}",
        "Steer it",
        {200: answers.Cast},
        shapes.ChangeCast,
        refusals=(*_CHECKED, 404, 409, 410),
    ),
    Operation("delete", "/api/v1/cast/{id}", "End it", {204: None}, refusals=(404,)),
    Operation("get", "/api/v1/demo", "The demo, and how far it is", {200: answers.Demo}),
    Operation(
        "post", "/api/v1/demo", "Make the demo", {202: answers.Demo, 200: answers.Demo}, refusals=(500, 503, 507)
    ),
    Operation("post", "/api/v1/login", "The token, for a cookie", {204: None}, shapes.Login, refusals=(*_CHECKED, 403)),
    Operation("post", "/api/v1/logout", "End this login", {204: None}, refusals=(507,)),
    Operation("get", "/api/v1/logins", "Browsers that are logged in", {200: answers.Logins}),
    Operation(
        "delete", "/api/v1/logins", "End all logins but the one that asks", {200: answers.Ended}, refusals=(507,)
    ),
    Operation("delete", "/api/v1/logins/{id}", "End a login", {204: None}, refusals=(404, 507)),
)
EVENTS = {
    "summary": "What happens, as server-sent events",
    "operationId": "get_events",
    "parameters": [
        _query("map", {"type": "string"}, "Info-hash of the torrent whose map is to be told too"),
        _query("last", {"type": "string"}, "Id of the event that was heard last; Last-Event-ID counts more"),
    ],
    "responses": {"200": {"description": "A stream without end", "content": {"text/event-stream": {}}}},
}


def document() -> dict[str, Any]:
    """The description."""
    types = [
        answers.Error,
        *(kind for op in OPERATIONS for kind in (op.body, *op.answers.values()) if kind and kind is not bytes),
    ]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    refs = dict(zip(unique, schemas, strict=True))
    paths: dict[str, Any] = {"/api/v1/events": {"get": EVENTS}}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headrace", "version": __version__, "description": "Torrents as streams."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "headrace"},
            },
        },
        "security": [{}, {"token": []}, {"cookie": []}],
    }


def _described(operation: Operation, refs: dict[type, dict[str, Any]]) -> dict[str, Any]:
    in_path = [INFOHASH] * ("{infohash}" in operation.path) + [INDEX] * ("{index}" in operation.path)
    in_path += [LOGIN] * ("{id}" in operation.path)
    in_path += [TRACK] * ("{track}" in operation.path)
    told: dict[str, Any] = {
        "summary": operation.about,
        "operationId": f"{operation.method}_{'_'.join(re.findall('[a-z]+', operation.path[8:]))}",
        "responses": {str(status): _answer(kind, refs) for status, kind in operation.answers.items()},
    }
    for status in (*operation.refusals, 401, 403, 421):
        told["responses"].setdefault(str(status), _answer(answers.Error, refs))
    if parameters := [*in_path, *operation.query]:
        told["parameters"] = parameters
    if operation.body is not None:
        content: dict[str, Any] = {"application/json": {"schema": refs[operation.body]}}
        if operation.body is shapes.AddTorrent:
            content |= TORRENT_FILE | TORRENT_FORM
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answer(kind: type | None, refs: dict[type, dict[str, Any]]) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done"}
    if kind is bytes:
        return {
            "description": "A picture",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    about = (kind.__doc__ or "").split("\n")[0]
    return {"description": about, "content": {"application/json": {"schema": refs[kind]}}}
