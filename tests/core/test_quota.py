from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.quota import USUAL, Held, default_quota, evictable, to_evict

GB = 10**9


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Held], int, int]:
    """A few torrents of a few bytes, so that every rule is at stake."""
    flags = st.sampled_from(["", "", "", "pinned", "reading", "fetching"])
    held = [
        Held(f"{number:040}", draw(st.integers(0, 8)), float(draw(st.integers(0, 6))), **({flag: True} if flag else {}))
        for number, flag in enumerate(draw(st.lists(flags, max_size=8)))
    ]
    return held, draw(st.integers(0, 30)), draw(st.just(0) | st.integers(0, 20))


@given(worlds())
def test_what_is_pinned_read_or_empty_never_goes(world: tuple[list[Held], int, int]) -> None:
    gone = to_evict(*world)
    assert not any(held.pinned or held.reading or held.size == 0 for held in gone)
    assert len(set(gone)) == len(gone)
    assert set(gone) <= set(world[0])


@given(worlds())
def test_it_is_enough_or_all_that_may_go(world: tuple[list[Held], int, int]) -> None:
    held, quota, room = world
    gone = to_evict(held, quota, room)
    freed = sum(each.size for each in gone)
    enough = sum(each.size for each in held) - freed <= quota and freed >= room
    assert enough or list(gone) == evictable(held)


@given(worlds())
def test_it_is_no_more_than_it_takes(world: tuple[list[Held], int, int]) -> None:
    held, quota, room = world
    gone = to_evict(held, quota, room)
    if gone:
        freed = sum(each.size for each in gone[:-1])
        assert sum(each.size for each in held) - freed > quota or freed < room


@given(worlds())
def test_idle_data_goes_first_and_of_it_what_was_watched_longest_ago(world: tuple[list[Held], int, int]) -> None:
    held, quota, room = world
    gone = to_evict(held, quota, room)
    order = [(each.fetching, each.watched) for each in gone]
    assert order == sorted(order)
    stays = [each for each in held if each not in gone and each.size and not (each.pinned or each.reading)]
    for last in gone[-1:]:
        assert all((each.fetching, each.watched) >= (last.fetching, last.watched) for each in stays)


@given(worlds())
def test_what_comes_in_is_never_all_thrown_away(world: tuple[list[Held], int, int]) -> None:
    coming = [held for held in world[0] if held.fetching and held.size]
    gone = to_evict(*world)
    assert not coming or any(held not in gone for held in coming)


@given(worlds())
def test_a_second_look_finds_nothing_more_to_do(world: tuple[list[Held], int, int]) -> None:
    held, quota, _ = world
    gone = to_evict(held, quota)
    assert to_evict([each for each in held if each not in gone], quota) == ()


def test_the_default_is_20_gb_or_a_tenth_of_what_could_be_ours() -> None:
    assert default_quota(1000 * GB, 0) == USUAL == 20 * GB
    assert default_quota(100 * GB, 0) == 10 * GB
    assert default_quota(92 * GB, 8 * GB) == 10 * GB  # what we have does not shrink it
    assert default_quota(0, 0) == 0


def test_what_just_fits_stays() -> None:
    held = [Held("a" * 40, 5, 1.0), Held("b" * 40, 5, 2.0), Held("c" * 40, 5, 3.0)]
    assert to_evict(held, 15) == ()
    assert to_evict(held, 10) == (held[0],)
    assert to_evict(held, 15, room=5) == (held[0],)
    assert to_evict(held, 15, room=6) == (held[0], held[1])
