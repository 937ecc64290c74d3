from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from headrace import settings
from headrace.settings import OPTIONS, Settings, UsageError, default_folder, load


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home without any configuration."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write_config(home: Path, text: str) -> Path:
    path = home / ".config/headrace/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_nothing_given_means_the_defaults() -> None:
    assert load({}, {}) == Settings()
    assert Settings().port is None
    assert Settings().keep


def test_flags_win_over_the_environment_and_that_over_the_file(home: Path) -> None:
    write_config(home, 'port = 1\nhost = "::1"\nmax-peers = 7\ntracker = ["udp://a:1", "udp://b:2"]\n')
    environ = {"HEADRACE_PORT": "2", "HEADRACE_HOST": "::2", "HEADRACE_TRACKER": "udp://c:3"}
    found = load({"port": "3"}, environ)
    assert (found.port, found.host, found.max_peers, found.trackers) == (3, "::2", 7, ("udp://c:3",))


def test_every_option_can_come_from_each_source(home: Path) -> None:
    samples = {
        "player": "mpv",
        "file": "S02E05",
        "all": "yes",
        "start": "1:00",
        "subtitles": "a.srt",
        "host": "::1",
        "port": "9",
        "dir": "/d",
        "keep": "no",
        "resume": "no",
        "quota": "30G",
        "eager": "all",
        "peers": "[::1]:6881",
        "trackers": "udp://t:1",
        "dht": "no",
        "down_limit": "1.5M",
        "up_limit": "8Mbit",
        "max_peers": "5",
        "peer_port": "7000",
        "interface": "tun0",
        "proxy": "socks5://p:1",
        "blocklist": "list.txt",
        "timeout": "30",
        "token": "0123456789abcdef",
        "auth": "no",
        "allow_hosts": "media.lan",
        "watch": "/w",
        "log_format": "json",
        "json": "1",
        "quiet": "on",
        "debug": "true",
        "player_args": "--fs",
    }
    assert samples.keys() == set(Settings.__struct_fields__)
    by_flags = load(samples, {})
    by_environ = load({}, {f"HEADRACE_{OPTIONS[name].key.upper()}": text for name, text in samples.items()})
    write_config(home, "".join(f'{OPTIONS[name].key} = "{text}"\n' for name, text in samples.items()))
    assert by_flags == by_environ == load({}, {})
    changed = [name for name in samples if getattr(by_flags, name) != getattr(Settings(), name)]
    assert changed == list(samples)
    assert (by_flags.down_limit, by_flags.start, by_flags.peers) == (1572864, 60.0, (("::1", 6881),))


def test_bad_values_name_their_source(home: Path) -> None:
    with pytest.raises(UsageError, match=r"^HEADRACE_PORT: 'x' is not a number\.") as caught:
        load({}, {"HEADRACE_PORT": "x"})
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"^--max-peers: 0 is not between"):
        load({"max_peers": "0"}, {})
    path = write_config(home, "port = true\n")
    with pytest.raises(UsageError) as caught:
        load({}, {})
    assert caught.value.message == f"{path}: port: true or false cannot be its value."


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("prot = 1", "there is no setting 'prot'.", "Did you mean 'port'?"),
        ("no-dht = true", "there is no setting 'no-dht'.", "Did you mean 'dht'?"),
        ("zebra = 1", "there is no setting 'zebra'.", ""),
        ("port = ", "not valid TOML", ""),
        ("[play]\nport = 1", "there is no setting 'play'.", "Did you mean 'player'?"),
    ],
)
def test_files_that_are_wrong(home: Path, text: str, message: str, hint: str) -> None:
    path = write_config(home, text)
    with pytest.raises(UsageError) as caught:
        load({}, {})
    assert caught.value.message.startswith(f"{path}: {message}")
    assert caught.value.hint == hint


def test_which_file_is_read(home: Path, tmp_path: Path) -> None:
    write_config(home, "port = 1\n")
    other, third = tmp_path / "other.toml", tmp_path / "third.toml"
    other.write_text("port = 2\n")
    third.write_text("port = 3\n")
    assert load({}, {}).port == 1
    assert load({}, {"HEADRACE_CONFIG": str(other)}).port == 2
    assert load({}, {"HEADRACE_CONFIG": str(other)}, str(third)).port == 3
    assert load({}, {"HEADRACE_CONFIG": ""}).port == 1
    assert load({}, {"HEADRACE_CONFIG": os.devnull}).port is None


