"""``headrace play``: hand the source over to the engine as soon as the arguments are read."""

from __future__ import annotations

from headrace.cli.output import Later
from headrace.cli.parsing import Arguments, Verb
from headrace.settings import Settings

VERB = Verb(
    "play",
    "stream a torrent and open a player",
    (
        ("headrace play 'magnet:?xt=urn:btih:…'", "the main video, in the first player found"),
        ("headrace play show.torrent --file S02E05", "one episode"),
        ("headrace play show.torrent --all --player vlc", "everything, as a playlist"),
        ("headrace play HASH --player none --port 9000", "only serve it, until Ctrl-C"),
        ("headrace play HASH --player cast:Kitchen", "on a Chromecast; 'headrace devices' lists what is there"),
        ("headrace play HASH -- --fullscreen", "with arguments for the player"),
    ),
    notes="Every option can also be set as a variable (HEADRACE_DOWN_LIMIT=2M) or in the settings file "
    '(down_limit = "2M"); flags win over variables, and they over the file.\n'
    "Where 'headrace serve' has the folder, that server streams: see docs/server.md.",
)


def run(arguments: Arguments) -> int:
    """Play; the exit code. Only what is needed to announce is imported before the engine runs."""
    from headrace import app, sources

    settings = arguments.settings
    if settings.player:
        _check(settings)
    loaded = sources.load(arguments.source, proxy=settings.proxy, source_address=settings.interface)
    flags = frozenset(name for name, origin in arguments.origins.items() if origin.startswith("-"))
    with Later(settings, "play") as say:
        return app.play(settings, loaded, say, flags)


def _check(settings: Settings) -> None:
    """A misspelt player, and what it cannot do, is told before a swarm is asked."""
    from headrace.players.base import accepts, check_device, is_device

    if not accepts(settings.player):
        from headrace.players.table import unknown

        raise unknown(settings.player)
    if is_device(settings.player):
        check_device(settings.player, playlist=settings.all, arguments=settings.player_args)
