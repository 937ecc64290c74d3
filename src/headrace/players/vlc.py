"""VLC 3: told by arguments, steered and asked through its HTTP interface on 127.0.0.1."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urldefrag

from headrace.players.base import Media
from headrace.players.record import Control, Player, clean, is_url, seconds


def later_subtitles(media: Media) -> tuple[str, ...]:
    """The subtitles that are left to the link, which adds them once the video plays: all, when one is behind a URL.

    VLC opens those in its arguments before it shows the first picture, and what lies behind a URL may have to be
    downloaded first. All, because VLC shows what was added last.
    """
    return media.subtitles if any(is_url(source) for source in media.subtitles) else ()


def _subtitle_options(media: Media) -> list[str]:
    """``--sub-file`` takes one path; all others are slaves of the input, parted by ``#``."""
    paths = [source for source in media.subtitles if not is_url(source)]
    slaves = [Path(path).absolute().as_uri() for path in paths[1:]]
    slaves += [urldefrag(source).url for source in media.subtitles if is_url(source)]
    options = [f"--sub-file={paths[0]}"] if paths else []
    return options + ([f"--input-slave={'#'.join(slaves)}"] if slaves else [])


def vlc_argv(program: str, media: Media, control: Control) -> list[str]:
    """VLC: a window of its own (else our arguments would go to one that runs already, and we would wait for nobody)."""
    argv = [program]
    if control.platform in ("linux", "win32"):  # VLC for macOS does not know the option and would end
        argv.append("--no-one-instance")
    argv.append("--play-and-exit")
    if media.title and not media.playlist:
        argv.append(f"--meta-title={clean(media.title)}")
    if media.start > 0 and not media.playlist:  # it would hold for every entry: the link seeks in the first instead
        argv.append(f"--start-time={seconds(media.start)}")
    if control.port:
        argv += ["--extraintf=http", "--http-host=127.0.0.1", f"--http-port={control.port}"]
        argv.append(f"--http-password={control.password}")
    subtitles = [] if control.port and later_subtitles(media) else _subtitle_options(media)
    return [*argv, *subtitles, *media.extra, media.url]


VLC = Player(
    name="vlc",
    programs=("vlc", "cvlc"),
    argv=vlc_argv,
    places={
        "linux": (
            "/usr/bin/vlc",
            "/usr/local/bin/vlc",
            "/snap/bin/vlc",
            "{HOME}/.local/share/flatpak/exports/bin/org.videolan.VLC",
            "/var/lib/flatpak/exports/bin/org.videolan.VLC",
        ),
        "darwin": (
            "/Applications/VLC.app/Contents/MacOS/VLC",
            "{HOME}/Applications/VLC.app/Contents/MacOS/VLC",
        ),
        "win32": (
            r"{ProgramFiles}\VideoLAN\VLC\vlc.exe",
            r"{ProgramFiles(x86)}\VideoLAN\VLC\vlc.exe",
            r"{ProgramW6432}\VideoLAN\VLC\vlc.exe",
            r"{USERPROFILE}\scoop\apps\vlc\current\vlc.exe",
        ),
    },
    link="vlc",
    ends_alone="end of playlist",
    install={
        "linux": "apt install vlc (or dnf, pacman, flatpak install org.videolan.VLC)",
        "darwin": "brew install --cask vlc",
        "win32": "winget install VideoLAN.VLC",
    },
)
