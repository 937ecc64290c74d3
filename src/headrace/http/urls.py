"""The URLs of streams and playlists, as players get them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from headrace.streaming.torrent import File, Torrent


class Urls(NamedTuple):
    """URLs under one base, such as ``http://127.0.0.1:8888``. With a token in them when there is one."""

    base: str
    token: str = ""

    def stream(self, torrent: Torrent, file: File | None) -> str:
        """A file's URL; without one the main video's, which also holds before the metadata.

        Its last part is the name, for players that show it and guess the type by it.
        """
        index, name = ("main", torrent.name) if file is None else (str(file.index), file.name)
        return f"{self.base}/stream/{torrent.info_hash}/{index}/{_segment(name)}{self._query}"

    def playlist(self, torrent: Torrent) -> str:
        """The URL of a torrent's playlist."""
        return f"{self.base}/playlist/{torrent.info_hash}.m3u8{self._query}"

    def subtitles(self, torrent: Torrent, file: File, track: str, form: str = "vtt") -> str:
        """The URL of one of a video's subtitle tracks, as WebVTT or ``srt``."""
        return f"{self.base}/subtitles/{torrent.info_hash}/{file.index}/{track}.{form}{self._query}"

    def hls(self, torrent: Torrent, file: File) -> str:
        """The URL of a video's master playlist."""
        return f"{self.base}/hls/{torrent.info_hash}/{file.index}/master.m3u8{self._query}"

    def lent(self, name: str) -> str:
        """The URL of subtitles that were lent."""
        return f"{self.base}/subtitles/lent/{name}{self._query}"

    @property
    def _query(self) -> str:
        return f"?token={quote(self.token, safe='')}" if self.token else ""


def _segment(name: str) -> str:
    # "." and ".." would be taken for directories (RFC 3986 section 5.2.4).
    return quote(name, safe="", errors="replace") if name.strip(".") else "stream"
