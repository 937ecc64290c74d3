from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.casting import names
from headrace.casting.base import Device
from headrace.casting.names import Wish
from headrace.errors import PlayerError

KITCHEN = Device("a1", "Kitchen", "chromecast", "10.0.0.1:8009", "Ultra")
HALL = Device("a2", "Hall", "chromecast", "10.0.0.2:8009")
TV = Device("uuid:3", "Kitchen TV", "dlna", "10.0.0.3:49152", "TV", "http://10.0.0.3:49152/d.xml")
ALL = [KITCHEN, HALL, TV]


@pytest.mark.parametrize(
    ("player", "wish"),
    [
        ("cast", Wish("chromecast")),
        ("cast:", Wish("chromecast")),
        ("CAST: Kitchen ", Wish("chromecast", "Kitchen")),
        ("dlna:http://10.0.0.3/d.xml", Wish("dlna", "http://10.0.0.3/d.xml")),
        ("mpv", None),
        ("cast {url}", None),
        ("castle", None),
    ],
)
def test_what_players_ask_for(player: str, wish: Wish | None) -> None:
    assert names.wish_of(player) == wish


@pytest.mark.parametrize(
    ("wish", "address"),
    [
        (Wish("chromecast", "10.0.0.9"), "10.0.0.9:8009"),
        (Wish("chromecast", "10.0.0.9:32000"), "10.0.0.9:32000"),
        (Wish("chromecast", "[fe80::1]:8009"), "[fe80::1]:8009"),
        (Wish("chromecast", "fe80::1"), "[fe80::1]:8009"),
        (Wish("chromecast", "tv.lan:8009"), "tv.lan:8009"),
        (Wish("dlna", "http://10.0.0.3:49152/d.xml"), "10.0.0.3:49152"),
        (Wish("dlna", "http://tv.lan/d.xml"), "tv.lan:80"),
        (Wish(None, "https://tv.lan/d.xml"), "tv.lan:443"),
    ],
)
def test_addresses_need_no_search(wish: Wish, address: str) -> None:
    found = names.direct(wish)
    assert found is not None
    assert found.address == address


@pytest.mark.parametrize(
    "wish",
    [
        Wish("chromecast"),
        Wish("chromecast", "Kitchen"),
        Wish("chromecast", "tv.lan:99999"),
        Wish("chromecast", "http://10.0.0.1/"),
        Wish("dlna", "10.0.0.3"),
        Wish("dlna", "http://[nonsense/d.xml"),
        Wish("dlna", "http://tv:99999/"),
    ],
)
def test_others_are_looked_for(wish: Wish) -> None:
    assert names.direct(wish) is None


@pytest.mark.parametrize(
    ("wish", "device"),
    [
        (Wish("chromecast", "kitchen"), KITCHEN),
        (Wish("chromecast", "kit"), KITCHEN),
        (Wish("dlna"), TV),
        (Wish("dlna", "10.0.0.3"), TV),
        (Wish("dlna", "UUID:3"), TV),
        (Wish(None, "kitchen"), KITCHEN),
        (Wish(None, "tv"), TV),
    ],
)
def test_the_one_that_is_meant(wish: Wish, device: Device) -> None:
    assert names.pick(ALL, wish) is device


@pytest.mark.parametrize(
    ("devices", "wish", "kind", "words"),
    [
        ([], Wish("chromecast", "x"), "no_device", ("No Chromecast answered", "cast:ADDRESS")),
        ([KITCHEN], Wish("dlna"), "no_device", ("No DLNA renderer answered", "dlna:URL")),
        ([], Wish(None), "no_device", ("No Chromecast or DLNA renderer",)),
        (ALL, Wish("chromecast", "Attic"), "no_device", ("no device 'Attic'", "cast:Kitchen, cast:Hall")),
        (ALL, Wish("chromecast"), "ambiguous_device", ("2 devices", "cast:10.0.0.1:8009, cast:10.0.0.2:8009")),
        (
            [TV, Device("uuid:4", "Kitchen TV", "dlna", "10.0.0.4:80", url="http://10.0.0.4/d.xml")],
            Wish("dlna", "Kitchen TV"),
            "ambiguous_device",
            ("2 devices are called", "dlna:http://10.0.0.3:49152/d.xml, dlna:http://10.0.0.4/d.xml"),
        ),
    ],
)
def test_who_cannot_be_told_apart_is_told(devices: list[Device], wish: Wish, kind: str, words: tuple[str, ...]) -> None:
    with pytest.raises(PlayerError) as refused:
        names.pick(devices, wish)
    assert refused.value.kind == kind
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_what_is_advised_means_the_device() -> None:
    for device in ALL:
        for address in (False, True):
            wish = names.wish_of(names.player_of(device, address=address))
            assert wish is not None
            found = names.direct(wish) or names.pick(ALL, wish)
            assert found.address == device.address


@given(st.text())
def test_whatever_is_typed_is_a_wish_or_none(text: str) -> None:
    wish = names.wish_of(f"dlna:{text}")
    if wish is not None and names.direct(wish) is None:
        with pytest.raises(PlayerError):
            names.pick([], wish)


def test_lists_are_in_order() -> None:
    assert names.in_order([TV, KITCHEN, HALL]) == [HALL, KITCHEN, TV]
