"""The videos of the lab and their torrents.

One minute of a moving test picture with noise (so that it cannot be compressed away: about 5 Mbit/s) is encoded once
and repeated by stream copy to 20 minutes, as MP4 with its index last, MP4 with its index first, and Matroska. What is
there already is kept.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import libtorrent as lt

from bench.nets import TRACKER
from bench.paths import Places

ANNOUNCE = f"udp://{TRACKER}:6969/announce"
MIB = 1 << 20
REPEATS = 20

BASE = (
    "-f lavfi -i testsrc2=s=1280x720:r=25,noise=alls=20:allf=t -f lavfi -i sine=f=440:r=48000 -t 60 "
    "-c:v libx264 -preset ultrafast -b:v 4900k -maxrate 5500k -bufsize 6M -g 125 -bf 2 -pix_fmt yuv420p "
    "-c:a aac -b:a 128k"
)
"""A key frame every 5 s (``-g 125``), as films from the net have."""

VIDEOS: Mapping[str, tuple[str, ...]] = {
    "index-last.mp4": (),
    "index-first.mp4": ("-movflags", "+faststart"),
    "matroska.mkv": (),
}
EXTRAS: Mapping[str, int] = {"01 - readme.nfo": 4_321, "02 - sample.mkv": 9_000_001, "03 - cover.jpg": 250_123}
"""Sizes of the files that stand before the film in the torrent of several files. Their odd sizes let the film begin
inside a piece."""
FILM = "04 - film.mp4"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a torrent."""

    path: str
    """As in the torrent, with the torrent's name in front when it has several files."""
    size: int


