"""All players, in order of preference, and which of them this machine has."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from headrace.errors import PlayerError
from headrace.players.base import NAMES, Found
from headrace.players.browser import can_open
from headrace.players.mpv import IINA, MPV
from headrace.players.others import MPC_HC, MPLAYER, POTPLAYER
from headrace.players.record import Player
from headrace.players.vlc import VLC

PLAYERS: Mapping[str, Player] = {one.name: one for one in (MPV, VLC, IINA, MPLAYER, MPC_HC, POTPLAYER)}
"""mpv first: it reports most, starts fastest, and seeks with the fewest requests."""


class Machine(Struct, frozen=True):
    """What the finder asks of a machine, as values, so that each platform's can be tested on any."""

    platform: str
    env: Mapping[str, str]
    which: Callable[[str], str | None]
    executable: Callable[[str], bool]


def this_machine() -> Machine:
    """The machine that we run on."""
    env = {"HOME": str(Path.home()), **os.environ}
    return Machine(sys.platform, env, shutil.which, lambda path: Path(path).is_file() and os.access(path, os.X_OK))


def find(player: Player, machine: Machine) -> str:
    """The path of the player's program: from PATH, else from the usual places; "" when it is nowhere."""
    for program in player.programs:
        if path := machine.which(program):
            return path
    for place in player.places.get(machine.platform, ()):
        try:
            path = place.format_map(machine.env)
        except KeyError:
            continue  # a variable that this machine does not have
        if machine.executable(path):
            return path
    return ""


def find_all(machine: Machine) -> list[Found]:
    """Every player found, best first; the browser where it can be opened."""
    found = [Found(name, path) for name, player in PLAYERS.items() if (path := find(player, machine))]
    return found + ([Found("browser", "")] if can_open(machine.platform, machine.env) else [])


def choose(machine: Machine) -> str:
    """As ``base.default_player``."""
    found = find_all(machine)
    if not found:
        raise PlayerError("No player was found on this machine.", _how_to_install(MPV, machine))
    return found[0].name


def program_of(player: Player, machine: Machine) -> str:
    """The path of the player's program. Raises PlayerError, with what to do, when it is nowhere."""
    path = find(player, machine)
    if not path:
        raise PlayerError(f"{player.name} was not found on this machine.", _how_to_install(player, machine))
    return path


def unknown(name: str) -> PlayerError:
    """The error for a name that nobody knows."""
    hint = f"Known are {', '.join(NAMES)}, cast:NAME and dlna:NAME, and a command line with {{url}}."
    return PlayerError(f"Unknown player {name!r}.", hint)


def with_version(found: Found) -> Found:
    """``found`` with the version that its program tells: the first word with a digit of ``--version``."""
    player = PLAYERS.get(found.name)
    if player is None or player.link not in ("mpv", "vlc"):
        return found  # MPlayer and the Windows players have no such option, some would open a window
    import subprocess

    try:
        told = subprocess.run(
            [found.path, "--version"], capture_output=True, text=True, errors="replace", timeout=5, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return found
    return replace(found, version=version_in(told.stdout))


def version_in(text: str) -> str:
    """The first word of the first line that begins with a digit (behind a ``v``, too)."""
    first = (text.splitlines() or [""])[0]
    return next((word for word in first.split() if word.lstrip("v")[:1].isdigit()), "").lstrip("v")


def _how_to_install(player: Player, machine: Machine) -> str:
    others = [found.name for found in find_all(machine) if found.name != player.name]
    how = player.install.get(machine.platform, "")
    parts = [f"Install it: {how}." if how else f"{player.name} does not exist for this platform." if others else ""]
    if others:
        parts.append(f"Or use one that is here: --player {others[0]}.")
    else:
        parts.append("Or serve the URL without a player: --player none.")
    return " ".join(part for part in parts if part)
