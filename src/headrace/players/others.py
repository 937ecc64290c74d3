"""Players that need only arguments, and MPlayer, which also takes commands on its standard input."""

from __future__ import annotations

from headrace.players.base import Media
from headrace.players.record import Control, Player, clean, clock, is_url, seconds


def mplayer_argv(program: str, media: Media, control: Control) -> list[str]:
    """MPlayer: slave mode (commands on stdin, answers on stdout); it reads subtitles from files only."""
    argv = [program, "-slave", "-quiet", "-noconsolecontrols", "-nolirc"]
    if media.title and not media.playlist:
        argv += ["-title", clean(media.title)]
    if media.start > 0 and not media.playlist:
        argv += ["-ss", seconds(media.start)]
    files = [source for source in media.subtitles if not is_url(source)]
    if files:
        argv += ["-sub", ",".join(path.replace(",", "\\,") for path in files)]
    return [*argv, *media.extra, *(["-playlist"] if media.playlist else []), media.url]


def mpc_hc_argv(program: str, media: Media, control: Control) -> list[str]:
    """MPC-HC and MPC-BE: a window of its own that closes at the end; ``/start`` counts milliseconds."""
    argv = [program, *media.extra, media.url, "/play", "/close", "/new"]
    if media.start > 0:
        argv += ["/start", str(round(media.start * 1000))]
    for source in media.subtitles:
        argv += ["/sub", source]
    return argv


def potplayer_argv(program: str, media: Media, control: Control) -> list[str]:
    """PotPlayer: options follow the content."""
    argv = [program, *media.extra, media.url, "/new"]
    if media.start > 0:
        argv.append(f"/seek={clock(media.start)}")
    if media.title and not media.playlist:
        argv.append(f"/title={clean(media.title)}")
    return argv + [f"/sub={source}" for source in media.subtitles[:1]]


MPLAYER = Player(
    name="mplayer",
    programs=("mplayer",),
    argv=mplayer_argv,
    places={
        "linux": ("/usr/bin/mplayer", "/usr/local/bin/mplayer"),
        "darwin": ("/opt/homebrew/bin/mplayer", "/usr/local/bin/mplayer", "/opt/local/bin/mplayer"),
        "win32": (r"{ProgramFiles}\mplayer\mplayer.exe", r"{ProgramFiles(x86)}\mplayer\mplayer.exe"),
    },
    link="mplayer",
    ends_alone="(End of file)",
    install={"linux": "apt install mplayer", "darwin": "brew install mplayer"},
)

MPC_HC = Player(
    name="mpc-hc",
    programs=("mpc-hc64", "mpc-hc", "mpc-be64", "mpc-be"),
    argv=mpc_hc_argv,
    places={
        "win32": (
            r"{ProgramFiles}\MPC-HC\mpc-hc64.exe",
            r"{ProgramFiles(x86)}\MPC-HC\mpc-hc.exe",
            r"{LOCALAPPDATA}\Programs\MPC-HC\mpc-hc64.exe",
            r"{ProgramFiles}\K-Lite Codec Pack\MPC-HC64\mpc-hc64.exe",
            r"{ProgramFiles(x86)}\K-Lite Codec Pack\MPC-HC64\mpc-hc64.exe",
            r"{ProgramFiles(x86)}\K-Lite Codec Pack\MPC-HC\mpc-hc.exe",
            r"{ProgramFiles}\MPC-BE\mpc-be64.exe",
            r"{ProgramFiles}\MPC-BE x64\mpc-be64.exe",
        )
    },
    install={"win32": "winget install clsid2.mpc-hc"},
)

POTPLAYER = Player(
    name="potplayer",
    programs=("PotPlayerMini64", "PotPlayerMini", "PotPlayer64", "PotPlayer"),
    argv=potplayer_argv,
    places={
        "win32": (
            r"{ProgramFiles}\DAUM\PotPlayer\PotPlayerMini64.exe",
            r"{ProgramFiles(x86)}\DAUM\PotPlayer\PotPlayerMini.exe",
            r"{ProgramFiles(x86)}\DAUM\PotPlayer\PotPlayerMini64.exe",
        )
    },
    install={"win32": "winget install Daum.PotPlayer"},
)
