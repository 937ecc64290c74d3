"""What plays in the lab: curl for the first byte, ffmpeg or mpv for a frame. Argument vectors only."""

from __future__ import annotations

from typing import Literal

Player = Literal["ffmpeg", "mpv"]


def first_byte(url: str, timeout: float) -> list[str]:
    """Ends well when the first byte was read. ``url`` may be a path."""
    if url.startswith("/"):
        return ["head", "--bytes=1", url]
    return ["curl", *curl_options(timeout), "--range", "0-0", url]


def curl(request: list[str], timeout: float) -> list[str]:
    """One request whose answer is of no interest, by the arguments that say what it is."""
    return ["curl", *curl_options(timeout), *request]


def curl_options(timeout: float) -> list[str]:
    """Fail on an error of HTTP, say nothing, give up in time."""
    return ["--fail", "--silent", "--show-error", "--max-time", f"{timeout:g}", "--output", "/dev/null"]


def frame(url: str, at: float = 0.0, player: Player = "ffmpeg") -> list[str]:
    """Ends well when one frame from ``at`` seconds on was decoded."""
    if player == "mpv":
        start = [f"--start={at:.3f}"] if at else []
        return ["mpv", "--no-config", "--really-quiet", "--vo=null", "--ao=null", "--frames=1", *start, url]
    seek = ["-ss", f"{at:.3f}"] if at else []
    return ["ffmpeg", "-nostdin", "-v", "error", *seek, "-i", url, "-frames:v", "1", "-f", "null", "-"]
