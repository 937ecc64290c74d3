"""``/metrics`` for Prometheus.

Rules: names and units as Prometheus advises (base units, ``_total`` for counters); a torrent is known by its info-hash
alone, for names are nobody's business; what is told is read when it is asked for, nothing is counted twice.
``prometheus_client`` is imported at the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from aiohttp import web

from headrace import __version__
from headrace.streaming.registry import Torrents
from headrace.streaming.torrent import Torrent

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

Read = Callable[[Torrent, Any], float | None]

COUNTERS: tuple[tuple[str, str, Read], ...] = (
    ("headrace_torrent_downloaded_bytes", "Payload received from peers since the start.", lambda _, s: s.downloaded),
    ("headrace_torrent_uploaded_bytes", "Payload sent to peers since the start.", lambda _, s: s.uploaded),
    ("headrace_torrent_read_bytes", "Bytes handed to viewers since the start.", lambda t, _: _conducted(t, "read")),
    ("headrace_torrent_failed_pieces", "Pieces that did not match their hash.", lambda t, _: t.failed_pieces),
)
GAUGES: tuple[tuple[str, str, Read], ...] = (
    ("headrace_torrent_download_rate_bytes_per_second", "Payload coming from peers now.", lambda _, s: s.down_rate),
    ("headrace_torrent_upload_rate_bytes_per_second", "Payload going to peers now.", lambda _, s: s.up_rate),
    ("headrace_torrent_peers", "Connected peers.", lambda _, s: s.peers),
    ("headrace_torrent_seeds", "Connected peers that have everything.", lambda _, s: s.seeds),
    ("headrace_torrent_readers", "Open read heads.", lambda _, s: s.readers),
    ("headrace_torrent_complete_ratio", "How much of the chosen files is there, 0 to 1.", lambda _, s: s.progress),
    ("headrace_torrent_buffered_seconds", "Playing time that lies ready ahead.", lambda _, s: s.buffered_seconds),
    ("headrace_torrent_bitrate_bytes_per_second", "What the chosen film needs.", lambda _, s: s.bitrate or None),
    ("headrace_torrent_paused", "1 when it is paused.", lambda t, _: float(t.paused)),
)


class Metrics:
    """The handler. ``uptime``: seconds since the process began."""

    def __init__(self, torrents: Torrents, uptime: Callable[[], float]) -> None:
        self._torrents, self._uptime = torrents, uptime
        self._registry: CollectorRegistry | None = None

    def routes(self) -> list[web.RouteDef]:
        """Method, path and handler."""
        return [web.get("/metrics", self.metrics)]

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus's text format, or OpenMetrics for who asks for that."""
        if self._registry is None:
            self._registry = await asyncio.to_thread(_registry, self)
        from prometheus_client import exposition

        encode, kind = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": kind, "Cache-Control": "no-store"})

    def collect(self) -> Iterator[Metric]:
        """As ``prometheus_client`` asks for it."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("headrace", "Which Headrace this is.", {"version": __version__})
        yield GaugeMetricFamily("headrace_uptime_seconds", "Seconds since the process began.", self._uptime())
        yield GaugeMetricFamily("headrace_torrents", "Torrents that are served.", len(self._torrents))
        statuses = [(torrent, torrent.status()) for torrent in self._torrents]
        for family, table in ((CounterMetricFamily, COUNTERS), (GaugeMetricFamily, GAUGES)):
            for name, about, read in table:
                metric: Any = family(name, about, labels=("infohash",))
                for torrent, status in statuses:
                    if (value := read(torrent, status)) is not None:
                        metric.add_metric((torrent.info_hash,), value)
                yield metric
        waits = GaugeMetricFamily(
            "headrace_torrent_waiting", "1 while a viewer waits, by reason.", labels=("infohash", "reason")
        )
        for torrent, status in statuses:
            if status.waiting is not None:
                waits.add_metric((torrent.info_hash, status.waiting.reason), 1)
        yield waits


def _registry(metrics: Metrics) -> CollectorRegistry:
    """Ours and the process's (memory, CPU, open files); importing it takes a tenth of a second."""
    from prometheus_client import CollectorRegistry, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(metrics)
    return registry


def _conducted(torrent: Torrent, name: str) -> float:
    return float(getattr(torrent.conductor, name)) if torrent.conductor is not None else 0.0
