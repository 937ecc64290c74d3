from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import bencode
from headrace.core.bencode import MAX_TORRENT, check_bencode
from headrace.errors import InputError

INFO_V1 = b"d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:" + b"x" * 20 + b"e"
INFO_V2 = b"d9:file treede12:meta versioni2e4:name1:a12:piece lengthi16384ee"
HYBRID = INFO_V2[:-1] + b"6:pieces20:" + b"x" * 20 + b"e"


def torrent(info: bytes, before: bytes = b"8:announce3:url", after: bytes = b"") -> bytes:
    return b"d" + before + b"4:info" + info + after + b"e"


@pytest.mark.parametrize(
    ("info", "v1", "v2"),
    [(INFO_V1, True, False), (INFO_V2, False, True), (HYBRID, True, True)],
    ids=["v1", "v2", "both"],
)
def test_hashes_are_of_the_info_as_it_stands(info: bytes, v1: bool, v2: bool) -> None:
    found = check_bencode(torrent(info, after=b"3:urlld1:a4:infoeli1ei-2eee") + b"\n")
    assert found.info == info
    assert found.info_hash_v1 == (hashlib.sha1(info).hexdigest() if v1 else "")
    assert found.info_hash_v2 == (hashlib.sha256(info).hexdigest() if v2 else "")
    assert found.info_hash == (found.info_hash_v1 or found.info_hash_v2)


@pytest.mark.parametrize("length", [1, 10, 16384, 1048576, 4000000])
def test_any_piece_length_will_do(length: int) -> None:
    info = b"d12:piece lengthi%dee" % length
    assert check_bencode(torrent(info)).info == info


def test_libtorrent_agrees_on_the_hashes() -> None:
    lt = pytest.importorskip("libtorrent")
    data = torrent(INFO_V1)
    assert str(lt.torrent_info(data).info_hashes().v1) == check_bencode(data).info_hash


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<!doctype html>", "does not start"),
        (b"i1e", "does not start"),
        (b"le", "does not start"),
        (b"de", "no info"),
        (b"d4:infoi1ee", "no info"),
        (b"d4:info2:dee", "no info"),
        (b"d4:infoled1:ai1eee", "breaks"),
        (b"d1:ad4:info" + INFO_V1 + b"ee", "no info"),
        (b"d4:infodee", "piece length"),
        (b"d4:infod12:piece lengthi0eee", "piece length"),
        (b"d4:infod12:piece lengthi-1eee", "piece length"),
        (b"d4:infod12:piece length1:1ee", "piece length"),
        (b"d12:piece lengthi1e4:infodee", "piece length"),
        (b"d4:infold12:piece lengthi1eeee", "no info"),
        (b"d4:infod1:ad12:piece lengthi1eeee", "piece length"),
        (b"di1ei2ee", "breaks at byte 1"),
        (b"dlee", "breaks"),
        (b"d1:ae", "breaks"),
        (b"d1:aie", "breaks"),
        (b"d1:ai1.5ee", "breaks"),
        (b"d1:ai--1ee", "breaks"),
        (b"d1:a:e", "breaks"),
        (b"d1:a-1:xe", "breaks"),
        (b"d1:a99999999999:xe", "breaks"),
        (b"d1:axe", "breaks"),
        (b"d", "cut off"),
        (b"d1", "cut off"),
        (b"d1:", "cut off"),
        (b"d1:ai12", "cut off"),
        (b"d9999999999:", "cut off"),
        (b"d1:a" + b"l" * 99 + b"e" * 100, "no info"),
        (b"d1:a" + b"l" * 100 + b"e" * 101, "nested"),
        (b"d1:a" * 1_000_000, "nested"),
        (b"d" + b"x" * MAX_TORRENT, "32 MiB"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value[:40]),
)
def test_bad_torrents(data: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        check_bencode(data)
    assert caught.value.hint
    assert caught.value.kind == "bad_torrent"


def test_the_number_of_items_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = b"d" + b"1:al" + b"le" * 500 + b"e4:info" + INFO_V1 + b"e"
    tokens = 1 + 2 + 2 * 500 + 1 + 1 + 10 + 1  # top; key, list, its items and end; key, info; end
    monkeypatch.setattr(bencode, "MAX_ITEMS", tokens)
    assert check_bencode(many).info == INFO_V1
    monkeypatch.setattr(bencode, "MAX_ITEMS", tokens - 1)
    with pytest.raises(InputError, match=f"more than {tokens - 1} items"):
        check_bencode(many)


@pytest.mark.parametrize("info", [INFO_V1, INFO_V2, HYBRID])
def test_each_cut_is_seen(info: bytes) -> None:
    whole = torrent(info)
    for end in range(1, len(whole)):
        with pytest.raises(InputError, match="cut off"):
            check_bencode(whole[:end])


def test_ten_megabytes_take_no_time() -> None:
    pieces = b"x" * 10_000_000
    many = b"".join(b"d6:lengthi%de4:pathl8:file%04dee" % (n, n % 10000) for n in range(30_000))
    info = b"d5:filesl" + many + b"e12:piece lengthi16384e6:pieces%d:%se" % (len(pieces), pieces)
    before = time.process_time()
    assert check_bencode(torrent(info)).info == info
    assert time.process_time() - before < 3  # 0.2 s on a slow machine; quadratic would take many minutes


TOKENS = st.sampled_from(
    [b"d", b"l", b"e", b"i1e", b"i-2", b"4:info", b"12:piece length", b"1:a", b"0:", b"9:", INFO_V1]
)


@given(st.one_of(st.binary(), st.lists(TOKENS, max_size=15).map(b"".join)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (data, b"d" + data):
        try:
            found = check_bencode(text)
        except InputError:
            continue
        assert found.info in text
        assert found.info[:1] + found.info[-1:] == b"de"


KEYS = st.sampled_from([b"a", b"info", b"piece length"])
VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([b"a", b"info", b"piece length"]), inner, max_size=3),
    ),
    max_leaves=8,
)


def encode(value: object) -> bytes:
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case list():
            return b"l" + b"".join(map(encode, value)) + b"e"
        case dict():
            return b"d" + b"".join(encode(key) + encode(item) for key, item in sorted(value.items())) + b"e"
    raise TypeError(value)


@given(st.dictionaries(st.sampled_from([b"a", b"info", b"z"]), VALUES))
def test_outlines_are_read_as_they_were_written(top: dict[bytes, object]) -> None:
    info = top.get(b"info")
    length = info.get(b"piece length") if isinstance(info, dict) else None
    if isinstance(length, int) and length > 0:
        assert check_bencode(encode(top)).info == encode(info)
    else:
        with pytest.raises(InputError, match=r"no info|piece length"):
            check_bencode(encode(top))
