from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headrace.core.bencode import MAX_TORRENT, check_bencode
from headrace.core.source import Magnet
from headrace.errors import InputError
from headrace.sources import load

H1 = "d" * 40
H2 = "ab" * 32
KEY = "0123456789abcdef0123456789abcdef"
MAGNET = f"magnet:?xt=urn:btih:{H1}&dn=A&tr=http%3A%2F%2Ft.example%2F{KEY}%2Fannounce"
TORRENT = b"d8:announce3:url4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:" + b"x" * 20 + b"ee"
HASH = check_bencode(TORRENT).info_hash

BODIES: dict[str, tuple[bytes, str]] = {
    "/a.torrent": (TORRENT, "application/x-bittorrent"),
    "/wrong-type.torrent": (TORRENT, "text/html"),
    "/magnet.txt": (MAGNET.encode(), "text/plain"),
    "/page": (b"\xef\xbb\xbf\n <!DOCTYPE html><p>Log in", "text/html"),
    "/page-without-type": (b"<HTML>", "application/octet-stream"),
    "/text-as-html": (b"Access denied", "text/html"),
    "/text": (b"Access denied", "text/plain"),
    "/empty": (b"", "application/x-bittorrent"),
    "/torn": (TORRENT[:50], "application/x-bittorrent"),
}


