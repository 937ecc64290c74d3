"""All tools, by name, in the order of reports."""

from __future__ import annotations

from bench.tools.base import Tool
from bench.tools.headrace import WINDOW, headrace, reference
from bench.tools.native import BTFS, QBITTORRENT, RQBIT
from bench.tools.node import PEERFLIX_TOOL, WEBTORRENT_TOOL
from bench.tools.servers import STREMIO, TORREST, TORRSERVER

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        headrace(),
        headrace("headrace-eager", None, "--eager", "all"),
        reference("reference"),
        reference("reference-window", "--window", str(WINDOW)),
        PEERFLIX_TOOL,
        WEBTORRENT_TOOL,
        BTFS,
        QBITTORRENT,
        RQBIT,
        TORRSERVER,
        TORREST,
        STREMIO,
    )
}
OURS = ("headrace", "headrace-eager", "reference", "reference-window")
"""Those that are no rivals."""


class UnknownTool(LookupError):
    """A name that is not in the catalogue, or a tool that cannot be run here."""


def chosen(names: list[str]) -> list[Tool]:
    """The tools of these names, or all that can be run here when there are none.

    Raises UnknownTool for a name that there is not, and for a tool that was asked for and cannot be run.
    """
    if not names:
        return [tool for tool in TOOLS.values() if not tool.missing()]
    for name in names:
        if name not in TOOLS:
            raise UnknownTool(f"no tool {name}; there are {', '.join(TOOLS)}")
        reason = TOOLS[name].missing()
        if reason:
            raise UnknownTool(f"{name} cannot be run: {reason}")
    return [TOOLS[name] for name in names]