@dataclass(frozen=True, slots=True)
class Torrent:
    """A torrent of the lab."""

    key: str
    file: Path
    """The .torrent."""
    magnet: str
    infohash: str
    """40 hex digits: of v1, or of v2 cut short where there is no v1."""
    infohash_v2: str | None
    """64 hex digits."""
    files: tuple[File, ...]
    video: int
    """Index in ``files``."""
    piece_length: int
    pieces: int
    duration: float
    """Of the film, seconds."""
    content: Path
    """Folder that ``files`` are in."""

    @property
    def size(self) -> int:
        """Of all files, bytes."""
        return sum(file.size for file in self.files)

    @property
    def film(self) -> Path:
        """The film on the disk of the peers."""
        return self.content / self.files[self.video].path

    @property
    def film_offset(self) -> int:
        """Where the film begins in the torrent's bytes."""
        return sum(file.size for file in self.files[: self.video])


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a torrent is made."""

    source: str
    piece_length: int
    flags: int


RECIPES: Mapping[str, Recipe] = {
    "index-last-1m": Recipe("index-last.mp4", MIB, lt.create_torrent.v1_only),
    "index-last-8m": Recipe("index-last.mp4", 8 * MIB, lt.create_torrent.v1_only),
    "index-first-1m": Recipe("index-first.mp4", MIB, lt.create_torrent.v1_only),
    "matroska-1m": Recipe("matroska.mkv", MIB, lt.create_torrent.v1_only),
    "multi-1m": Recipe("multi", MIB, lt.create_torrent.v1_only),
    "hybrid-1m": Recipe("index-last.mp4", MIB, 0),
    "hybrid-8m": Recipe("index-last.mp4", 8 * MIB, 0),
    "v2-1m": Recipe("index-last.mp4", MIB, lt.create_torrent.v2_only),
}


def read_index(places: Places) -> dict[str, Torrent]:
    """All torrents by key. ``FileNotFoundError`` when the lab is not set up."""
    data = json.loads(places.index.read_text())
    return {key: torrent_from(entry) for key, entry in data.items()}


def write_index(places: Places, torrents: Mapping[str, Torrent]) -> None:
    """What ``read_index`` reads."""
    entries = {key: asdict(torrent) for key, torrent in torrents.items()}
    places.index.write_text(json.dumps(entries, indent=1, default=str) + "\n")


def torrent_from(entry: Mapping[str, Any]) -> Torrent:
    """One entry of the index."""
    rest = dict(entry)
    rest["files"] = tuple(File(**file) for file in entry["files"])
    rest["file"], rest["content"] = Path(entry["file"]), Path(entry["content"])
    return Torrent(**rest)


def without_trackers(magnet: str) -> str:
    """The same magnet link, but one that only the DHT can answer."""
    kept = [part for part in magnet.split("&") if not parse_qsl(part) or parse_qsl(part)[0][0] != "tr"]
    return "&".join(kept)


def make_media(places: Places, say: Callable[[str], None]) -> None:
    """The videos and the folder of several files; ``say`` is told what is being made."""
    places.media.mkdir(parents=True, exist_ok=True)
    base = places.work / "base.mkv"
    missing = [name for name in VIDEOS if not (places.media / name).exists()]
    if missing and not base.exists():
        say("one minute of video (takes about a minute)")
        encode(shlex.split(BASE), base)
    for name in missing:
        say(f"{name}: 20 minutes")
        repeated = ["-stream_loop", str(REPEATS - 1), "-i", str(base), "-c", "copy", *VIDEOS[name]]
        encode(repeated, places.media / name)
    make_extras(places.media / "multi", places.media / "index-last.mp4")


def encode(arguments: Sequence[str], target: Path) -> None:
    """Let ffmpeg write ``target``; there is either all of it or nothing."""
    partial = target.with_name("partial-" + target.name)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, str(partial)], check=True)
    partial.rename(target)


def make_extras(folder: Path, film: Path) -> None:
    """The folder of several files: the film is a hard link."""
    folder.mkdir(exist_ok=True)
    for number, (name, size) in enumerate(EXTRAS.items()):
        path = folder / name
        if not path.exists() or path.stat().st_size != size:
            path.write_bytes(random.Random(number).randbytes(size))
    if not (folder / FILM).exists():
        os.link(film, folder / FILM)


def make_torrents(places: Places, say: Callable[[str], None]) -> dict[str, Torrent]:
    """Those that are missing; all of them are in the index then."""
    places.torrents.mkdir(parents=True, exist_ok=True)
    known = read_index(places) if places.index.exists() else {}
    for key, recipe in RECIPES.items():
        if key not in known or not known[key].file.exists():
            say(f"{key}.torrent")
            known[key] = make_torrent(places, key, recipe)
            write_index(places, known)
    return known


def make_torrent(places: Places, key: str, recipe: Recipe) -> Torrent:
    """Hash the content and write the .torrent."""
    source = places.media / recipe.source
    files = sorted(lt.list_files(str(source)), key=lambda entry: entry.filename)
    made = lt.create_torrent(files, recipe.piece_length, recipe.flags)
    made.add_tracker(ANNOUNCE)
    lt.set_piece_hashes(made, str(places.media))
    path = places.torrents / f"{key}.torrent"
    path.write_bytes(lt.bencode(made.generate()))
    return describe(key, path, places.media)


def describe(key: str, path: Path, content: Path) -> Torrent:
    """What the index says of a .torrent whose content is there."""
    params = lt.load_torrent_file(str(path))
    info = params.ti
    if info is None:
        raise ValueError(f"{path}: no metadata")
    params.name = info.name()  # else the magnet link has none
    layout, hashes = info.layout(), info.info_hashes()
    # Hybrid torrents fill up the last piece of a file with padding (BEP 47), which is no file on any disk.
    real = [
        number for number in range(layout.num_files()) if not layout.file_flags(number) & lt.file_flags_t.flag_pad_file
    ]
    files = tuple(File(layout.file_path(number), layout.file_size(number)) for number in real)
    video = max(range(len(files)), key=lambda number: files[number].size)
    return Torrent(
        key=key,
        file=path,
        magnet=lt.make_magnet_uri(params),
        infohash=str(hashes.v1 if hashes.has_v1() else hashes.v2)[:40],
        infohash_v2=str(hashes.v2) if hashes.has_v2() else None,
        files=files,
        video=video,
        piece_length=info.piece_length(),
        pieces=info.num_pieces(),
        duration=duration_of(content / files[video].path),
        content=content,
    )


def duration_of(path: Path) -> float:
    """Playing time of a film, seconds."""
    words = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