class Site(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/to-magnet":
            self.send_response(302)
            self.send_header("Location", "magnet:?dn=no-hash" if "bad" in self.path else MAGNET)
            self.end_headers()
        elif path in BODIES:
            body, kind = BODIES[path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_error(404)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def refusal(text: str, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        load(text, **options)  # type: ignore[arg-type]
    assert caught.value.exit_code == 3
    assert caught.value.hint
    assert str(caught.value).isprintable()
    return caught.value


@pytest.mark.parametrize("text", [MAGNET, H1, H2, f"magnet:?xt=urn:btmh:1220{H2}"])
def test_magnets_are_only_read(text: str) -> None:
    loaded = load(text)
    assert loaded.magnet is not None
    assert loaded.info_hash == loaded.magnet.info_hash == (H1 if H1 in text else H2)
    assert loaded.torrent == b""
    assert loaded.info_hash in loaded.origin
    assert KEY not in loaded.origin


@pytest.mark.parametrize("name", ["a.torrent", "with space", H1 + ".torrent", "é\udc80.torrent"])
def test_a_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    try:
        path.write_bytes(TORRENT)
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")
    loaded = load(str(path))
    assert (loaded.magnet, loaded.torrent, loaded.info_hash) == (None, TORRENT, HASH)
    assert load(path.as_uri()).torrent == TORRENT
    assert loaded.origin.isprintable()


def test_a_path_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(tmp_path))
    (tmp_path / "a.torrent").write_bytes(TORRENT)
    assert load("~/a.torrent").torrent == TORRENT


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/fd")
def test_a_pipe_as_a_path() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(TORRENT)
    assert load(f"/dev/fd/{reading}").torrent == TORRENT
    os.close(reading)


@pytest.mark.parametrize(
    "data",
    [
        MAGNET.encode(),
        b"\n " + MAGNET.encode() + b"\r\n",
        MAGNET.upper().encode()[:60],
        b"\xef\xbb\xbf" + MAGNET.encode(),
        MAGNET.encode("utf-16"),
        H1.encode(),
        H1.upper().encode() + b"\n",
    ],
)
def test_text_in_place_of_a_torrent(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.magnet").write_bytes(data)
    for loaded in (load("-", stdin=io.BytesIO(data)), load(str(tmp_path / "a.magnet"))):
        assert isinstance(loaded.magnet, Magnet)
        assert loaded.info_hash == H1


def test_hashes_of_v2_and_base32_on_standard_input() -> None:
    assert load("-", stdin=io.BytesIO(H2.encode())).info_hash == H2
    assert load("-", stdin=io.BytesIO(b"A2" * 16)).info_hash == "0681a" * 8


def test_a_torrent_on_standard_input() -> None:
    loaded = load("-", stdin=io.BytesIO(TORRENT))
    assert (loaded.torrent, loaded.origin, loaded.info_hash) == (TORRENT, "standard input", HASH)


def test_the_process_own_standard_input() -> None:
    code = "from headrace.sources import load; print(load('-').info_hash)"
    done = subprocess.run([sys.executable, "-c", code], input=TORRENT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == HASH


BAD = [
    (b"", "empty"),
    (TORRENT[:-1], "cut off"),
    (TORRENT[:30], "cut off"),
    (b"d4:infod12:piece lengthi0eee", "piece length"),
    (b"d1:a" * 1000, "nested"),
    (b"<!doctype html><html>", "web page"),
    (b"hello", "does not start"),
    (b"\x00\x01\x02", "does not start"),
    (b"magnet:?dn=x", "no info-hash"),
    (b"0" * 40, "neither"),
    (b"https://x.example/a.torrent", "does not start"),
    (b"x" * (MAX_TORRENT + 1), "larger than 32 MiB"),
]


@pytest.mark.parametrize(("data", "word"), BAD, ids=[word for _, word in BAD])
def test_bad_files_and_streams(tmp_path: Path, data: bytes, word: str) -> None:
    path = tmp_path / "x.torrent"
    path.write_bytes(data)
    refused = refusal(str(path))
    assert word in refused.message
    assert "x.torrent" in refused.message
    refused = refusal("-", stdin=io.BytesIO(data))
    assert word in refused.message
    assert refused.message.startswith("standard input")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("/no/such/x.torrent", "There is no file '/no/such/x.torrent'.", "magnet link"),
        ("d" * 39, "There is no file", "this has 39"),
        (f"?xt=urn:btih:{H1}", "There is no file", "begins with magnet:?"),
        ("www.example.com/a.torrent", "There is no file", "begins with https://"),
        ("example.com/a.torrent", "There is no file", "begins with https://"),
        ("x" * 5000, "It cannot be read", "spelling"),
        ("~no-such-user-here/x", "", ""),
        ("a\x1b[31m", "There is no file 'a?[31m'", ""),
    ],
)
def test_paths_that_are_not_there(text: str, message: str, hint: str) -> None:
    refused = refusal(text)
    assert message in refused.message
    assert hint in refused.hint


def test_a_folder(tmp_path: Path) -> None:
    assert "folder" in refusal(str(tmp_path)).message


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.torrent"
    path.write_bytes(TORRENT)
    path.chmod(0)
    assert "Permission denied" in refusal(str(path)).message


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x.torrent").write_bytes(TORRENT)
    monkeypatch.setattr(Path, "open", denied)
    assert "cannot be read (Permission denied)" in refusal(str(tmp_path / "x.torrent")).message


def test_standard_input_that_is_closed() -> None:
    stdin = io.BytesIO()
    stdin.close()
    assert "cannot be read" in refusal("-", stdin=stdin).message


@pytest.mark.parametrize("path", ["/a.torrent", "/wrong-type.torrent", f"/a.torrent?passkey={KEY}"])
def test_a_url(site: str, path: str) -> None:
    loaded = load(site + path)
    assert (loaded.magnet, loaded.torrent, loaded.info_hash) == (None, TORRENT, HASH)
    assert loaded.origin.startswith(site)
    assert KEY not in loaded.origin


@pytest.mark.parametrize("path", ["/to-magnet", "/magnet.txt"])
def test_a_url_that_leads_to_a_magnet(site: str, path: str) -> None:
    loaded = load(site + path)
    assert loaded.magnet is not None
    assert loaded.magnet.trackers == (f"http://t.example/{KEY}/announce",)
    assert KEY not in loaded.origin


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/page", "web page"),
        ("/page-without-type", "web page"),
        ("/text-as-html", "web page"),
        ("/text", "does not start"),
        ("/empty", "empty"),
        ("/torn", "cut off"),
        ("/missing", "404"),
        ("/to-magnet?bad", "no info-hash"),
    ],
)
def test_bad_urls(site: str, path: str, word: str) -> None:
    refused = refusal(f"{site}{path}{'&' if '?' in path else '?'}k={KEY}")
    assert word in refused.message
    assert site in refused.message
    assert KEY not in str(refused)


def test_options_reach_the_connection(site: str) -> None:
    assert "socks5" in refusal(site + "/a.torrent", proxy="socks5://127.0.0.1:1").message
    assert refusal(site + "/a.torrent", source_address="192.0.2.1")
    assert "no answer in time" in refusal(site + "/a.torrent", timeout=0).message


def test_a_magnet_imports_nothing_heavy() -> None:
    code = (
        "import sys; from headrace.sources import load; load(sys.argv[1]);"
        "print([m for m in ('urllib.request', 'http.client', 'ssl', 'asyncio', 'hashlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, MAGNET], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
