"""Parts of a network that are not ours: trackers, a proxy, a web server; each counts what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from headrace.testing import metainfo

Address = tuple[str, int]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port that nobody has at the moment, for programs that cannot choose one themselves."""
    with socket.socket(type=kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def site(app: web.Application) -> AsyncIterator[str]:
    """A web server; its URL without a slash at the end."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Tracker:
    """An HTTP tracker (BEP 3, compact peers of BEP 23) that knows these peers of every torrent."""

    def __init__(self, peers: Sequence[Address]) -> None:
        self.announces: list[dict[str, str]] = []
        self.url = ""
        self._peers = b"".join(socket.inet_aton(host) + struct.pack(">H", port) for host, port in peers)

    async def _announce(self, request: web.Request) -> web.Response:
        self.announces.append({**request.query, "from": request.remote or ""})
        return web.Response(body=metainfo.encode({b"interval": 1800, b"peers": self._peers}))


@contextlib.asynccontextmanager
async def tracker(peers: Sequence[Address]) -> AsyncIterator[Tracker]:
    """A running tracker; it must be called /announce, or libtorrent will not ask one on loopback."""
    made, app = Tracker(peers), web.Application()
    app.router.add_get("/announce", made._announce)
    async with site(app) as url:
        made.url = f"{url}/announce"
        yield made


@contextlib.asynccontextmanager
async def web_seed(folder: Path) -> AsyncIterator[str]:
    """A folder over HTTP, with ranges."""
    app = web.Application()
    app.router.add_static("/", folder)
    async with site(app) as url:
        yield url


class Socks5:
    """A SOCKS5 proxy (RFC 1928) for CONNECT alone; ``targets`` are the hosts that were asked for."""

    def __init__(self) -> None:
        self.targets: list[Address] = []
        self.relayed = 0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            (_, methods) = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(b"\5\0")
            _, command, _, kind = await reader.readexactly(4)
            host = await self._host(reader, kind)
            port = int.from_bytes(await reader.readexactly(2), "big")
            if command != 1:
                writer.write(b"\5\7\0\1" + bytes(6))
                return
            self.targets.append((host, port))
            await self._relay(host, port, reader, writer)

    async def _host(self, reader: asyncio.StreamReader, kind: int) -> str:
        if kind == 3:
            return (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        return socket.inet_ntop(
            *(
                (socket.AF_INET, await reader.readexactly(4))
                if kind == 1
                else (socket.AF_INET6, await reader.readexactly(16))
            )
        )

    async def _relay(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.write(b"\5\5\0\1" + bytes(6))
            return
        writer.write(b"\5\0\0\1" + bytes(6))
        with contextlib.closing(far_writer):
            copies = [asyncio.create_task(self._copy(*way)) for way in ((reader, far_writer), (far_reader, writer))]
            try:
                await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for copy in copies:
                    copy.cancel()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self.relayed += len(data)
                writer.write(data)
                await writer.drain()

    def end(self) -> None:
        """Close all connections."""
        for task in self._tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def socks5() -> AsyncIterator[Socks5]:
    """A running proxy."""
    made = Socks5()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"socks5://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listening.close()
        made.end()


class Sink(asyncio.DatagramProtocol):
    """A UDP port that keeps what it gets and answers nothing."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.address: Address = ("", 0)
        self.came = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Keep it."""
        self.packets.append(data)
        self.came.set()


@contextlib.asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A listening sink."""
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Sink, ("127.0.0.1", 0))
    made.address = transport.get_extra_info("sockname")
    try:
        yield made
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def opentracker(port: int, info_hash: str) -> AsyncIterator[None]:
    """A real tracker, over UDP (BEP 15), for one torrent."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # it becomes another user
        (Path(folder) / "list").write_text(f"{info_hash}\n")
        process = await asyncio.create_subprocess_exec(
            *("opentracker", "-i", "127.0.0.1", "-p", str(port), "-P", str(port), "-d", folder, "-w", "list"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
