"""What Prometheus is told."""

from __future__ import annotations

import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from headrace.core.events import Waiting
from headrace.engine.base import PieceFailed, Stats


async def scraped(world, *headers):
    reply = await world.ask("GET", "/metrics", *headers)
    assert reply.status == 200
    return reply, {family.name: family for family in text_string_to_metric_families(reply.body.decode())}


async def test_every_figure_has_its_help_and_its_torrent(world, v1, video):
    torrent = world.add([("film.mkv", video)], name="A private name")
    world.verify(0)
    await world.start(uptime=lambda: 7.5)
    torrent.handle_event(Stats(v1, "downloading", 5000, 70, 9000, 20, 3, 1))
    torrent.handle_event(PieceFailed(v1, 1))
    wire = await world.connect()
    await wire.send("GET", f"/stream/{v1}/0/x", "Range: bytes=0-65535")
    await wire.head()
    await wire.body(65536)
    await world.until(lambda: world.heads == 0)
    torrent.monitor.stop()  # its next look would find nobody waiting
    torrent.monitor._told = Waiting("slow", "", 1, 2.0)
    reply, found = await scraped(world)
    assert reply.headers["content-type"].startswith("text/plain; version=")
    ours = {name: family for name, family in found.items() if name.startswith("headrace")}
    assert all(family.documentation.endswith((".", ". ")) for family in ours.values())
    values = {
        (sample.name, sample.labels.get("reason", "")): sample.value
        for family in ours.values()
        for sample in family.samples
        if sample.labels.get("infohash", v1) == v1
    }
    assert values["headrace_uptime_seconds", ""] == 7.5
    assert values["headrace_torrents", ""] == 1
    assert values["headrace_torrent_downloaded_bytes_total", ""] == 9000
    assert values["headrace_torrent_read_bytes_total", ""] == 65536
    assert values["headrace_torrent_failed_pieces_total", ""] == 1
    assert values["headrace_torrent_peers", ""] == 3
    assert values["headrace_torrent_complete_ratio", ""] == 0.25
    assert values["headrace_torrent_waiting", "slow"] == 1
    assert "process_resident_memory_bytes" in found
    assert b"private" not in reply.body


async def test_it_wants_the_token_and_takes_it_as_prometheus_sends_it(world):
    await world.start(token="0123456789abcdef")
    assert (await world.ask("GET", "/metrics")).status == 401
    await scraped(world, "Authorization: Bearer 0123456789abcdef")


async def test_openmetrics_for_who_asks(world):
    await world.start()
    reply = await world.ask("GET", "/metrics", "Accept: application/openmetrics-text; version=1.0.0")
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")


def test_who_does_not_ask_does_not_pay():
    code = "import headrace.http.server, sys; print('prometheus_client' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
