"""The machine that a run was made on, and the programs that measured, for the report."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "ffmpeg": ("ffmpeg", "-version"),
    "mpv": ("mpv", "--version"),
    "curl": ("curl", "--version"),
    "node": ("node", "--version"),
    "nginx": ("nginx", "-v"),
}


def describe() -> dict[str, str]:
    """This machine: processor, cores, memory, kernel, system, and the programs that measure. Facts by name."""
    facts = {
        "processor": processor(Path("/proc/cpuinfo").read_text()),
        "cores": str(os.cpu_count()),
        "memory": memory(Path("/proc/meminfo").read_text()),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "TCP": Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip() + " by default, cubic in the lab",
        "Python": platform.python_version(),
    }
    return facts | {name: version for name, words in PROGRAMS.items() if (version := version_of(words))}


def record(folder: Path, words: Sequence[str]) -> None:
    """Write run.json beside the rows of a run: this machine, and the command whose arguments are ``words``."""
    command = shlex.join(["python", "-m", "bench", *words])
    folder.joinpath("run.json").write_text(json.dumps({"command": command, "machine": describe()}, indent=1) + "\n")


def processor(text: str) -> str:
    """The model's name in the text of /proc/cpuinfo."""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def memory(text: str) -> str:
    """The memory in the text of /proc/meminfo."""
    found = re.search(r"^MemTotal:\s*(\d+) kB$", text, re.MULTILINE)
    return f"{int(found[1]) * 1024 / 1e9:.1f} GB" if found else "unknown"


def version_of(words: tuple[str, ...]) -> str:
    """The first thing like a version that a program says of itself; empty when it is not there or says nothing."""
    if shutil.which(words[0]) is None:
        return ""
    told = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"\d+\.\d[^\s,]*", told.stdout + told.stderr)
    return found[0] if found else ""
