"""Bencode and v1 metainfo (BEP 3), as much of them as a fake engine needs.

Rules: written for data that tests make; bytes of strangers go through ``core.bencode`` first.
"""

from __future__ import annotations

from typing import TypeAlias, cast

from headrace.core.pieces import FileEntry, Layout

Item: TypeAlias = "int | bytes | list[Item] | dict[bytes, Item]"


def encode(item: Item) -> bytes:
    """An item as bencode; dictionaries in the order of their keys."""
    if isinstance(item, bytes):
        return b"%d:%s" % (len(item), item)
    if isinstance(item, int):
        return b"i%de" % item
    if isinstance(item, list):
        return b"l" + b"".join(map(encode, item)) + b"e"
    return b"d" + b"".join(encode(key) + encode(item[key]) for key in sorted(item)) + b"e"


def decode(data: bytes) -> Item:
    """The one item that ``data`` holds; ``ValueError`` when it holds none."""
    try:
        return _decode(data, 0)[0]
    except (IndexError, RecursionError) as error:
        raise ValueError("torn bencode") from error


def _decode(data: bytes, at: int) -> tuple[Item, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Item] = []
        at += 1
        while data[at] != ord("e"):
            item, at = _decode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        return dict(zip(cast("list[bytes]", items[::2]), items[1::2], strict=True)), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    if end > len(data):
        raise ValueError("torn bencode")
    return data[colon + 1 : end], end


def layout_of(info: bytes) -> Layout:
    """Files and pieces from the bytes of a v1 ``info`` dictionary."""
    fields = cast("dict[bytes, Item]", decode(info))
    name = cast("bytes", fields[b"name"]).decode()
    files: list[FileEntry] = []
    offset = 0
    if b"length" in fields:
        entries = [(name, cast("int", fields[b"length"]))]
    else:
        entries = [_file(name, entry) for entry in cast("list[dict[bytes, Item]]", fields[b"files"])]
    for index, (path, size) in enumerate(entries):
        files.append(FileEntry(index, path, size, offset))
        offset += size
    return Layout(name, cast("int", fields[b"piece length"]), offset, tuple(files))


def _file(name: str, entry: dict[bytes, Item]) -> tuple[str, int]:
    parts = [part.decode() for part in cast("list[bytes]", entry[b"path"])]
    return "/".join([name, *parts]), cast("int", entry[b"length"])


def info_of(layout: Layout, hashes: bytes) -> bytes:
    """The bytes of an ``info`` dictionary that describes ``layout``, with these piece hashes."""
    info: dict[bytes, Item] = {
        b"name": layout.name.encode(),
        b"piece length": layout.piece_length,
        b"pieces": hashes,
    }
    if len(layout.files) == 1 and layout.files[0].path == layout.name:
        info[b"length"] = layout.total_size
    else:
        info[b"files"] = [_entry(entry) for entry in layout.files]
    return encode(info)


def _entry(entry: FileEntry) -> Item:
    parts: list[Item] = [part.encode() for part in entry.path.split("/")[1:]]
    return {b"length": entry.size, b"path": parts}
