"""More than one audio track, and sound that the browser does not decode, in a real browser over a real swarm."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kit.browser import Page, browser
from kit.stack import Stack, stack

from headrace.testing.local_swarm import LocalSwarm

pytestmark = pytest.mark.e2e

PIECE = 64 * 1024
DECODED = "() => document.querySelector('video').webkitAudioDecodedByteCount"
TIME = "() => document.querySelector('video').currentTime"
CHOSEN = "[...document.querySelector('video').audioTracks].find((track) => track.enabled)?.language"
AS_IT_IS = "it.currentSrc.includes('/stream/')"
AS_HLS = "it.currentSrc.startsWith('blob:')"


@pytest.fixture(scope="module")
def shelf(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Matroska: ``two`` with English in AAC and German in AC-3, ``mute`` with AC-3 alone, ``many`` with AC-3, Opus,
    FLAC and MP3."""
    folder = tmp_path_factory.mktemp("shelf")
    sound = ("-f", "lavfi", "-i", "sine=880:r=48000:d=40")
    film = ("-t", "40", "-i", str(films["film.mkv"]), *sound, "-map", "0:v")
    for arguments in (
        (*film, "-map", "0:a", "-map", "1:a", "-c", "copy", "-c:a:1", "ac3", "-metadata:s:a:0", "language=eng",
         "-metadata:s:a:1", "language=ger", "-disposition:a:0", "default", "two.mkv"),
        (*film, "-map", "1:a", "-c", "copy", "-c:a", "ac3", "mute.mkv"),
        (*film, *("-map", "1:a") * 4, "-c", "copy", "-c:a:0", "ac3", "-c:a:1", "libopus", "-c:a:2", "flac",
         "-c:a:3", "libmp3lame", "-disposition:a:0", "default", "-t", "20", "many.mkv"),
        ("-t", "5", "-i", str(films["film.mkv"]), "-c:v", "mpeg4", "-an", "old.avi"),
    ):  # fmt: skip
        subprocess.run(["ffmpeg", "-v", "error", *arguments], cwd=folder, check=True, timeout=60)
    return folder


@contextlib.asynccontextmanager
async def watching(film: Path, data: Path, *, rate: int = 0) -> AsyncIterator[tuple[Page, Stack]]:
    """A browser at the player of a film."""
    async with (
        LocalSwarm(film, rate=rate, piece_length=PIECE) as swarm,
        stack(swarm.magnet, data) as running,
        browser(urlsplit(running.url()).netloc) as page,
    ):
        await running.torrent.metadata(20)
        await page.go(f"#/t/{running.torrent.info_hash}/0")
        yield page, running


async def test_audio_is_switched_at_the_same_place_and_seeks_play(shelf: Path, data: Path) -> None:
    async with watching(shelf / "two.mkv", data, rate=200_000) as (page, running):
        await page.until(f"{AS_IT_IS} && it.currentTime > 2 && it.audioTracks.length === 2")
        assert await page.run(f"() => {CHOSEN}") == "eng"
        assert running.share < 0.9, "it plays while it arrives"
        before = await page.run(TIME)
        await page.page.click("media-audio-track-menu-button")
        items = page.page.locator("media-audio-track-menu [role=menuitemradio]")
        assert await items.all_inner_texts() == ["English", "German"]
        await items.nth(1).click()
        took = await page.until(f"{AS_HLS} && it.readyState > 2 && !it.paused && it.webkitAudioDecodedByteCount > 5000")
        print(f"switched to AC-3 in {took:.1f} s")
        assert took < 6
        now = await page.run(TIME)
        assert before - 0.5 < now < before + took + 1.5, "it went on where it was"
        assert await page.run(f"() => {CHOSEN}") == "ger"
        await page.run("() => { document.querySelector('video').currentTime = 32; }")
        took = await page.until("!it.seeking && it.currentTime > 33 && it.videoWidth === 640", within=30)
        print(f"a second after the seek in {took:.1f} s")
        decoded = await page.run(DECODED)
        await page.run("() => { [...document.querySelector('video').audioTracks][0].enabled = true; }")
        await page.until(f"it.currentTime > 35 && it.webkitAudioDecodedByteCount > {decoded} && {AS_HLS}")
        assert await page.run(f"() => {CHOSEN}") == "eng"
        assert not await page.run("() => document.querySelector('.problem')?.textContent ?? ''")


async def test_sound_that_the_browser_cannot_decode_is_heard_all_the_same(shelf: Path, data: Path) -> None:
    async with watching(shelf / "mute.mkv", data) as (page, _):
        took = await page.until(f"{AS_HLS} && it.currentTime > 2 && it.webkitAudioDecodedByteCount > 5000")
        print(f"AC-3 heard for two seconds after {took:.1f} s")
        assert await page.run("() => document.querySelector('video').videoWidth") == 640
        assert await page.run("() => document.querySelector('video').duration") == pytest.approx(40, abs=0.2)
        assert await page.run("() => document.querySelector('.problem') === null")


async def test_tracks_in_any_codec_are_heard(shelf: Path, data: Path) -> None:
    async with watching(shelf / "many.mkv", data) as (page, _):
        await page.until(f"{AS_HLS} && it.audioTracks.length === 4 && it.currentTime > 0.5")
        for number in (1, 2, 3, 0):
            # the file's second to fifth tracks: what is fetched of the one that is chosen
            async with page.page.expect_response(f"**/a{number + 1}/*.m4s", timeout=20_000):
                await page.run(
                    f"() => {{ [...document.querySelector('video').audioTracks][{number}].enabled = true; }}"
                )
            decoded, now = await page.run(DECODED), await page.run(TIME)
            await page.until(f"it.webkitAudioDecodedByteCount > {decoded} + 3000 && it.currentTime > {now} + 0.5")
        assert await page.run("() => document.querySelector('.problem') === null")


async def test_a_language_is_remembered(shelf: Path, data: Path) -> None:
    async with watching(shelf / "two.mkv", data) as (page, _):
        await page.until("it.audioTracks.length === 2")
        await page.run("() => { [...document.querySelector('video').audioTracks][1].enabled = true; }")
        await page.until(f"{AS_HLS} && it.currentTime > 0.5")
        await page.page.reload()
        await page.until(f"{AS_HLS} && it.currentTime > 0.5 && it.webkitAudioDecodedByteCount > 0")
        assert await page.run(f"() => {CHOSEN}") == "ger"


async def test_what_nobody_can_send_is_said(shelf: Path, data: Path) -> None:
    async with watching(shelf / "old.avi", data) as (page, _):
        await page.until("it.textContent.includes('This browser cannot play this kind of file')", of=".problem")
