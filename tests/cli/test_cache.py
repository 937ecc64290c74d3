"""What is on the disk, listed and removed, over real folders."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from headrace import cli
from headrace.cli.cache import Row, ago, choose
from headrace.core.quota import Held
from headrace.errors import InputError
from headrace.library import presence
from headrace.library.library import Library
from headrace.library.records import Entry, Position
from headrace.store import FOLDER, Store

KIB = 1024
SINTEL, TEARS, STRAY = "51" * 20, "7e" * 20, "57" * 20
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three torrents with data, one of them unknown to the library, and one without."""
    folder = tmp_path / "data"
    for info_hash, size, name in (
        (SINTEL, 100 * KIB, "Sintel"),
        (TEARS, 200 * KIB, "Tears of Steel"),
        (STRAY, 50 * KIB, "stray"),
    ):
        (folder / info_hash / name).mkdir(parents=True)
        (folder / info_hash / name / "film.mkv").write_bytes(b"x" * size)

    async def fill() -> None:
        async with await Library.open(folder / FOLDER) as library:
            await library.put(Entry(SINTEL, "Sintel", size=120 * KIB, watched=2000.0, info_hash_v2="ab" * 32))
            await library.put(Entry(TEARS, "Tears \x1b[31mof Steel", watched=1000.0))
            await library.put(Entry("dd" * 20, "Elephants Dream", watched=3000.0))
            await library.set_position(SINTEL, 0, 100.0)
            await library.update(SINTEL, watched=2000.0)

    asyncio.run(fill())
    return folder


def known(data: Path) -> tuple[dict[str, Entry], tuple[Position, ...]]:
    async def look() -> tuple[dict[str, Entry], tuple[Position, ...]]:
        async with await Library.open(data / FOLDER) as library:
            return {entry.info_hash: entry for entry in await library.torrents()}, await library.positions()

    return asyncio.run(look())


def there(data: Path) -> set[str]:
    return {path.name for path in data.iterdir()} - {FOLDER}


