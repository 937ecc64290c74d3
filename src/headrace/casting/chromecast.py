"""A Chromecast, or whatever speaks Google Cast. The one importer of pychromecast.

Rules: pychromecast has a thread for each device; what it tells is copied there and handled in the event loop, and what
blocks is called in threads. Nothing is asked again and again: a Chromecast tells each change, and where it is in
between follows from the clock.

Sources: messages and states: https://developers.google.com/cast/docs/media/messages; HLS in fragmented MP4:
https://developers.google.com/cast/docs/reference/web_receiver/cast.framework.messages.MediaInformation.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, ParamSpec, TypeVar
from uuid import UUID

from pychromecast import Chromecast, error
from pychromecast.config import APP_MEDIA_RECEIVER
from pychromecast.const import CAST_TYPE_CHROMECAST
from pychromecast.controllers.media import MEDIA_PLAYER_ERROR_CODES, MediaStatus, MediaStatusListener
from pychromecast.controllers.receiver import CastStatus, CastStatusListener
from pychromecast.models import CastInfo, HostServiceInfo
from pychromecast.socket_client import ConnectionStatus, ConnectionStatusListener, SocketClient

from headrace.casting import failures
from headrace.casting.base import Device, OnStatus, Show, Status
from headrace.casting.ticking import Clockwork
from headrace.errors import PlayerError

logging.getLogger("pychromecast").addHandler(logging.NullHandler())  # what goes wrong is told by us

ANSWER_WITHIN = 8.0
"""Seconds for a device to be connected to, and to answer a command."""
LAUNCH_WITHIN = 20.0
"""Seconds for its player to start: an old one takes several."""
RETRIES, RETRY_AFTER = 3, 2.0
"""Attempts, and seconds between them, to meet a device again whose connection was lost: wireless networks blink."""
HLS_TYPE = "application/x-mpegURL"
_STATES = {"PLAYING": "playing", "BUFFERING": "buffering", "LOADING": "buffering", "PAUSED": "paused"}
_REFUSALS = ("LOAD_FAILED", "LOAD_CANCELLED", "INVALID_REQUEST", "INVALID_PLAYER_STATE", "ERROR")
P = ParamSpec("P")
T = TypeVar("T")


class Heard(NamedTuple):
    """A media status, as it was when it came."""

    state: str
    idle_reason: str | None
    url: str | None
    position: float
    duration: float | None
    rate: float


class _Ears(MediaStatusListener, CastStatusListener, ConnectionStatusListener):
    """Hears the device in pychromecast's thread, and passes on what it tells."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell

    def new_media_status(self, status: MediaStatus) -> None:
        """What it plays."""
        heard = Heard(
            str(status.player_state),
            status.idle_reason,
            status.content_id,
            float(status.current_time or 0.0),
            status.duration,
            float(status.playback_rate),
        )
        self._tell("media", heard)

    def load_media_failed(self, queue_item_id: int, error_code: int) -> None:
        """It cannot play what it was given."""
        self._tell("refused", MEDIA_PLAYER_ERROR_CODES.get(error_code, "").replace("_", " ").lower())

    def new_cast_status(self, status: CastStatus) -> None:
        """Which application it runs, and how loud."""
        self._tell("receiver", status)

    def new_connection_status(self, status: ConnectionStatus) -> None:
        """Whether it is there."""
        self._tell("connection", status.status)


