from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.source import MAX_TEXT, Magnet, Stdin, TorrentPath, TorrentUrl, format_peer, parse, parse_peer
from headrace.errors import InputError

H1 = "0123456789abcdef0123456789abcdef01234567"
H2 = "0ab9" * 16
B32 = base64.b32encode(bytes.fromhex(H1)).decode()


def magnet(text: str) -> Magnet:
    found = parse(text)
    assert isinstance(found, Magnet)
    return found


@pytest.mark.parametrize(
    ("text", "v1", "v2"),
    [
        (H1, H1, ""),
        (H1.upper(), H1, ""),
        (B32, H1, ""),
        (B32.lower(), H1, ""),
        (H2, H2, H2),
        (H2.upper(), H2, H2),
        ("1220" + H2, H2, H2),
        (f"urn:btih:{H1}", H1, ""),
        (f"URN:BTMH:1220{H2}", H2, H2),
        (f"magnet:?xt=urn:btih:{H1}", H1, ""),
        (f"MAGNET:?XT=URN:BTIH:{H1.upper()}", H1, ""),
        (f"magnet:?xt=urn:btih:{B32}", H1, ""),
        (f"magnet:?xt=urn%3Abtih%3A{H1}", H1, ""),
        (f"magnet:?xt.1=urn:btih:{H1}", H1, ""),
        (f"magnet:?xt=urn:btmh:1220{H2}", H2, H2),
        (f"magnet:?xt=urn:btih:{H1}&xt=urn:btmh:1220{H2}", H1, H2),
        (f"magnet:?xt=urn:btmh:1220{H2}&xt=urn:btih:{H1}", H1, H2),
        (f"magnet:?xt=urn:sha1:abc&xt=urn:btih:{H1}", H1, ""),
        (f"magnet:?xt=urn:btih:bad&xt=urn:btih:{H1}", H1, ""),
        (f"magnet://?xt=urn:btih:{H1}", H1, ""),
        (f"  'magnet:?xt=urn:btih:{H1}'\n", H1, ""),
        (f"<magnet:?dn=x&amp;xt=urn:btih:{H1}>", H1, ""),
    ],
)
def test_hashes(text: str, v1: str, v2: str) -> None:
    found = magnet(text)
    assert (found.info_hash, found.info_hash_v2) == (v1, v2)


def test_a_magnet_keeps_what_helps_to_find_peers() -> None:
    found = magnet(
        f"magnet:?xt=urn:btih:{H1}&dn=A+b%20%C3%A9%26c&tr=http%3A%2F%2Ft.example%2Fk%2Bey%2Fannounce%3Fa%3D1"
        "&tr.1=udp://u.example:1337/announce&tr=http%3A%2F%2Ft.example%2Fk%2Bey%2Fannounce%3Fa%3D1&tr=wss://w.example"
        "&ws=https%3A%2F%2Fcdn.example%2Ff&x.pe=1.2.3.4:5&x.pe=%5B%3A%3A1%5D%3A6&x.pe=host.example:77"
        "&dht=router.example:6881&so=0,2&xl=12"
    )
    assert found.name == "A b é&c"
    assert found.trackers == (
        "http://t.example/k+ey/announce?a=1",
        "udp://u.example:1337/announce",
        "wss://w.example",
    )
    assert found.peers == (("1.2.3.4", 5), ("::1", 6), ("host.example", 77))
    assert found.uri == (
        f"magnet:?xt=urn:btih:{H1}&dn=A%20b%20%C3%A9%26c"
        "&tr=http%3A%2F%2Ft.example%2Fk%2Bey%2Fannounce%3Fa%3D1&tr=udp%3A%2F%2Fu.example%3A1337%2Fannounce"
        "&tr=wss%3A%2F%2Fw.example&ws=https%3A%2F%2Fcdn.example%2Ff"
        "&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=host.example:77&dht=router.example:6881"
    )
    assert parse(found.uri) == found


def test_useless_parts_of_a_magnet_are_dropped() -> None:
    found = magnet(
        f"magnet:?xt=urn:btih:{H1}&&=&tr=&tr=nonsense&tr=ftp://x/&tr=http://&tr=http://x:99999/a&tr=http://[x/a"
        "&tr=http://a%20b/&ws=udp://x/&x.pe=1.2.3.4&x.pe=:5&dn=%1b[31mred%0a%E2%80%AE"
    )
    assert found == Magnet(H1, "", "[31mred", f"magnet:?xt=urn:btih:{H1}&dn=%5B31mred", (), ())


