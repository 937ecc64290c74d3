"""Several torrents on one link: who stalls, and for how long.

    python -m bench sharing [CASE ...] [--rounds N] [--out FILE]

One process of Headrace, its torrents' seeds behind the emulated WAN, and viewers that read at the film's pace. Each
case is a set of torrents with their seeds and viewers, and the link that they share; the rows say what viewers saw.
Rules: a viewer holds three seconds as a player does, and a stall is a time in which it had nothing to show, after its
first second of film. Needs root and what ``make bench-setup`` installs. Times in seconds, link rates in megabits per
second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from bench.emulator.wan import Emulator, compile_emulator, configuration
from bench.model import Scenario
from bench.nets import CLIENT, Host, Namespaces, enter
from bench.paths import Places
from bench.processes import Server, python, until_input_ends

LAB = 80
"""Number of the namespaces and of the folder: no other part of the bench has it."""
PORT = 6881
FILM_MBIT, FILM_SECONDS = 1.0, 240
FILM = "film {number}.mkv"
STOCK, STOCK_BYTES = "stock {number}.mkv", 600_000_000
"""What is fetched while nobody watches it: more than any link here brings meanwhile."""
STEP = 32 * 1024
AHEAD = 3.0
PIECE = 256 * 1024
SETTLE = 2.0
"""Seconds that the viewers of one torrent begin apart."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """One torrent: its seeds with their uplinks, and who watches it. Without viewers it is fetched as a stock."""

    seeds: int
    viewers: int = 0
    mbit: float = 20.0
    joins: float = 0.0
    """When its first viewer begins."""


@dataclass(frozen=True, slots=True)
class Case:
    """Torrents on one link of ``down`` Mbit/s, watched for ``seconds``."""

    name: str
    down: float
    swarms: tuple[Swarm, ...]
    seconds: float = 45.0


EVEN, UNEVEN = (4, 4, 4, 4, 4), (2, 4, 8, 16, 32)
CASES = {
    case.name: case
    for case in (
        Case("even", 24.0, tuple(Swarm(seeds, 4) for seeds in EVEN)),
        Case("uneven", 24.0, tuple(Swarm(seeds, 4) for seeds in UNEVEN)),
        Case("scarce", 15.0, tuple(Swarm(seeds, 4) for seeds in UNEVEN)),
        Case("stock", 4.0, (Swarm(40), Swarm(2, 1, joins=5.0))),
        Case("slow-swarm", 24.0, (Swarm(40), Swarm(2, 1, mbit=0.3, joins=5.0))),
        Case("alone", 4.0, (Swarm(10, 1),)),
    )
}


@dataclass(slots=True)
class View:
    """What one viewer saw: until its first second of film, and each time without a picture after that."""

    torrent: int
    start: float = 0.0
    stalls: list[float] = field(default_factory=list)
    shown: float = 0.0
    """Seconds of film."""


@dataclass(slots=True)
class Row:
    """One round of a case. ``came``: bytes of each torrent."""

    case: str
    views: list[View]
    came: list[int]
    seconds: float


# who watches
async def watch(reader: Any, view: View, bitrate: float, seconds: float) -> None:
    """Read at the film's pace until so many seconds have passed."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    end = asked + seconds
    due, at, began = asked, 0, False  # ``due``: when the next byte is to be shown
    view.start = seconds
    while loop.time() < end:
        try:
            async with asyncio.timeout_at(end):
                data = await reader.read(STEP)
        except TimeoutError:
            data = b""
        if not data and loop.time() < end:
            return
        at += len(data)
        now = loop.time()
        if at < bitrate and data:
            continue
        if not began:
            began, view.start, due = True, now - asked, now + at / bitrate
            continue
        if now > due + 0.05:
            view.stalls.append(round(now - due, 3))
            due = now
        due += len(data) / bitrate
        view.shown = at / bitrate
        if due - now > AHEAD:
            await asyncio.sleep(due - now - AHEAD)