class ChromecastCaster:
    """As ``base.Caster``."""

    def __init__(self, device: Device, on_status: OnStatus) -> None:
        self.device = device
        self._loop = asyncio.get_running_loop()
        self._cast = _chromecast(device)
        self._clock = Clockwork(on_status)
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._met = asyncio.Event()
        """Set whenever the device says how it is; after a connection was made, it is the first to speak."""
        self._show: Show | None = None
        self._ours = False
        """Whether it has begun with our show."""
        self._session: str | None = None
        self._closing = False
        ears = _Ears(self._pass_on)
        self._cast.register_status_listener(ears)
        self._cast.register_connection_listener(ears)
        self._cast.media_controller.register_status_listener(ears)

    async def connect(self) -> None:
        """Meet the device; ``PlayerError`` when it does not answer."""
        self._cast.start()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._answered
        except TimeoutError:
            raise failures.silent(self.device) from None
        self._cast.socket_client.tries = RETRIES

    # as a caster
    async def load(self, show: Show) -> None:
        """Start its own player, and give it the show."""
        self._met.clear()
        if not await self._launched():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._met.wait()
            if not await self._launched():
                raise self._gone()
        self._show, self._ours = show, False
        self._session = self._cast.status.session_id if self._cast.status else None
        self._clock.begin(show.start, show.duration)
        await self._call(self._load, show)

    async def _launched(self) -> bool:
        """Start its own player; False if the connection broke meanwhile: pychromecast makes another by itself."""
        try:
            await asyncio.to_thread(self._cast.start_app, APP_MEDIA_RECEIVER, timeout=LAUNCH_WITHIN)
        except error.NotConnected:
            return False
        except error.RequestFailed:
            failure = self._cast.socket_client.receiver_controller.launch_failure
            if failure is None:
                return False
            reason = f" ({str(failure.reason).replace('_', ' ').lower()})" if failure.reason else ""
            raise PlayerError(
                f"{self.device.name} is busy: it does not start its player{reason}.",
                "End what it plays, or switch it off and on, and try again.",
                kind="device_busy",
            ) from None
        except error.PyChromecastError as problem:
            raise self._translated(problem) from None
        return True

    def _load(self, show: Show) -> None:
        captions = show.captions
        about: dict[str, Any] = {"duration": show.duration} if show.duration else {}
        if show.hls:
            about |= {"hlsSegmentFormat": "fmp4", "hlsVideoSegmentFormat": "fmp4"}
        self._cast.media_controller.play_media(
            show.url,
            HLS_TYPE if show.hls else show.media_type,
            title=show.title,
            current_time=show.start,
            stream_type="BUFFERED",  # LIVE, its default, has no seeking
            subtitles=captions.webvtt if captions else None,
            subtitles_lang=(captions.language if captions else "") or "und",
            media_info=about,
            callback_function=self._loaded,
        )

    def _loaded(self, sent: bool, answer: dict[str, Any] | None) -> None:
        """The answer to a show, in pychromecast's thread."""
        kind = str((answer or {}).get("type", ""))
        if not sent:
            self._pass_on("refused", "the connection broke")
        elif kind in _REFUSALS:
            code = MEDIA_PLAYER_ERROR_CODES.get((answer or {}).get("detailedErrorCode"), "")
            self._pass_on("refused", code.replace("_", " ").lower())

    async def play(self) -> None:
        """Go on."""
        await self._call(self._cast.media_controller.play, ANSWER_WITHIN)

    async def pause(self) -> None:
        """Pause."""
        await self._call(self._cast.media_controller.pause, ANSWER_WITHIN)

    async def seek(self, seconds: float) -> None:
        """Go there."""
        await self._call(self._cast.media_controller.seek, seconds, ANSWER_WITHIN)

    async def set_volume(self, level: float) -> None:
        """How loud the device is."""
        await self._call(self._cast.set_volume, level, ANSWER_WITHIN)

    async def set_muted(self, muted: bool) -> None:
        """Silence the device."""
        await self._call(self._cast.set_volume_muted, muted, ANSWER_WITHIN)

    async def stop(self) -> None:
        """End its player, unless somebody else has started another."""
        if self._clock.status.over:
            return
        self._clock.end(Status("ended"))
        status = self._cast.status
        if status is not None and status.session_id == self._session:
            with contextlib.suppress(PlayerError):
                await self._call(self._cast.quit_app, ANSWER_WITHIN)

    async def aclose(self) -> None:
        """Let go; what it plays goes on if nobody stopped it."""
        self._closing = True
        self._clock.close()
        if self._cast.socket_client.is_alive():
            with contextlib.suppress(TimeoutError):
                await asyncio.to_thread(self._cast.disconnect, 2.0)

    # what the device tells
    def _pass_on(self, what: str, told: Any) -> None:
        """From pychromecast's thread to the event loop's."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._hear, what, told)

    def _hear(self, what: str, told: Any) -> None:
        if self._closing or (self._clock.status.over and what != "connection"):
            return
        hear: Mapping[str, Callable[[Any], None]] = {
            "media": self._media,
            "refused": self._refused,
            "receiver": self._receiver,
            "connection": self._connection,
        }
        hear[what](told)

    def _media(self, heard: Heard) -> None:
        show = self._show
        if show is None or heard.state == "UNKNOWN":
            return
        if heard.url != show.url:
            if self._ours:
                self._clock.end(failures.TAKEN)
            return
        if heard.state == "IDLE":
            self._idle(heard)
            return
        self._ours = True
        self._clock.hear(_STATES.get(heard.state, "buffering"), heard.position, heard.duration, heard.rate)

    def _idle(self, heard: Heard) -> None:
        if heard.idle_reason == "ERROR":
            self._refused("")
        elif self._ours:
            if heard.idle_reason == "FINISHED":
                self._clock.finish()
            else:
                self._clock.end(Status("ended"))

    def _refused(self, reason: str) -> None:
        self._clock.end(failures.refused(self.device, reason))

    def _receiver(self, status: CastStatus) -> None:
        if not self._answered.done():
            self._answered.set_result(None)
        self._met.set()
        self._clock.loud(status.volume_level, status.volume_muted)
        if self._show is not None and self._session is not None and status.session_id != self._session:
            self._clock.end(Status("ended", detail="its player was ended"))

    def _connection(self, status: str) -> None:
        if status in ("FAILED", "DISCONNECTED") and not self._answered.done():
            self._answered.set_exception(failures.silent(self.device))
        elif status == "LOST":
            self._clock.hear("buffering", None, None, 1.0)
        elif status == "DISCONNECTED" and not self._clock.status.over:
            self._clock.end(failures.gone(self.device))

    # errors
    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call what blocks."""
        try:
            return await asyncio.to_thread(function, *arguments)
        except error.PyChromecastError as problem:
            raise self._translated(problem) from None

    def _translated(self, problem: error.PyChromecastError) -> PlayerError:
        if isinstance(problem, error.RequestFailed):
            return PlayerError(f"{self.device.name} refused.", "Perhaps it has ended meanwhile.", kind="refused")
        if isinstance(problem, error.RequestTimeout):
            return failures.silent(self.device)
        return self._gone()

    def _gone(self) -> PlayerError:
        return PlayerError(f"{self.device.name} is not connected any more.", "Is it still on?", kind="device_gone")


