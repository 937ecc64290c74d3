"""live_picture.py FILE.svg: a picture of the live view, taken from a real run of the demo.

It is the last picture of a playing video, when there is something to see. A second argument names the player.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from headrace import demo
from headrace.cli.view import LiveView
from headrace.core.events import Note, Progress
from headrace.settings import Settings

COLUMNS = 92


def main(target: str) -> int:
    """The exit code."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    view = LiveView(console=Console(width=COLUMNS, file=console.file, force_terminal=True))
    pictures: list[str] = []

    def hear(note: Note) -> None:
        if note.event in ("making", "figure", "figures"):
            return
        view(note)
        if isinstance(note, Progress) and view._picture.player_state == "playing":
            console.print(view._rendered())
            svg = console.export_svg(title="headrace demo", clear=True)
            pictures.append(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL))  # no font from elsewhere

    code = demo.run(Settings(player=sys.argv[2] if len(sys.argv) > 2 else ""), hear)
    Path(target).write_text("\n".join(line.rstrip() for line in pictures[-1].splitlines()) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
