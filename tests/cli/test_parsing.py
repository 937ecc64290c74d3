from __future__ import annotations

import pytest

from headrace.cli.dispatch import VERBS, module_of
from headrace.cli.parsing import GROUPS, HelpWanted, Verb, help_text, parse
from headrace.settings import OPTIONS, UsageError

PLAY: Verb = module_of("play").VERB
FILES: Verb = module_of("files").VERB
DEMO: Verb = module_of("demo").VERB
SOURCE = "ab" * 20


def test_options_may_stand_on_either_side_of_the_source() -> None:
    before = parse(PLAY, ["--port", "9", "-p", "vlc", SOURCE])
    after = parse(PLAY, [SOURCE, "--port=9", "--player", "vlc"])
    around = parse(PLAY, ["--port", "9", SOURCE, "-pvlc"])
    assert before == after == around
    assert (before.source, before.settings.port, before.settings.player) == (SOURCE, 9, "vlc")


def test_switches_and_lists() -> None:
    settings = parse(
        PLAY, [SOURCE, "--no-dht", "--no-keep", "--all", "--peer", "a:1", "--peer", "b:2", "--subtitles", "x y.srt"]
    ).settings
    assert (settings.dht, settings.keep, settings.all) == (False, False, True)
    assert (settings.peers, settings.subtitles) == ((("a", 1), ("b", 2)), ("x y.srt",))


def test_what_stands_behind_the_dashes_is_the_players() -> None:
    found = parse(PLAY, [SOURCE, "--", "--fs", "--port", "x", "--", "y"])
    assert found.settings.player_args == ("--fs", "--port", "x", "--", "y")
    assert found.settings.port is None
    assert parse(FILES, ["--", SOURCE]).source == SOURCE


def test_standard_input_is_a_source() -> None:
    assert parse(PLAY, ["-", "--quiet"]).source == "-"


@pytest.mark.parametrize(
    ("argv", "eager"),
    [
        (["--eager", SOURCE], "trusted"),
        ([SOURCE, "--eager"], "trusted"),
        (["--eager", "--quiet", SOURCE], "trusted"),
        (["--eager", "all", SOURCE], "all"),
        (["--eager=off", SOURCE], "off"),
        ([SOURCE], "off"),
    ],
)
def test_eager_alone_means_trusted(argv: list[str], eager: str) -> None:
    found = parse(PLAY, argv)
    assert (found.source, found.settings.eager) == (SOURCE, eager)


@pytest.mark.parametrize(
    ("verb", "argv", "said", "hint"),
    [
        (PLAY, [], "No SOURCE was given.", "SOURCE is a magnet"),
        (PLAY, [SOURCE, "--prot", "3"], "play has no option --prot.", "Did you mean --port?"),
        (PLAY, [SOURCE, "--no-dth"], "play has no option --no-dth.", "Did you mean --no-dht?"),
        (PLAY, [SOURCE, "--zzz=secret"], "play has no option --zzz.", "See: headrace play --help"),
        (PLAY, [SOURCE, "other"], "'other' is one argument too many.", "Quote"),
        (PLAY, [SOURCE, "--port"], "--port: expected one argument.", "See: headrace play --help"),
        (PLAY, [SOURCE, "--por", "3"], "play has no option --por.", "Did you mean --port?"),
        (PLAY, [SOURCE, "--port", "x"], "--port: 'x' is not a number.", ""),
        (PLAY, ["--eager", "ALL", SOURCE], "--eager: 'ALL' is not one of off, trusted, all.", ""),
        (PLAY, [SOURCE, "--player", ""], "--player: nothing was given.", ""),
        (FILES, [SOURCE, "--player", "mpv"], "files has no option --player.", ""),
        (DEMO, [SOURCE], f"'{SOURCE}' is one argument too many.", ""),
    ],
)
def test_wrong_usage(verb: Verb, argv: list[str], said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(verb, argv)
    assert caught.value.message.startswith(said)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("argv", [["-h"], ["--help"], [SOURCE, "--help"], ["--help", "--port", "x"]])
def test_help_wins(argv: list[str]) -> None:
    with pytest.raises(HelpWanted):
        parse(PLAY, argv)


def test_the_players_help_is_not_ours() -> None:
    assert parse(PLAY, [SOURCE, "--", "--help"]).settings.player_args == ("--help",)


def test_every_option_is_in_the_help_once() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(name for name, option in OPTIONS.items() if option.flags)


@pytest.mark.parametrize("name", VERBS)
def test_help_begins_with_examples_that_are_right_and_names_every_flag(name: str) -> None:
    verb: Verb = module_of(name).VERB
    text = help_text(verb)
    assert text.index("Examples:") < text.index("Usage:")
    assert max(map(len, text.splitlines())) <= 100
    shown = {word.rstrip(",") for line in text.splitlines() if line.startswith("  -") for word in line.split()}
    for option in OPTIONS.values():
        for flag in option.flags:
            assert (flag in shown) == (name in option.verbs), flag
    for command, _ in verb.examples:
        words = command.replace("'", "").split()
        assert words[:2] == ["headrace", name]
        parse(verb, words[2:])


def test_help_fits_narrow_pages() -> None:
    text = help_text(PLAY, 60)
    assert all(len(line) <= 60 for line in text.splitlines() if not line.startswith("  headrace"))
