"""What of a torrent is wanted."""

from __future__ import annotations

from msgspec import Struct


class Choice(Struct, frozen=True):
    """``selector`` is that of ``--file`` (empty: the main video); ``all``: everything playable, as a playlist.

    ``whole``: fetch files as a download does, with ``all`` every file. ``metadata_only``: fetch nothing but the
    metadata. ``on_demand``: fetch whole what is read, for as long as it is read, and beside that only ``files`` (by
    index); what the selector means is made ready to start. ``eager``: hand over unchecked blocks to readers: ``off``,
    ``trusted`` or ``all``.
    """

    selector: str = ""
    all: bool = False
    whole: bool = False
    metadata_only: bool = False
    eager: str = "off"
    on_demand: bool = False
    files: tuple[int, ...] = ()