def told(capsys: Captured, data: Path, *arguments: str) -> dict[str, Any]:
    assert cli.main(["cache", *arguments, "--json", "--dir", str(data)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_list_has_what_has_data(data: Path, capsys: Captured) -> None:
    found = told(capsys, data, "ls", "--quota", "1M")
    by_hash = {each["infohash"]: each for each in found["torrents"]}
    assert list(by_hash) == [STRAY, SINTEL, TEARS]  # the newest first: nobody knows when the stray was watched
    assert (found["folder"], found["quota"]) == (str(data), 1 << 20)
    assert found["size"] == sum(each["size"] for each in found["torrents"]) >= 350 * KIB
    sintel = by_hash[SINTEL]
    assert 100 * KIB <= sintel.pop("size") < 120 * KIB
    assert sintel.pop("added") > 1_000_000
    assert sintel == {
        "infohash": SINTEL,
        "name": "Sintel",
        "total": 120 * KIB,
        "watched": 2000.0,
        "pinned": False,
        "in_use": False,
        "evictable": True,
    }
    assert (by_hash[STRAY]["name"], by_hash[STRAY]["added"], by_hash[STRAY]["total"]) == ("stray", None, None)
    assert told(capsys, data, "ls", "--quota", "none")["quota"] is None


def test_a_person_reads_a_table(data: Path, capsys: Captured) -> None:
    lock = Store(data / FOLDER).lock(TEARS)
    assert cli.main(["cache", "pin", "sintel", "--dir", str(data)]) == 0
    assert capsys.readouterr().out == "Pinned: Sintel\n"
    assert cli.main(["cache", "--dir", str(data), "--quota", "1G"]) == 0
    head, titles, *lines = capsys.readouterr().out.splitlines()
    lock.release()
    assert head.startswith(f"{data}: 3 torrents, ")
    assert head.endswith("on the disk (quota 1.0 GiB)")
    assert titles.split() == ["HASH", "SIZE", "OF", "WATCHED", "STATE", "NAME"]
    assert [line.split()[0] for line in lines] == [STRAY[:8], SINTEL[:8], TEARS[:8]]
    assert " pinned " in lines[1]
    assert " in use " in lines[2]
    assert lines[2].endswith("Tears [31mof Steel")  # no escape reaches the terminal


def test_removed_data_is_gone_and_the_position_stays(data: Path, capsys: Captured) -> None:
    found = told(capsys, data, "rm", "sintel", STRAY[:4])
    assert {each["name"] for each in found["removed"]} == {"Sintel", "stray"}
    assert found["freed"] >= 150 * KIB
    assert there(data) == {TEARS}
    entries, positions = known(data)
    assert entries[SINTEL].evicted
    assert [position.info_hash for position in positions] == [SINTEL]


def test_forgotten_is_all_of_it(data: Path, capsys: Captured) -> None:
    Store(data / FOLDER).save(SINTEL, b"resume")
    assert cli.main(["cache", "forget", "ab" * 32, "--dir", str(data)]) == 0
    assert capsys.readouterr().out.startswith("Removed: Sintel, 10")
    entries, positions = known(data)
    assert SINTEL not in entries
    assert positions == ()
    assert Store(data / FOLDER).load(SINTEL) == b""


def test_what_is_open_is_not_removed(data: Path, capsys: Captured) -> None:
    lock = Store(data / FOLDER).lock(SINTEL)
    assert cli.main(["cache", "rm", "sintel", "--dir", str(data)]) == 5
    assert "already open in another Headrace" in capsys.readouterr().err
    server = presence.claim(data / FOLDER)
    server.announce("http://127.0.0.1:8888", "secret")
    assert cli.main(["cache", "rm", "sintel", "--dir", str(data)]) == 5
    error = capsys.readouterr().err
    assert "Use it at http://127.0.0.1:8888" in error
    assert "secret" not in error
    assert SINTEL in there(data)
    server.release()
    lock.release()


def test_gc_removes_what_is_too_much_and_what_a_crash_left(data: Path, capsys: Captured) -> None:
    async def leave() -> None:
        async with await Library.open(data / FOLDER) as library:
            await library.update(SINTEL, keep=False)
            await library.put(Entry(STRAY, "stray", watched=5000.0))

    asyncio.run(leave())
    found = told(capsys, data, "gc", "--quota", "120K")
    assert {each["infohash"] for each in found["removed"]} == {SINTEL, TEARS}
    assert found["freed"] >= 300 * KIB
    assert found["size"] <= found["quota"] == 120 * KIB
    assert there(data) == {STRAY}
    assert cli.main(["cache", "gc", "--dir", str(data)]) == 0
    assert capsys.readouterr().out.startswith("0 B freed, ")


def test_pinned_survives_gc_until_it_is_unpinned(data: Path, capsys: Captured) -> None:
    assert [each["name"] for each in told(capsys, data, "pin", "stray", "tears*")["pinned"]]
    assert told(capsys, data, "gc", "--quota", "0")["removed"][0]["infohash"] == SINTEL
    assert there(data) == {STRAY, TEARS}
    assert cli.main(["cache", "unpin", "*s*", "--dir", str(data)]) == 0
    assert "Unpinned: stray" in capsys.readouterr().out
    told(capsys, data, "gc", "--quota", "0")
    assert there(data) == set()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rm"], 2, "no TORRENT was given"),
        (["ls", "sintel"], 2, "cache ls takes no TORRENT"),
        (["eat", "sintel"], 2, "cache cannot 'eat'"),
        (["rm", "--keep", "sintel"], 2, "cache has no option --keep"),
        (["rm", "nothing"], 3, "No torrent here is called 'nothing'"),
        (["rm", ""], 3, "No torrent here is called ''"),
        (["rm", "../.."], 3, "No torrent here is called"),
        (["rm", "s"], 3, "means 4 torrents"),
        (["gc", "--quota", "much"], 2, "'much' is not a size"),
    ],
)
def test_bad_input_removes_nothing(data: Path, capsys: Captured, words: list[str], code: int, said: str) -> None:
    assert cli.main(["cache", *words, "--dir", str(data)]) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert there(data) == {SINTEL, TEARS, STRAY}


def test_words_may_stand_before_and_behind_options(data: Path, capsys: Captured) -> None:
    assert cli.main(["cache", "--dir", str(data), "rm", "--json", "sintel"]) == 0
    assert there(data) == {TEARS, STRAY}


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, capsys: Captured) -> None:
    nowhere = tmp_path / "nowhere"
    assert told(capsys, nowhere, "ls")["torrents"] == []
    assert told(capsys, nowhere, "gc")["removed"] == []
    assert cli.main(["cache", "--dir", str(nowhere)]) == 0
    assert "0 torrents, 0 B on the disk" in capsys.readouterr().out
    assert cli.main(["cache", "rm", "sintel", "--dir", str(nowhere)]) == 3
    assert not nowhere.exists()


def test_a_glob_may_mean_several_and_a_part_of_a_name_one() -> None:
    rows = [Row(Held(f"{n:040}", 1, 0.0), None, name, True) for n, name in enumerate(("Show S01", "Show S02", "Film"))]
    assert [row.name for row in choose(rows, ["show*", "film", "Film"])] == ["Show S01", "Show S02", "Film"]
    with pytest.raises(InputError, match="means 2 torrents: Show S01, Show S02") as caught:
        choose(rows, ["show"])
    assert caught.value.kind == "ambiguous"


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "now"), (60, "1 minute ago"), (7300, "2 hours ago"), (86400 * 3.9, "3 days ago")]
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words