async def caster(device: Device, on_status: OnStatus) -> ChromecastCaster:
    """For a Chromecast."""
    return ChromecastCaster(device, on_status)


def _chromecast(device: Device) -> Chromecast:
    port = int(device.address.rpartition(":")[2])
    try:
        uuid = UUID(device.id)
    except ValueError:  # one that was named by its address
        uuid = UUID(int=0)
    place = HostServiceInfo(device.host, port)
    info = CastInfo({place}, uuid, device.model, device.name, device.host, port, CAST_TYPE_CHROMECAST, "")
    cast = Chromecast(info, tries=1, timeout=ANSWER_WITHIN, retry_wait=RETRY_AFTER)
    _in_turn(cast.socket_client)
    return cast


def _in_turn(client: SocketClient) -> None:
    """Let pychromecast's thread, which reads, and those that write use the TLS socket one after the other.

    OpenSSL wants it so (openssl-threads(7)), and the ssl module of Python 3.11 does not see to it: of 24 runs of the
    tests of this module, three at a time on two processors, the connection broke in 6; in turn, in none.
    """
    lock = threading.RLock()

    def one_at_a_time(use: Callable[P, T]) -> Callable[P, T]:
        def turn(*args: P.args, **kwargs: P.kwargs) -> T:
            with lock:
                return use(*args, **kwargs)

        return turn

    client.send_message = one_at_a_time(client.send_message)  # type: ignore[method-assign]
    client._read_message = one_at_a_time(client._read_message)  # type: ignore[method-assign]
