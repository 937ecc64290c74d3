"""A DLNA renderer: a television, a box, a program. The importer of async-upnp-client (with ``dlna_search``).

Rules: what it does is told by its own events. Where it is never is one (AVTransport:1, section 2.2:
RelativeTimePosition is not evented), so that alone is asked, once a second while it plays; a renderer that sends no
events is asked for all.

Sources: UPnP AVTransport:1 and RenderingControl:1; error codes: AVTransport:1, section 2.4.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import TypeVar

from async_upnp_client.aiohttp import AiohttpNotifyServer, AiohttpRequester
from async_upnp_client.client import UpnpService, UpnpStateVariable
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.exceptions import UpnpActionError, UpnpConnectionError, UpnpError
from async_upnp_client.profiles.dlna import DmrDevice, TransportState

from headrace.casting import didl, failures
from headrace.casting.base import Device, OnStatus, Show, Status
from headrace.casting.reach import address_towards
from headrace.casting.ticking import Clockwork
from headrace.core.display import printable
from headrace.errors import PlayerError

logging.getLogger("async_upnp_client").addHandler(logging.NullHandler())  # what goes wrong is told by us

ANSWER_WITHIN = 5
"""Seconds for a renderer to answer a question; commands may take 30 (UDA 1.1, section 3.2.2)."""
ASKED_EVERY, PINGED_EVERY = 1.0, 10.0
"""Seconds between questions where it is: while it plays, and otherwise, to see that it is still there."""
MISSED = 3
"""Questions without an answer after which it has gone."""
ATTEMPTS, NEAR = 3, 3.0
"""How often a renderer is sent to where it is to start, and how many seconds before that will do."""
BUSY = frozenset({701, 705, 715})
"""AVTransport's codes for: not now (transition not available), locked, content busy."""
_STATES = {
    TransportState.PLAYING: "playing",
    TransportState.TRANSITIONING: "buffering",
    TransportState.PAUSED_PLAYBACK: "paused",
}
_STOPPED = (TransportState.STOPPED, TransportState.NO_MEDIA_PRESENT)
T = TypeVar("T")