async def _session(orders: dict[str, Any]) -> Row:
    from headrace import sources
    from headrace.core.choice import Choice
    from headrace.engine.base import EngineOptions
    from headrace.engine.libtorrent import LibtorrentEngine
    from headrace.session import Session
    from headrace.settings import Settings

    case = CASES[orders["case"]]
    options = EngineOptions(listen=(f"{CLIENT}:0",), dht=False, lsd=False, port_mapping=False)
    settings = Settings(dir=Path(orders["data"]))
    views = [View(number) for number, swarm in enumerate(case.swarms) for _ in range(swarm.viewers)]
    loop = asyncio.get_running_loop()
    async with Session(settings, engine=LibtorrentEngine(options)) as session:
        torrents = []
        for magnet, swarm in zip(orders["magnets"], case.swarms, strict=True):
            choice = Choice(on_demand=bool(swarm.viewers))
            loaded = await asyncio.to_thread(sources.load, magnet)
            torrents.append((await session.introduce(loaded, choice))[0])
        for torrent in torrents:
            await torrent.metadata(30)

        async def one(view: View, turn: int) -> None:
            swarm, torrent = case.swarms[view.torrent], torrents[view.torrent]
            await asyncio.sleep(swarm.joins + turn * SETTLE)
            file = torrent.files[0]
            async with file.open(file.size * turn // max(1, swarm.viewers)) as reader:
                seconds = began + case.seconds - loop.time()
                await watch(reader, view, file.size / FILM_SECONDS, seconds)

        began = loop.time()
        turns: dict[int, int] = {}
        tasks = []
        for view in views:
            turn = turns[view.torrent] = turns.get(view.torrent, -1) + 1
            tasks.append(asyncio.create_task(one(view, turn)))
        await asyncio.gather(*tasks)
        came = [(await torrent.last_status()).downloaded for torrent in torrents]
        return Row(case.name, views, came, case.seconds)


# the seeds
def _seeds(orders: dict[str, Any]) -> None:
    import libtorrent as lt

    settings: dict[str, Any] = {
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "close_redundant_connections": False,
        "max_out_request_queue": 500,
        "send_buffer_watermark_factor": 150,
        "aio_threads": 1,
        "hashing_threads": 1,
        "alert_mask": 0,
    }
    sessions = []
    for seed in orders["seeds"]:
        settings["listen_interfaces"] = f"{seed['address']}:{PORT}"
        session = lt.session(cast("lt.settings_pack", settings))
        params = lt.load_torrent_file(seed["torrent"])
        params.save_path = seed["folder"]
        params.flags = lt.torrent_flags.seed_mode | lt.torrent_flags.disable_pex
        session.add_torrent(params)
        sessions.append(session)
    print("ready", flush=True)
    until_input_ends()
    os._exit(0)  # fifty sessions take seconds to say goodbye


# the lab
def hosts(case: Case) -> list[list[Host]]:
    """The addresses of each torrent's seeds."""
    return [
        [Host(f"198.18.{10 + number}.{seed + 1}", swarm.mbit, 0.025) for seed in range(swarm.seeds)]
        for number, swarm in enumerate(case.swarms)
    ]


def media(folder: Path, case: Case) -> Iterator[tuple[Path, bytes]]:
    """Each torrent's content and .torrent, made when it is not there."""
    from headrace.testing.swarm import make_torrent

    folder.mkdir(parents=True, exist_ok=True)
    for number, swarm in enumerate(case.swarms):
        path = folder / (FILM if swarm.viewers else STOCK).format(number=number)
        if not path.exists():
            _film(path, number) if swarm.viewers else _stock(path)
        torrent = path.with_suffix(".torrent")
        if not torrent.exists():
            torrent.write_bytes(make_torrent(path, piece_length=PIECE))
        yield path, torrent.read_bytes()


def _film(path: Path, number: int) -> None:
    rate = f"{FILM_MBIT:g}M"
    source = f"testsrc2=size=320x240:rate=24:duration={FILM_SECONDS},hue=h={60 * number}"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "48"]
    steady = ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", "1M", "-x264-params", "nal-hrd=cbr"]
    subprocess.run([*argv, *steady, str(path)], check=True)


def _stock(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(STOCK_BYTES // 1_000_000):
            file.write(os.urandom(1_000_000))


def measure(case: Case, places: Places) -> Row:
    """One round."""
    from headrace.testing.swarm import magnet_of

    run = places.run(LAB)
    shutil.rmtree(run, ignore_errors=True)
    (run / "data").mkdir(parents=True)
    made = list(media(places.media / "sharing", case))
    peers = hosts(case)
    magnets = [
        magnet_of(torrent, [(host.address, PORT) for host in group])
        for (_, torrent), group in zip(made, peers, strict=True)
    ]
    seeds = [
        {"address": host.address, "torrent": str(path.with_suffix(".torrent")), "folder": str(path.parent)}
        for (path, _), group in zip(made, peers, strict=True)
        for host in group
    ]
    orders = run / "orders.json"
    orders.write_text(json.dumps({"case": case.name, "magnets": magnets, "data": str(run / "data"), "seeds": seeds}))
    nets = Namespaces(LAB)
    nets.remove()
    nets.create()
    emulator = Emulator(places.emulator, nets.client, nets.swarm)
    everyone = [host for group in peers for host in group]
    try:
        emulator.start(configuration(Scenario("", "", "", (), down=case.down, up=10.0), everyone), run)
        nets.connect(everyone)
        server = Server("seeds", enter(nets.swarm, python("bench.sharing", "--seeds", str(orders))), run)
        try:
            server.line(30)
            argv = enter(nets.client, python("bench.sharing", "--watch", str(orders)))
            told = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout
        finally:
            server.end()
    finally:
        emulator.stop()
        nets.remove()
    row = json.loads(told)
    return Row(**{**row, "views": [View(**view) for view in row["views"]]})


def describe(row: Row) -> str:
    """One line for each torrent: who waited."""
    case = CASES[row.case]
    lines = [f"{row.case}: {sum(row.came) * 8 / row.seconds / 1e6:.1f} of {case.down:g} Mbit/s"]
    for number, swarm in enumerate(case.swarms):
        views = [view for view in row.views if view.torrent == number]
        rate = row.came[number] * 8 / row.seconds / 1e6
        seen = "; ".join(f"start {v.start:.1f}, {len(v.stalls)} stalls, {sum(v.stalls):.1f} s" for v in views)
        lines.append(f"  {swarm.seeds:3d} seeds {rate:5.1f} Mbit/s  {seen}")
    if row.views:
        waits = sorted(sum(view.stalls) for view in row.views)
        starts = sorted(view.start for view in row.views)
        stalled = sum(1 for wait in waits if wait > 0)
        lines.append(
            f"  stalled {stalled} of {len(waits)}: sum {sum(waits):.1f}, most {waits[-1]:.1f} s; "
            f"start median {statistics.median(starts):.1f}, most {starts[-1]:.1f} s"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench sharing", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="append the rows to this file, as JSON lines")
    parser.add_argument("--seeds", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--watch", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.seeds:
        _seeds(json.loads(given.seeds.read_text()))
    elif given.watch:
        print(json.dumps(asdict(asyncio.run(_session(json.loads(given.watch.read_text()))))))
    else:
        places = Places()
        compile_emulator(places.emulator)
        for _ in range(given.rounds):
            for name in given.cases or CASES:
                row = measure(CASES[name], places)
                print(describe(row), flush=True)
                if given.out:
                    with given.out.open("a") as file:
                        file.write(json.dumps(asdict(row)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
