"""How long Headrace takes to start: `python bench/startup.py [RUNS]`.

Prints medians of wall-clock seconds from launch: to the end of `headrace --version`, and to the `starting` event of
`headrace play`, which is told when the engine listens and has the torrent. The program is the `headrace` beside the
interpreter that runs this; measure an installed one, whose modules are compiled.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("headrace")
NOWHERE = "magnet:?xt=urn:btih:" + "ab" * 20


def version() -> float:
    """Seconds until `headrace --version` has ended."""
    began = time.perf_counter()
    subprocess.run([PROGRAM, "--version"], check=True, capture_output=True)
    return time.perf_counter() - began


def engine() -> float:
    """Seconds until the engine runs and announces."""
    with tempfile.TemporaryDirectory() as folder:
        words = [str(PROGRAM), "play", NOWHERE, "--player", "none", "--json", "--no-dht", "--port", "0"]
        words += ["--dir", folder]
        environ = {**os.environ, "XDG_STATE_HOME": folder}
        began = time.perf_counter()
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            took = time.perf_counter() - began
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert b'"starting"' in line, line
        return took


def report(what: str, measure: Callable[[], float], runs: int, bound: float) -> None:
    """One line of the table."""
    figures = sorted(measure() for _ in range(runs))
    print(
        f"| {what} | {statistics.median(figures):.3f} | {figures[0]:.3f} to {figures[-1]:.3f} | {bound:.2f} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print("| launch to | median s | range | promised |\n|---|---|---|---|")
    report("end of --version", version, runs, 0.15)
    report("engine runs, torrent announced", engine, runs, 0.40)


if __name__ == "__main__":
    main()
