from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.redact import redact

H = "ab" * 20
KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a plain line, 10:30", "a plain line, 10:30"),
        ("/home/me/a.torrent", "/home/me/a.torrent"),
        ("udp://tracker.example:1337/announce", "udp://tracker.example:1337/announce"),
        (f"http://t.example/{KEY}/announce", "http://t.example/***/announce"),
        (f"http://t.example/announce.php?passkey={KEY}&x=1", "http://t.example/announce.php?***"),
        ("https://me:secret@t.example:8/a#frag", "https://t.example:8/a"),
        ("https://me:p@ss@t.example/a", "https://t.example/a"),
        (f"http://{KEY}.t.example/announce", "http://***.t.example/announce"),
        ("https://x.example/dl/debian-12.iso.torrent", "https://x.example/dl/debian-12.iso.torrent"),
        (f"https://x.example/dl/{KEY}.torrent", "https://x.example/dl/***"),
        ("socks5://u:p@127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("http://[::1]:80/announce", "http://[::1]:80/announce"),
        (f"failed: http://t.example/{KEY}/announce (404), retry", "failed: http://t.example/***/announce (404), retry"),
        ("Cannot fetch http://x.example/missing: it is not there.",) * 2,
        ("(see https://x.example/a/b.torrent), then udp://t.example:1/announce.",) * 2,
        (
            f"at http://x.example/{KEY}: gone; http://x.example/?k={KEY}!",
            "at http://x.example/***: gone; http://x.example/?***!",
        ),
        (f"magnet:?xt=urn:btih:{H}, or http://: nothing", f"magnet:?xt=urn:btih:{H}, or http://: nothing"),
        (
            f"magnet:?xt=urn:btih:{H}&dn=A%20b&tr=http%3A%2F%2Ft.example%2F{KEY}%2Fannounce&x.pe=1.2.3.4:5",
            f"magnet:?xt=urn:btih:{H}&dn=A%20b&tr=http://t.example/***/announce&x.pe=1.2.3.4:5",
        ),
        (
            f"magnet:?xt=urn:btih:{H}&dn=A b&tr=http%3A%2F%2Ft.example%2F{KEY}&key={KEY}",
            f"magnet:?xt=urn:btih:{H}&dn=A b&tr=http://t.example/***",
        ),
        (f"magnet:?xt=urn:btih:{H}&amp;tr=a{KEY}&ws=http://w/{KEY}", f"magnet:?xt=urn:btih:{H}&tr=***&ws=http://w/***"),
        (
            f"  MAGNET:?XT=urn:btih:{H}&DN=A b&TR=http%3A%2F%2Ft.example%2F{KEY}&X.PE=[::1]:5&WS=x\n",
            f"MAGNET:?XT=urn:btih:{H}&DN=A b&TR=http://t.example/***&X.PE=[::1]:5&WS=***",
        ),
        (f"cannot add magnet:?xt=urn:btih:{H}&tr=x", f"cannot add magnet:?xt=urn:btih:{H}&tr=***"),
        (f"tail Movie&tr=http%3A%2F%2Ft.example%2F{KEY} end", "tail Movie&tr=http://t.example/*** end"),
        (f"magnet:?dn=http://x/{KEY}", "magnet:?dn=http://x/***"),
    ],
)
def test_redact(text: str, expected: str) -> None:
    assert redact(text) == expected


SHAPES = [
    "http://t.example/{}/announce",
    "https://t.example/announce?passkey={}",
    "udp://u:{}@t.example:1/announce",
    "https://t.example/x#{}",
    "http://t.example/dl/{}.torrent",
    "magnet:?xt=urn:btih:" + H + "&tr=http%3A%2F%2Ft.example%2F{}%2Fannounce",
    "magnet:?xt=urn:btih:" + H + "&dn=a b&tr.1=http://t.example/{}/announce&xs=http://x/{}",
    "error with magnet:?xt=urn:btih:" + H + "&ws=https%3A%2F%2Fu%3A{}%40w%2F",
    "and &tr=http%3a%2f%2Ft.example%2f{}",
]


@given(st.sampled_from(SHAPES), st.text("0123456789abcdef", min_size=16, max_size=40), st.text(max_size=6))
def test_a_secret_never_stays(shape: str, key: str, around: str) -> None:
    key = "7" + key
    hidden = redact(around + " " + shape.replace("{}", key))
    assert key not in hidden
    assert "t.example" not in shape or "t.example" in hidden
    assert redact(hidden) == hidden


LINKS = ("magnet:", "magnet:?xt=urn:btih:a", "http://", "%3A%2F%2F", "tr=", "a/", "%2F")
PIECES = st.one_of(st.sampled_from(":.&?[]@ \udc80"), st.sampled_from(LINKS))


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_is_taken(text: str) -> None:
    assert "u:p@" not in redact(f"{text} http://u:p@x/")
