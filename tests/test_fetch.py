from __future__ import annotations

import gzip
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from headrace.errors import InputError
from headrace.fetch import Fetched, Route, fetch

KEY = "0123456789abcdef0123456789abcdef"
MAGNET = "Magnet:?xt=urn:btih:" + "ab" * 20
# A key and a certificate that nobody trusts.
PEM = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgY1/m8lDN5kLI0ti8
MxUeykx/zqxAq96c/fXofcqSkXuhRANCAAS8QUeS20Fh4Lot5qYFlDIzeWPNzpzI
aCMY4HMnautJrT6YY47t7+gdfRvmIOXk/v37Y1mtA2fCSqiI9SDslcw5
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUazGZSB3/ogDTIODtzPuYABmcqegwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE4NTI1OVoYDzIxMjYxMDI5
MTg1MjU5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS8QUeS20Fh4Lot5qYFlDIzeWPNzpzIaCMY4HMnautJrT6YY47t7+gd
fRvmIOXk/v37Y1mtA2fCSqiI9SDslcw5o1MwUTAdBgNVHQ4EFgQUq6L8xrhd5Rcm
ZL7/Y2vJuzadxekwHwYDVR0jBBgwFoAUq6L8xrhd5RcmZL7/Y2vJuzadxekwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBFiOzEF9Z6RVa4uD8c1oOx
vOGTz9xi4HSEQApfu2PA6AIhAKOc4vMVPeLKgx9DtiYQA3fT5kloIGDGAKCpwdUX
B2TE
-----END CERTIFICATE-----
"""


class Site(BaseHTTPRequestHandler):
    """A small web site with every fault, which is also a proxy."""

    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []
    stop: ClassVar[threading.Event]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.seen.append((f"CONNECT {self.path}", dict(self.headers)))
        self.send_error(407 if self.path.startswith("auth.example") else 502)

    def do_GET(self) -> None:
        type(self).seen.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path.startswith("/code/"):
            self.send_error(int(path[6:]))
        elif path.startswith("/to/"):
            self.answer(302, location=self.path[4:])
        elif path == "/magnet":
            self.answer(int(self.path.partition("?")[2] or 302), location=" " + MAGNET)
        else:
            PAGES.get(path, Site.echo)(self)

    def answer(self, code: int = 200, body: bytes = b"", kind: str = "application/x-bittorrent", **more: str) -> None:
        self.send_response(code)
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in (headers | {name.replace("_", "-"): value for name, value in more.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def echo(self) -> None:
        self.answer(body=b"you asked for " + self.path.encode())

    def cut(self) -> None:
        self.answer(body=b"abc", Content_Length="10")

    def chunks(self, end: bytes = b"0\r\n\r\n") -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\nabc\r\n" + end)
        self.close_connection = True

    def drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.stop.wait(0.01):
            self.wfile.write(b"x")

    def hang(self) -> None:
        self.stop.wait(20)


PAGES: dict[str, Callable[[Site], None]] = {
    "/html": lambda site: site.answer(body=b"<!doctype html>", kind="text/html; charset=utf-8"),
    "/gzip": lambda site: site.answer(body=gzip.compress(b"plain"), Content_Encoding="gzip"),
    "/gzip-bomb": lambda site: site.answer(body=gzip.compress(bytes(100_000))),
    "/gzip-cut": lambda site: site.answer(body=gzip.compress(b"plain" * 99)[:-9]),
    "/gzip-bad": lambda site: site.answer(body=b"\x1f\x8bxxxxxxxxxxxxxxxxxxxx"),
    "/ten": lambda site: site.answer(body=b"x" * 10),
    "/cut": Site.cut,
    "/chunks": Site.chunks,
    "/chunks-cut": lambda site: site.chunks(b"10\r\nab"),
    "/drip": Site.drip,
    "/hang": Site.hang,
    "/loop": lambda site: site.answer(302, location="/loop"),
}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Site.seen.clear()
    Site.stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Site.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def get(url: str, **route: str) -> Fetched:
    return fetch(url, limit=1000, timeout=20, route=Route(**route))


def refusal(url: str, timeout: float = 20, **route: str) -> InputError:
    with pytest.raises(InputError) as caught:
        fetch(url, limit=1000, timeout=timeout, route=Route(**route))
    assert caught.value.kind == "bad_url"
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a%20b?c=d", Fetched(b"you asked for /a%20b?c=d")),
        ("/a b/é#part", Fetched(b"you asked for /a%20b/%C3%A9")),
        ("/html", Fetched(b"<!doctype html>", html=True)),
        ("/gzip", Fetched(b"plain")),
        ("/chunks", Fetched(b"abc")),
        ("/to//there", Fetched(b"you asked for /there")),
        ("/to//to//there", Fetched(b"you asked for /there")),
        *[
            (f"/magnet?{code}", Fetched(magnet=MAGNET.replace("magnet", "Magnet")))
            for code in (301, 302, 303, 307, 308)
        ],
    ],
)
def test_fetch(site: str, path: str, expected: Fetched) -> None:
    assert get(site + path) == expected


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/code/404", "not there (HTTP 404)"),
        ("/code/410", "not there (HTTP 410)"),
        ("/code/401", "refused (HTTP 401)"),
        ("/code/403", "refused (HTTP 403)"),
        ("/code/500", "the server failed (HTTP 500)"),
        ("/code/503", "the server failed (HTTP 503)"),
        ("/code/429", "HTTP 429"),
        ("/code/407", "the proxy wants"),
        ("/code/304", "redirects lead nowhere (HTTP 304)"),
        ("/loop", "redirects lead nowhere"),
        ("/to/ftp://127.0.0.1/a", "unknown url type"),
        ("/to/file:///etc/passwd", "redirect"),
        ("/cut", "broke off"),
        ("/chunks-cut", "broke off"),
        ("/gzip-bomb", "larger than"),
        ("/gzip-cut", "cut off"),
        ("/gzip-bad", "damaged"),
    ],
)
def test_failures(site: str, path: str, words: str) -> None:
    assert words in refusal(site + path).message


def test_the_limit(site: str) -> None:
    assert fetch(site + "/ten", limit=10, timeout=20).body == b"x" * 10
    with pytest.raises(InputError, match="larger than"):
        fetch(site + "/ten", limit=9, timeout=20)


@pytest.mark.parametrize("path", ["/drip", "/hang"])
def test_the_timeout_bounds_everything(site: str, path: str) -> None:
    before = time.monotonic()
    with pytest.raises(InputError, match="no answer in time"):
        fetch(site + path, limit=10**9, timeout=0.3)
    assert time.monotonic() - before < 10


def test_a_slow_look_up_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: release.wait(20) and [])
    assert "no answer in time" in refusal("http://slow.example/", timeout=0.1).message
    release.set()


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "name is not known" in refusal("http://nowhere.example/").message
    assert "name is not known" in refusal("http://nowhere.example/", source="127.0.0.1").message
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [])
    assert "has no address" in refusal("http://nowhere.example/", source="127.0.0.1").message


def test_nothing_answers() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert "nothing answers" in refusal(f"http://127.0.0.1:{port}/").message


def raw_server(answer: bytes) -> tuple[int, threading.Thread]:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return server.getsockname()[1], thread


@pytest.mark.parametrize(("answer", "words"), [(b"SSH-2.0-x\r\n", "not a web server"), (b"", "closed the connection")])
def test_no_web_server(answer: bytes, words: str) -> None:
    port, thread = raw_server(answer)
    assert words in refusal(f"http://127.0.0.1:{port}/").message
    thread.join()


def test_no_tls() -> None:
    port, thread = raw_server(b"HTTP/1.0 200 OK\r\n\r\n")
    assert "no secure connection" in refusal(f"https://127.0.0.1:{port}/").message
    thread.join()


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    pem = tmp_path / "pem"
    pem.write_text(PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True) as server:

        def serve() -> None:
            with pytest.raises(ssl.SSLError):
                server.accept()

        thread = threading.Thread(target=serve)
        thread.start()
        assert "certificate is not valid" in refusal(f"https://127.0.0.1:{server.getsockname()[1]}/").message
        thread.join()


@pytest.mark.parametrize("url", ["http://", "ftp://x/a", "http://x:port/", "http://a\udc80/", f"http://{99 * 'é'}/"])
def test_what_is_no_url(url: str) -> None:
    assert refusal(url)


def test_secrets_stay_out_of_messages(site: str) -> None:
    place = site.replace("http://", "http://me:secret@")
    message = str(refusal(f"{place}/code/404?passkey={KEY}"))
    assert KEY not in message
    assert "secret" not in message


def test_a_login_in_the_url_is_for_its_own_host(site: str) -> None:
    place = site.replace("http://", "http://me:p%40ss@")
    assert get(f"{place}/to/{site}/there").body == b"you asked for /there"
    (_, first), (_, second) = Site.seen
    assert first["Authorization"] == "Basic bWU6cEBzcw=="
    assert "Authorization" not in second


def test_an_international_host_name(site: str) -> None:
    proxy = site
    assert get("http://bücher.example:81/a", proxy=proxy)
    assert Site.seen[0][0] == "http://xn--bcher-kva.example:81/a"


@pytest.mark.parametrize("no_proxy", ["", "*", "x.example"])
def test_all_goes_through_our_proxy(site: str, monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    monkeypatch.setenv("no_proxy", no_proxy)
    assert get("http://x.example/a?b", proxy=site).body == b"you asked for http://x.example/a?b"
    assert Site.seen[0][1]["Host"] == "x.example"
    assert "Proxy-Authorization" not in Site.seen[0][1]


def test_a_redirect_goes_through_our_proxy_too(site: str) -> None:
    assert get(f"{site}/to/http://x.example/a", proxy=site.removeprefix("http://"))
    assert [path for path, _ in Site.seen] == [f"{site}/to/http://x.example/a"]


def test_a_proxy_with_a_login(site: str) -> None:
    get("http://x.example/", proxy=site.replace("http://", "http://me:secret@"))
    assert Site.seen[0][1]["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"


def test_https_tunnels_through_our_proxy(site: str) -> None:
    assert "502" in refusal("https://x.example/", proxy=site.replace("http://", "http://me:secret@")).message
    assert Site.seen[0][0] == "CONNECT x.example:443"
    assert Site.seen[0][1]["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
    assert "407" in refusal("https://auth.example/", proxy=site).message


def test_a_proxy_without_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def look_up(host: object, port: object, *_args: object, **_options: object) -> list[object]:
        asked.append((host, port))
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    refusal("http://x.example/", proxy="http://proxy.example")
    assert asked == [("proxy.example", 80)]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "SOCKS4://u:secret@127.0.0.1:1", "https://127.0.0.1:1"])
def test_other_proxies_are_refused(site: str, proxy: str) -> None:
    refused = refusal(site + "/", proxy=proxy)
    assert "does not go around it" in refused.message
    assert "secret" not in str(refused)
    assert not Site.seen


def test_the_environments_proxy_counts_without_one_of_ours(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site)
    assert get("http://x.example/a").body == b"you asked for http://x.example/a"


class Origins(Site):
    def do_GET(self) -> None:
        self.answer(body=str(self.client_address[0]).encode())


def test_the_connection_leaves_from_where_it_is_told(site: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origins)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    try:
        assert get(url).body == b"127.0.0.1"
        if sys.platform == "linux":
            assert get(url, source="127.0.0.2").body == b"127.0.0.2"
            assert get(url, source="lo").body == b"127.0.0.1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("source", ["192.0.2.1", "::1", "no-such-if0"])
def test_where_it_cannot_leave_from_it_does_not(site: str, source: str) -> None:
    assert refusal(site + "/", source=source)
    assert not Site.seen


def test_a_system_without_binding_by_name(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_BINDTODEVICE", raising=False)
    assert "give its address" in refusal(site + "/", source="lo").message
    assert not Site.seen
