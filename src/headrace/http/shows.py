"""A file as a show for a device: under an address that the device reaches, in a form that it plays.

Rules: what is inside a file is looked at only for a device that is choosy; what cannot be found out in time does not
keep a film from being tried as it is.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from headrace.casting.base import Captions, Device, Show
from headrace.casting.formats import Facts, Form, choose
from headrace.core.media_types import media_type_of, suffix_of
from headrace.core.subtitles import Sidecar
from headrace.errors import HeadraceError
from headrace.http.hls import Hls
from headrace.http.media import MediaApi
from headrace.http.subtitles import beside, track_of
from headrace.http.urls import Urls
from headrace.streaming.torrent import File

if TYPE_CHECKING:
    from headrace.media.facts import Media

logger = logging.getLogger(__name__)

LOOKED_WITHIN = 30.0
"""Seconds for the bytes that tell what is in a file: a swarm that needs longer would let the device wait as well."""


class Prepared(NamedTuple):
    """A show, and how its form was chosen."""

    show: Show
    form: Form


class Shows:
    """Makes shows. ``media`` and ``hls`` look into files."""

    def __init__(self, media: MediaApi, hls: Hls) -> None:
        self._media, self._hls = media, hls

    async def of(self, device: Device, file: File, urls: Urls, captions: Captions | None, start: float) -> Prepared:
        """A file for a device, which reaches it by these URLs."""
        form, duration = Form(), None
        if device.kind == "chromecast":
            form, duration = await self._looked(device, file)
        plain = urls.stream(file.torrent, file)
        show = Show(
            urls.hls(file.torrent, file) if form.hls else plain,
            file.name,
            media_type_of(file.path),
            start,
            captions,
            form.hls,
            file.size,
            duration,
        )
        return Prepared(show, form)

    async def _looked(self, device: Device, file: File) -> tuple[Form, float | None]:
        try:
            async with asyncio.timeout(LOOKED_WITHIN):
                media = await self._media.of(file)
                form = choose(device.kind, facts_of(file, media))
                if form.hls and not await self._hls.suits(file):
                    form = Form(doubt=form.reason)
        except (HeadraceError, TimeoutError) as error:
            logger.info("what is in a file could not be found out: %s", type(error).__name__)
            return Form(), None
        return form, media.duration


def facts_of(file: File, media: Media) -> Facts:
    """What the choice of a form wants to know."""
    video = next((track for track in media.tracks if track.kind == "video"), None)
    sounds = [track for track in media.tracks if track.kind == "audio"]
    heard = next((track for track in sounds if track.default), sounds[0] if sounds else None)
    return Facts(
        media.container,
        suffix_of(file.path),
        video.codec if video else "",
        video.pixel_format if video else "",
        heard.codec if heard else "",
    )


async def captions_of(file: File, urls: Urls, track: str | None = None) -> Captions | None:
    """A subtitle file beside a film: the one that is named (``s3``), else the best; None when there is none."""
    found = await beside(file)
    chosen: Sidecar | None = next((each for each in found if track in (None, track_of(each))), None)
    if chosen is None:
        return None
    name = track_of(chosen)
    return Captions(
        urls.subtitles(file.torrent, file, name),
        urls.subtitles(file.torrent, file, name, "srt"),
        chosen.language,
        chosen.entry.name,
    )
