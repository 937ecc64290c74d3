from __future__ import annotations

import gzip
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from headrace import blocklists
from headrace.errors import InputError

LIST = b"# a list\nname:1.2.3.4-1.2.3.9\n10.0.0.0/8\nnonsense\n"
RANGES = (("1.2.3.4", "1.2.3.9"), ("10.0.0.0", "10.255.255.255"))


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        LIST,
        LIST.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + LIST,
        LIST.replace(b"name", b"n\xe4me \xff"),
        gzip.compress(LIST),
        zipped(("readme", b"x"), ("guarding.p2p", LIST)),
    ],
    ids=["plain", "dos", "marked", "latin-1", "gzip", "zip"],
)
def test_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)
    assert blocklists.load(str(path)) == RANGES
    assert blocklists.load(path.as_uri()) == RANGES
    assert blocklists.read(str(path)).bad == 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no address ranges"),
        (b"# only a comment", "no address ranges"),
        (b"x\ny\n1.2.3.4", "2 of its lines"),
        (b" <!doctype html>", "web page"),
        (gzip.compress(LIST)[:20], "cut off"),
        (zipped(("a", LIST))[:60], "unpacked"),
        (zipped(("a", LIST)).replace(b"\x08\x00", b"\x63\x00"), "unpacked"),
    ],
    ids=["empty", "comment", "torn lines", "page", "torn gzip", "torn zip", "strange zip"],
)
def test_unusable_files(tmp_path: Path, data: bytes, word: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)
    with pytest.raises(InputError, match=word) as caught:
        blocklists.load(str(path))
    assert caught.value.hint
    assert "list" in caught.value.message


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped(("a", data))], ids=["plain", "gzip", "zip"])
def test_the_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: object) -> None:
    assert callable(pack)
    monkeypatch.setattr(blocklists, "MAX_SIZE", len(LIST) * 10)
    path = tmp_path / "list"
    path.write_bytes(pack(LIST * 10))
    assert len(blocklists.load(str(path))) == 20
    path.write_bytes(pack(LIST * 10 + b"\n"))
    with pytest.raises(InputError, match="larger than"):
        blocklists.load(str(path))


@pytest.mark.parametrize("text", ["-", "ab" * 20, "/no/such/list", "/", "~no-such-user-here/list"])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(InputError) as caught:
        blocklists.load(text)
    assert caught.value.kind == "bad_blocklist"


class Site(BaseHTTPRequestHandler):
    awake = threading.Event()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if "slow" in self.path:
            self.awake.wait(60)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(gzip.compress(LIST) if "key" in self.path else b"")


def test_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    with HTTPServer(("127.0.0.1", 0), Site) as server:
        url = f"http://127.0.0.1:{server.server_port}/list"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            assert blocklists.load(url + "?key=1") == RANGES
            with pytest.raises(InputError, match="no address ranges") as caught:
                blocklists.load(url + "?secret")
            assert "secret" not in str(caught.value)
            with pytest.raises(InputError, match="socks5"):
                blocklists.load(url, proxy="socks5://127.0.0.1:1")
            with pytest.raises(InputError, match="Cannot fetch"):
                blocklists.load(url, source_address="192.0.2.1")
            with pytest.raises(InputError, match="in time"):
                blocklists.load(url + "?slow", timeout=0.05)
        finally:
            Site.awake.set()
            server.shutdown()
            thread.join()