class DlnaCaster:
    """As ``base.Caster``."""

    def __init__(self, device: Device, on_status: OnStatus, requester: AiohttpRequester, here: str) -> None:
        self.device = device
        self._clock = Clockwork(on_status, ticks=False)
        self._requester = requester
        self._notices = AiohttpNotifyServer(requester, source=(here, 0))
        self._renderer: DmrDevice | None = None
        self._show: Show | None = None
        self._begun = False
        """Whether it was told to play, and has begun to."""
        self._start = 0.0
        """Where it has still to be sent."""
        self._attempts = 0
        self._shows = False
        """Whether it has a film: some say that they play while they have nothing of it yet."""
        self._moving = False
        """It was told to go somewhere, and may stop on the way."""
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """Meet the renderer, and have it tell what it does."""
        factory = UpnpFactory(self._requester, non_strict=True)
        try:
            described = await factory.async_create_device(self.device.url)
            await self._notices.async_start_server()
            self._renderer = DmrDevice(described, self._notices.event_handler)
            self._renderer.on_event = self._on_event
        except (UpnpError, OSError, ValueError) as error:
            raise self._translated(error) from None
        with contextlib.suppress(UpnpError):  # it sends no events: then it is asked for all
            await self._renderer.async_subscribe_services(auto_resubscribe=True)
        await self._asked(self._renderer.async_update())

    @property
    def _dmr(self) -> DmrDevice:
        assert self._renderer is not None
        return self._renderer

    # as a caster
    async def load(self, show: Show) -> None:
        """Give it the show; it begins by and by."""
        if self._dmr.transport_state not in _STOPPED and self._dmr.can_stop:
            with contextlib.suppress(UpnpError):  # some cannot stop while they change; the next command tells
                await self._dmr.async_stop()
        try:
            await self._dmr.async_set_transport_uri(show.url, show.title, didl.didl(show))
        except UpnpError as error:
            raise await self._refusal(error) from None
        self._show, self._begun, self._shows = show, False, False
        self._start, self._attempts = show.start, 0
        self._clock.begin(show.start, show.duration)
        self._do(self._begin())
        self._do(self._follow())

    async def _begin(self) -> None:
        """Some answer only when they have begun, which may have to wait for the swarm."""
        try:
            await self._dmr.async_wait_for_can_play()
            await self._dmr.async_play()
        except UpnpConnectionError:
            return  # too slow an answer: it is asked on, and its absence noticed there
        except UpnpError as error:
            refusal = await self._refusal(error)
            self._clock.end(Status("failed", detail=refusal.message.rstrip("."), kind=refusal.kind))

    async def play(self) -> None:
        """Go on."""
        await self._asked(self._dmr.async_play())

    async def pause(self) -> None:
        """Pause."""
        if not self._dmr.has_pause:
            raise PlayerError(f"{self.device.name} cannot pause.", kind="refused")
        await self._asked(self._dmr.async_pause())

    async def seek(self, seconds: float) -> None:
        """Go there."""
        place = timedelta(seconds=round(seconds))
        if not (self._dmr.has_seek_rel_time or self._dmr.has_seek_abs_time):
            raise PlayerError(f"{self.device.name} cannot seek.", kind="refused")
        self._moving = True
        try:
            by_track = self._dmr.has_seek_rel_time
            await self._asked(
                self._dmr.async_seek_rel_time(place) if by_track else self._dmr.async_seek_abs_time(place)
            )
        finally:
            self._moving = False

    async def set_volume(self, level: float) -> None:
        """How loud it is."""
        if not self._dmr.has_volume_level:
            raise PlayerError(f"{self.device.name} has no volume that can be set from here.", kind="refused")
        await self._asked(self._dmr.async_set_volume_level(level))

    async def set_muted(self, muted: bool) -> None:
        """Silence it."""
        if not self._dmr.has_volume_mute:
            raise PlayerError(f"{self.device.name} cannot be muted from here.", kind="refused")
        await self._asked(self._dmr.async_mute_volume(muted))

    async def stop(self) -> None:
        """End it, unless it plays something else by now."""
        if self._clock.status.over:
            return
        self._clock.end(Status("ended"))
        if self._is_ours():
            with contextlib.suppress(UpnpError):
                await self._dmr.async_stop()

    async def aclose(self) -> None:
        """Let go; what it plays goes on if nobody stopped it."""
        self._clock.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._renderer is not None:
            self._renderer.on_event = None
            with contextlib.suppress(UpnpError, TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._renderer.async_unsubscribe_services()
        await self._notices.async_stop_server()

    # what the renderer tells
    def _on_event(self, service: UpnpService, variables: Sequence[UpnpStateVariable]) -> None:  # type: ignore[type-arg]
        names = {variable.name for variable in variables}
        if names & {"Volume", "Mute"}:
            self._clock.loud(self._dmr.volume_level, self._dmr.is_volume_muted)
        self._news.set()
        if names & {"TransportState", "AVTransportURI", "TransportStatus"}:
            self._changed()

    def _changed(self) -> None:
        if self._show is None or self._clock.status.over:
            return
        if self._begun and not self._is_ours():
            self._clock.end(failures.TAKEN)
            return
        state = self._dmr.transport_state
        if state in _STATES:
            self._begun = self._begun or state is TransportState.PLAYING
            self._clock.hear(_STATES[state] if self._shows else "buffering", None, None)
        elif state in _STOPPED and not self._moving:
            self._stopped()

    def _stopped(self) -> None:
        if self._clock.status.state in ("buffering", "playing", "paused"):
            if self._begun:
                self._clock.end(Status("ended"))
            else:
                self._clock.end(failures.refused(self.device))

    def _is_ours(self) -> bool:
        """Whether what it has is our show; renderers that do not tell are believed."""
        told = self._dmr.av_transport_uri
        return self._show is None or not told or told == self._show.url

    async def _look(self) -> None:
        """Where it is, once it has something to show."""
        here, length, state = self._dmr.media_position, self._dmr.media_duration, self._dmr.transport_state
        if self._clock.status.over or state not in _STATES or not (here or length):
            return
        if self._start and state is TransportState.PLAYING and not await self._sent_on(here or 0):
            return
        self._shows = True
        self._clock.hear(_STATES[state], here, length)

    async def _sent_on(self, here: float) -> bool:
        """Renderers cannot be told where to start: they are sent there once they have begun. Whether that is done.

        Some take it and do nothing, for they had too little of the film yet.
        """
        if here < self._start - NEAR and self._attempts < ATTEMPTS:
            self._attempts += 1
            with contextlib.suppress(PlayerError):  # it plays from the beginning, which its position tells
                await self.seek(self._start)
            return False
        self._start = 0.0
        return True

    async def _follow(self) -> None:
        """Ask where it is, until the end."""
        missed = 0
        while not self._clock.status.over:
            await self._pause_between()
            try:
                await self._dmr.async_update(do_ping=self._dmr.transport_state is not TransportState.PLAYING)
                missed = 0
            except UpnpError:
                missed += 1
                if missed >= MISSED and not self._clock.status.over:
                    self._clock.end(failures.gone(self.device))
                continue
            if not self._dmr.is_subscribed:
                self._changed()
            await self._look()

    async def _pause_between(self) -> None:
        if self._dmr.transport_state is not TransportState.PLAYING and self._dmr.is_subscribed:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), PINGED_EVERY)
        else:
            await asyncio.sleep(ASKED_EVERY)

    def _do(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # errors
    async def _asked(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except UpnpError as error:
            raise self._translated(error) from None

    async def _refusal(self, error: UpnpError) -> PlayerError:
        """Of a show: with what it says that it can play, if it says so."""
        refusal = self._translated(error)
        if refusal.kind == "refused" and self._dmr.has_get_protocol_info:
            with contextlib.suppress(UpnpError):
                types = didl.types_of((await self._dmr.async_get_protocol_info())["sink"])
                if types:
                    refusal.hint = f"It says that it plays {printable(', '.join(types), 200)}."
        return refusal

    def _translated(self, error: Exception) -> PlayerError:
        name = self.device.name
        if isinstance(error, UpnpActionError):
            said = printable(str(error.error_desc or "")).rstrip(".")
            reason = f" ({said or 'no reason given'}, {error.error_code})"
            if error.error_code in BUSY:
                return PlayerError(f"{name} is busy{reason}.", "End what it plays, and try again.", kind="device_busy")
            return PlayerError(f"{name} refused{reason}.", kind="refused")
        if isinstance(error, UpnpConnectionError | OSError):
            return failures.silent(self.device)
        return PlayerError(f"{name} is no renderer that can be steered: {type(error).__name__}.", kind="refused")


async def caster(device: Device, on_status: OnStatus) -> DlnaCaster:
    """For a renderer; ``PlayerError`` when there is no way to it."""
    here = await address_towards(device.host)
    return DlnaCaster(device, on_status, AiohttpRequester(timeout=ANSWER_WITHIN), here)
