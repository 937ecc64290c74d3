"""A swarm of real seeds on loopback, as its user sees it.

Rules: the seeds run in a child process (``headrace.testing.swarm``), so that they share neither the interpreter nor the
event loop with what is measured; nothing here imports libtorrent. The swarm ends with the ``async with`` block, or with
the process that made it.

    async with LocalSwarm(Path("video.mp4"), seeds=4, rate=2_000_000) as swarm:
        print(swarm.magnet)
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Version = Literal["v1", "v2", "hybrid"]
Address = tuple[str, int]

_ANSWER_LIMIT = 1 << 26
"""Longest answer of the child, bytes: a .torrent in base64."""


class SwarmFailed(RuntimeError):
    """The swarm's process refused a command or ended."""


@dataclass(frozen=True, slots=True)
class SeedSpec:
    """One seed. ``rate`` in bytes per second, 0 for no limit.

    ``have`` is the share of the pieces that it has (picked by a fixed seed) or their numbers. Pieces in ``corrupt``
    are served with every byte inverted. A seed with ``slots=0`` lets nobody download.
    """

    rate: int = 0
    have: float | tuple[int, ...] = 1.0
    corrupt: tuple[int, ...] = ()
    slots: int = 100


class LocalSwarm:
    """Seeds of one torrent on loopback, in a process of their own. ``path`` is the file or folder to share."""

    def __init__(
        self,
        path: Path,
        *,
        seeds: int | Sequence[SeedSpec] = 4,
        rate: int = 0,
        piece_length: int = 0,
        version: Version = "v1",
        trackers: Sequence[str] = (),
        web_seeds: Sequence[str] = (),
        torrent: bytes = b"",
    ) -> None:
        """``seeds`` is a number of equal seeds of ``rate`` bytes/s (0: no limit) or what each is to be.

        With ``torrent`` the other options of the torrent are not used.
        """
        self._path = path
        self._specs = [SeedSpec(rate) for _ in range(seeds)] if isinstance(seeds, int) else list(seeds)
        self._options = {
            "piece_length": piece_length,
            "version": version,
            "trackers": list(trackers),
            "web_seeds": list(web_seeds),
        }
        self.torrent_bytes = torrent
        self.info_hash = ""
        self.peers: list[Address] = []
        """Addresses of all seeds by number, those that are stopped too."""
        self._magnet = ""
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @classmethod
    async def spawn(cls, path: Path, **options: Any) -> Self:
        """A running swarm, for callers without ``async with``; end it with ``aclose``."""
        return await cls(path, **options).__aenter__()

    async def __aenter__(self) -> Self:
        """Start the process, make the torrent and start all seeds."""
        try:
            await self._begin()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def magnet(self) -> str:
        """Magnet link that names all seeds as peers (``x.pe``)."""
        return self._magnet + "".join(f"&x.pe={host}:{port}" for host, port in self.peers)

    @property
    def bare_magnet(self) -> str:
        """Magnet link without peers."""
        return self._magnet

    async def add(self, spec: SeedSpec) -> int:
        """Start one more seed; its number."""
        answer = await self._ask("add", **asdict(spec))
        self.peers.append((answer["host"], answer["port"]))
        return int(answer["seed"])

    async def start(self, seed: int) -> None:
        """Bring a stopped seed back, on the port that it had."""
        await self._ask("start", seed=seed)

    async def stop(self, seed: int) -> None:
        """Take a seed away; its connections are closed."""
        await self._ask("stop", seed=seed)

    async def start_all(self) -> None:
        """Bring all seeds back."""
        for seed in range(len(self.peers)):
            await self.start(seed)

    async def stop_all(self) -> None:
        """Take all seeds away."""
        for seed in range(len(self.peers)):
            await self.stop(seed)

    async def set_rate(self, seed: int, rate: int) -> None:
        """Change a seed's upload limit, bytes per second, 0 for none."""
        await self._ask("rate", seed=seed, rate=rate)

    async def stats(self) -> list[dict[str, Any]]:
        """Of each seed: ``running``, ``peers``, ``uploaded`` (payload bytes since it was last started)."""
        answer: list[dict[str, Any]] = (await self._ask("stats"))["seeds"]
        return answer

    async def aclose(self) -> None:
        """End the process and with it all seeds."""
        child, self._child = self._child, None
        if child is None or child.stdin is None:
            return
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), 5)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _begin(self) -> None:
        # The child must find this package also when the parent got it from sys.path alone.
        package_root = str(Path(__file__).parents[2])
        search = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH", ""))))
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "headrace.testing.swarm",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search},
            limit=_ANSWER_LIMIT,
        )
        given = base64.b64encode(self.torrent_bytes).decode()
        answer = await self._ask("open", path=str(self._path.absolute()), torrent=given, **self._options)
        self.torrent_bytes = base64.b64decode(answer["torrent"])
        self.info_hash = answer["info_hash"]
        self._magnet = answer["magnet"]
        for spec in self._specs:
            await self.add(spec)

    async def _ask(self, do: str, **options: Any) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise SwarmFailed("the swarm is not running")
        async with self._turn:
            with contextlib.suppress(ConnectionError):
                child.stdin.write(json.dumps({"do": do, **options}).encode() + b"\n")
                await child.stdin.drain()
            line = await child.stdout.readline()
        if not line:
            raise SwarmFailed(f"the swarm's process ended during {do!r}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SwarmFailed(answer["error"])
        return answer