def test_a_named_file_must_be_there_and_readable(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        load({}, {}, str(tmp_path / "none.toml"))
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        load({}, {}, str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(UsageError, match=r"cannot be read \(not UTF-8 text\)"):
        load({}, {}, str(tmp_path / "latin.toml"))


def test_misspelt_variables_are_errors_and_foreign_ones_are_not() -> None:
    with pytest.raises(UsageError) as caught:
        load({}, {"HEADRACE_INTERFCE": "tun0"})
    assert caught.value.message.startswith("HEADRACE_INTERFCE: ")
    assert caught.value.hint == "Did you mean HEADRACE_INTERFACE?"
    with pytest.raises(UsageError, match="HEADRACE_DHT"):
        load({}, {"HEADRACE_NO_DHT": "1"})
    assert load({}, {"HEADRACE_WORKSHOP": "x", "HEADRACE_PORT": "", "PORT": "9"}) == Settings()


def test_lists_in_variables_have_blanks_between_and_quotes_around() -> None:
    found = load({}, {"HEADRACE_SUBTITLES": r"'two words.srt' C:\a.srt #1.srt"})
    assert found.subtitles == ("two words.srt", r"C:\a.srt", "#1.srt")
    with pytest.raises(UsageError, match=r"HEADRACE_SUBTITLES: a quote is not closed\."):
        load({}, {"HEADRACE_SUBTITLES": "'open"})


def test_none_takes_back_what_the_file_says(home: Path) -> None:
    write_config(home, 'proxy = "socks5://p:1"\ninterface = "tun0"\n')
    assert load({"proxy": "none", "interface": "none"}, {}) == Settings()
    with pytest.raises(UsageError, match="--interface: nothing was given"):
        load({"interface": ""}, {})


def test_what_the_engine_is_told(home: Path) -> None:
    given = Settings(
        dht=False, down_limit=5, up_limit=6, max_peers=7, interface="tun0", proxy="http://p:1", peer_port=7000
    )
    told = given.engine_options([("10.0.0.0", "10.0.0.9")])
    assert (told.dht, told.down_limit, told.up_limit, told.max_peers) == (False, 5, 6, 7)
    assert (told.interface, told.proxy, told.blocked) == ("tun0", "http://p:1", (("10.0.0.0", "10.0.0.9"),))
    assert told.listen == ("0.0.0.0:7000", "[::]:7000")
    assert told.state_path == home / ".local/state/headrace/session"


def test_where_data_goes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().data_folder == home / ".cache/headrace"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "elsewhere"))
    assert Settings().data_folder == home / "elsewhere/headrace"
    assert Settings(dir=Path("/d")).data_folder == Path("/d")


def test_the_library_lies_beside_data_that_was_given_a_place_and_survives_a_cleared_cache(home: Path) -> None:
    assert Settings().library_folder == home / ".local/state/headrace"
    assert Settings(dir=home / ".cache/headrace").library_folder == Settings().library_folder
    assert Settings(dir=Path("/d")).library_folder == Path("/d/.headrace")


def test_a_folder_may_begin_at_home(home: Path) -> None:
    assert load({"dir": "~/films"}, {}).dir == home / "films"
    assert load({"dir": "films"}, {}).dir == Path("films")
    with pytest.raises(UsageError, match="--dir: '~nobody-of-that-name': there is no such user"):
        load({"dir": "~nobody-of-that-name"}, {})


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is platformdirs")
@pytest.mark.parametrize("kind", ["cache", "config", "state"])
@pytest.mark.parametrize("base", ["", " ", "/base", "~/base", "base"])
def test_folders_are_those_of_platformdirs(kind: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", base)
    finder = getattr(platformdirs, f"user_{kind}_path")
    assert default_folder(kind) == finder("headrace", appauthor=False)


def test_on_other_systems_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.sys, "platform", "darwin")  # type: ignore[attr-defined]
    assert default_folder("cache") == platformdirs.user_cache_path("headrace", appauthor=False)


def test_the_start_path_stays_light() -> None:
    """Neither a configuration file's readers nor the engine are imported when nobody asks for them."""
    code = "import sys, headrace.settings as s; s.load({'port': '1'}, {}); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "tomllib",
        "platformdirs",
        "difflib",
        "shlex",
        "asyncio",
        "dataclasses",
        "headrace.engine.base",
        "rich",
    }
    assert "headrace.settings" in ran.stdout.split()
    assert heavy.isdisjoint(ran.stdout.split())
