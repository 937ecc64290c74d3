"""mpv, and IINA, which takes mpv's options behind ``--mpv-``."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from headrace.players.base import Media
from headrace.players.record import Control, Player, clean, is_url, lua_pattern, seconds

_NO_WINDOW = ("--no-video", "--vid=no", "--video=no", "--force-window", "--no-force-window")


def later_subtitles(name: str, media: Media) -> tuple[str, ...]:
    """The subtitles that are left to IPC, which adds them once the video plays.

    mpv opens those on its command line before it shows the first frame, and what lies behind a URL may have to be
    downloaded first. IINA gets all by IPC: its own option takes a list whose separator is part of every URL.
    """
    return tuple(source for source in media.subtitles if name == "iina" or is_url(source))


def _options(media: Media, control: Control) -> Iterator[str]:
    """What both take. The user's mpv.conf stays in force but for what a stream from a torrent needs."""
    # mpv's 60 s make it drop and ask again for a stream that waits on purpose until its peers are back. 0 is FFmpeg's
    # own default: no limit (mpv 0.35: 80 s of waiting, one request). Above 2147 s FFmpeg refuses to open at all.
    yield "--network-timeout=0"
    if control.socket:
        yield f"--input-ipc-server={control.socket}"
    if media.title and not media.playlist:  # it would name every entry of a playlist
        yield f"--force-media-title={clean(media.title)}"
    if media.start > 0:
        yield f"--start={seconds(media.start)}"


def mpv_argv(program: str, media: Media, control: Control) -> list[str]:
    """mpv: errors only, no terminal, its window at once (before the first bytes are here)."""
    argv = [program, "--input-terminal=no", "--msg-level=all=error"]
    if control.display and not any(word.startswith(_NO_WINDOW) for word in media.extra):
        argv.append("--force-window=immediate")
    # What mpv cannot open it gives to yt-dlp, which would fetch our URL, fail, and take seconds for it.
    argv.append(f"--script-opts-append=ytdl_hook-exclude={lua_pattern(urlsplit(media.url).netloc)}")
    later = later_subtitles("mpv", media) if control.socket else ()
    files = [f"--sub-file={source}" for source in media.subtitles if source not in later]
    return [*argv, *_options(media, control), *files, *media.extra, "--", media.url]


def iina_argv(program: str, media: Media, control: Control) -> list[str]:
    """IINA: its command line tool stays until the window closes, and leaves our standard input alone."""
    options = ["--mpv-" + option.removeprefix("--") for option in _options(media, control)]
    return [program, "--no-stdin", "--keep-running", *options, *media.extra, media.url]


MPV = Player(
    name="mpv",
    programs=("mpv",),
    argv=mpv_argv,
    places={
        "linux": (
            "/usr/bin/mpv",
            "/usr/local/bin/mpv",
            "/snap/bin/mpv",
            "{HOME}/.local/share/flatpak/exports/bin/io.mpv.Mpv",
            "/var/lib/flatpak/exports/bin/io.mpv.Mpv",
        ),
        "darwin": (
            "/opt/homebrew/bin/mpv",
            "/usr/local/bin/mpv",
            "/opt/local/bin/mpv",
            "/Applications/mpv.app/Contents/MacOS/mpv",
            "{HOME}/Applications/mpv.app/Contents/MacOS/mpv",
        ),
        "win32": (
            r"{ProgramFiles}\mpv\mpv.exe",
            r"{ProgramFiles}\MPV Player\mpv.exe",
            r"{ProgramFiles(x86)}\mpv\mpv.exe",
            r"{LOCALAPPDATA}\Programs\mpv\mpv.exe",
            r"{USERPROFILE}\scoop\apps\mpv\current\mpv.exe",
            r"{ProgramData}\chocolatey\bin\mpv.exe",
        ),
    },
    link="mpv",
    closed=(4,),
    install={
        "linux": "apt install mpv (or dnf, pacman, flatpak install io.mpv.Mpv)",
        "darwin": "brew install mpv",
        "win32": "winget install mpv",
    },
)

IINA = Player(
    name="iina",
    programs=("iina", "iina-cli"),
    argv=iina_argv,
    places={
        "darwin": (
            "/Applications/IINA.app/Contents/MacOS/iina-cli",
            "{HOME}/Applications/IINA.app/Contents/MacOS/iina-cli",
        )
    },
    link="mpv",
    install={"darwin": "brew install --cask iina"},
)