def test_libtorrent_reads_the_uri_as_we_do() -> None:
    lt = pytest.importorskip("libtorrent")
    found = magnet(
        f"MAGNET:?xt=urn:btih:{B32.lower()}&xt=urn:btmh:1220{H2}&dn=a+b%26&tr=http%3A%2F%2Fx%2Fa%2Bb%3Fk%3D1%26l"
        "&tr=udp://y:1/announce&ws=http%3A%2F%2Fw%2Ff%20g.mkv&x.pe=%5B%3A%3A1%5D%3A6&x.pe=1.2.3.4%3A5&so=1"
    )
    params = lt.parse_magnet_uri(found.uri)
    assert (str(params.info_hashes.v1), str(params.info_hashes.v2)) == (H1, H2)
    assert params.name == found.name == "a b&"
    assert tuple(params.trackers) == found.trackers == ("http://x/a+b?k=1&l", "udp://y:1/announce")
    assert set(params.peers) == set(found.peers) == {("::1", 6), ("1.2.3.4", 5)}
    assert not params.file_priorities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-", Stdin()),
        ("a.torrent", TorrentPath("a.torrent")),
        ("./" + H1, TorrentPath("./" + H1)),
        ("/tmp/with space.torrent", TorrentPath("/tmp/with space.torrent")),
        ("C:\\x\\a.torrent", TorrentPath("C:\\x\\a.torrent")),
        ("name: with colon.torrent", TorrentPath("name: with colon.torrent")),
        ("file:///tmp/a%20b.torrent", TorrentPath("/tmp/a b.torrent")),
        ("file:/tmp/a", TorrentPath("/tmp/a")),
        ("FILE://localhost/tmp/a", TorrentPath("/tmp/a")),
        ("file:///C:/x/a.torrent", TorrentPath("C:/x/a.torrent")),
        ("http://x.example/a.torrent?k=1", TorrentUrl("http://x.example/a.torrent?k=1")),
        ("HTTPS://x.example:8443/é", TorrentUrl("HTTPS://x.example:8443/é")),
        ("http://[::1]:80/a", TorrentUrl("http://[::1]:80/a")),
    ],
)
def test_other_forms(text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "No source"),
        (' "" ', "No source"),
        ("magnet:", "no info-hash"),
        ("magnet:?dn=x&tr=udp://x:1", "no info-hash"),
        ("magnet:?xt=", "no valid info-hash"),
        (f"magnet:?xt=urn:btih:{H1[:-1]}", "no valid info-hash"),
        (f"magnet:?xt=urn:btih:{H1}0", "no valid info-hash"),
        (f"magnet:?xt=urn:btih:{'0' * 40}", "no valid info-hash"),
        (f"magnet:?xt=urn:btmh:1220{'0' * 64}", "no valid info-hash"),
        (f"magnet:?xt=urn:btmh:1320{H2}", "no valid info-hash"),
        ("magnet:?xt=urn:btih:" + "٣" * 40, "no valid info-hash"),
        ("magnet:?xs=urn:btpk:aa&xt=urn:btpk:aa", "mutable"),
        ("http://", "not complete"),
        ("https:///a.torrent", "not complete"),
        ("http://x:0/", "not complete"),
        ("http://x:port/", "not complete"),
        ("http://[::1/", "not complete"),
        ("http:a.torrent", "not complete"),
        ("ftp://x/a.torrent", "ftp://"),
        ("file://server/share/a", "this machine"),
        ("file:///", "names no file"),
        ("a\0b", "NUL"),
        ("file:///a%00b", "NUL"),
        ("x" * (MAX_TEXT + 1), "longer"),
    ],
)
def test_bad_sources(text: str, word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        parse(text)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


WORDS = "magnet:? xt=urn:btih: xt=urn:btmh:1220 & tr= x.pe= http:// [ ] : %00 @ é / file:// dn= ? 0 %ED%A0%80"
PIECES = st.sampled_from([H1, H2, B32, "\udc80", "\x1b", *WORDS.split()])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return
    if isinstance(found, Magnet):
        assert len(found.info_hash) in {40, 64}
        assert parse(found.uri) == found
        assert found.uri.isprintable()


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("1.2.3.4:5", ("1.2.3.4", 5)),
        (" host-a.example.:65535 ", ("host-a.example.", 65535)),
        ("[::1]:6881", ("::1", 6881)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_peers(text: str, peer: tuple[str, int]) -> None:
    assert parse_peer(text) == peer
    assert parse_peer(format_peer(peer)) == peer


BAD_PEERS = "host host: :1 host:0 host:65536 host:x ::1:6881 [::1] [x]:1 [1.2.3.4]:1 1.2.3:4 300.1.1.1:5 a..b:1 a/b:1"


@pytest.mark.parametrize("text", ["", "a b:1", "x" * 254 + ":1", "host:٣", "[::1]:1:2", *BAD_PEERS.split()])
def test_bad_peers(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_peer(text)
    assert caught.value.hint


@given(st.text(alphabet=string.printable, max_size=20))
def test_a_peer_survives_writing(text: str) -> None:
    try:
        peer = parse_peer(text)
    except InputError:
        return
    assert parse_peer(format_peer(peer)) == peer
