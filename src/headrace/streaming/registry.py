"""The torrents of one engine, by any of their info-hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headrace.core.events import Note
from headrace.engine.base import Event
from headrace.streaming.torrent import Torrent

Subscriber = Callable[[Torrent, Note], None]
Observer = Callable[[Torrent, Event], None]


class Torrents:
    """Finds torrents, hands engine events to them and passes on what they tell."""

    def __init__(self) -> None:
        self._by_hash: dict[str, Torrent] = {}
        self._unsubscribe: dict[str, Callable[[], None]] = {}
        self._subscribers: list[Subscriber] = []
        self._observers: list[Observer] = []

    def add(self, torrent: Torrent) -> None:
        """From now on it can be found."""
        self._by_hash.update(dict.fromkeys(torrent.info_hashes, torrent))
        self._unsubscribe[torrent.info_hash] = torrent.subscribe(lambda note: self.say(torrent, note))

    def discard(self, torrent: Torrent) -> None:
        """It cannot be found any more."""
        for info_hash in torrent.info_hashes:
            self._by_hash.pop(info_hash, None)
        self._unsubscribe.pop(torrent.info_hash, lambda: None)()

    def get(self, info_hash: str) -> Torrent | None:
        """By v1 or v2 info-hash, in any case."""
        return self._by_hash.get(info_hash.lower())

    def __iter__(self) -> Iterator[Torrent]:
        return iter(dict.fromkeys(self._by_hash.values()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear what happens to any torrent; returns what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Hear the engine's events of any torrent, after it has dealt with them; returns what ends it."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer) if observer in self._observers else None

    def say(self, torrent: Torrent, note: Note) -> None:
        """Tell all who listen; a torrent that can be found says it by itself."""
        for subscriber in tuple(self._subscribers):
            subscriber(torrent, note)

    def dispatch(self, events: Sequence[Event]) -> None:
        """The engine's listener."""
        for event in events:
            torrent = self._by_hash.get(event.info_hash)
            if torrent is not None:
                torrent.handle_event(event)
                for observer in tuple(self._observers):
                    observer(torrent, event)
