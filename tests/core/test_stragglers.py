"""Who is let go, and who never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK
from headrace.core.stragglers import FAR_SLOWER, SUCCESSORS, Sender, Stragglers


def sender(address: str, received: int = 0, rate: int = 0, held: tuple[int, ...] = (), able: bool = True) -> Sender:
    return Sender(address, received, rate, frozenset(held), able)


PIECE = 7
QUICK = (sender("a", 500, 500), sender("b", 500, 500), sender("c", 500, 500))


def test_who_is_far_slower_and_keeps_a_block_is_let_go_at_the_second_look() -> None:
    slow = sender("x", 99, 99, held=(1, 2))
    looks = Stragglers()
    assert looks.look(PIECE, [*QUICK, slow]) == ()
    assert looks.look(PIECE, [*QUICK, slow._replace(held=frozenset({2, 3}))]) == ("x",)


def test_a_fifth_is_enough() -> None:
    for received, rate in ((100, 99), (99, 100)):
        slow = sender("x", received, rate, held=(1,))
        looks = Stragglers()
        assert [looks.look(PIECE, [*QUICK, slow]) for _ in range(9)] == [()] * 9, "a fifth is not less, then or lately"


def test_other_blocks_are_no_reason() -> None:
    looks = Stragglers()
    assert looks.look(PIECE, [*QUICK, sender("x", 1, 1, held=(1,))]) == ()
    assert looks.look(PIECE, [*QUICK, sender("x", 1, 1, held=(2,))]) == (), "it delivered the one it held"
    assert looks.look(PIECE, [*QUICK, sender("x", 1, 1)]) == (), "it holds nothing"
    assert looks.look(PIECE, [*QUICK, sender("x", 1, 1, held=(2,))]) == (), "it was asked just now"


def test_before_rates_are_known_it_counts_what_came() -> None:
    quick = [sender(name, 64_000) for name in "abc"]
    looks = Stragglers()
    looks.look(PIECE, [*quick, sender("x", 10_000, held=(7,)), sender("y", 13_000, held=(8,))])
    assert looks.look(PIECE, [*quick, sender("x", 10_000, held=(7,)), sender("y", 13_000, held=(8,))]) == ("x",)


def talk(looks: Stragglers, received: int, rate: int, times: int) -> list[tuple[str, ...]]:
    quick = [sender(name, 5_000_000, 400_000) for name in "abc"]
    return [looks.look(PIECE, [*quick, sender("x", received, rate, held=(1,))]) for _ in range(times)]


def test_one_that_was_quick_and_fell_silent_is_let_go_after_half_a_second() -> None:
    looks = Stragglers()
    assert talk(looks, 1_500_000, 400_000, 7) == [()] * 5 + [("x",)] * 2
    assert talk(looks, 1_500_001, 400_000, 1) == [()], "it speaks again"


def test_silence_must_last_for_some_of_its_blocks() -> None:
    looks = Stragglers()
    slow = 4 * BLOCK  # one block in a quarter of a second
    assert talk(looks, 1_500_000, slow, 11) == [()] * 10 + [("x",)]
    assert talk(looks, 1_500_001, slow, 1) + talk(looks, 1_500_001, slow // 2, 10) == [()] * 10 + [("x",)], (
        "its rate falls when it is silent: the one before that counts"
    )
    assert talk(Stragglers(), 1_500_000, 0, 99) == [()] * 99, "no rate, no measure"


def test_silence_counts_before_rates_are_known() -> None:
    looks = Stragglers()
    stuck = sender("x", 400_000, held=(1,))
    found = [
        looks.look(PIECE, [sender("a", came), sender("b", came), stuck]) for came in range(100_000, 700_000, 100_000)
    ]
    assert found == [()] * 5 + [("x",)]


def test_somebody_must_be_left_to_take_over() -> None:
    slow = sender("x", 1, 1, held=(1,))
    for others, found in (
        (QUICK[:2], ("x",)),
        (QUICK[:1], ()),
        ((*QUICK[:1], QUICK[1]._replace(able=False)), ()),
        ((), ()),
    ):
        looks = Stragglers()
        looks.look(PIECE, [*others, slow])
        assert looks.look(PIECE, [*others, slow]) == found


@pytest.mark.parametrize(("delivered", "gone"), [(1_000_000, ()), (1_500_000, ("x", "y"))])
def test_those_who_are_left_must_outweigh_those_who_go(delivered: int, gone: tuple[str, ...]) -> None:
    stuck = [sender(name, 1_500_000, 400_000, held=(number,)) for number, name in enumerate("xy")]
    looks = Stragglers()
    for received in range(delivered, delivered + 6):
        found = looks.look(PIECE, [sender("a", received, 300_000), sender("b", received, 300_000), *stuck])
    assert found == gone


def test_one_very_quick_peer_makes_no_stragglers() -> None:
    for others in ("ab", "abcdefg"):
        rest = [sender(name, 100, 100, held=(number,)) for number, name in enumerate(others)]
        looks = Stragglers()
        looks.look(PIECE, [sender("fast", 10_000, 10_000), *rest])
        assert looks.look(PIECE, [sender("fast", 10_000, 10_000), *rest]) == ()


def test_one_that_cannot_give_the_piece_is_no_measure() -> None:
    others = [sender(name, 9_000, 9_000, able=False) for name in "abc"]
    looks = Stragglers()
    rest = [sender(name, 500, 500, held=(number,)) for number, name in enumerate("def")]
    looks.look(PIECE, [*others, *rest])
    assert looks.look(PIECE, [*others, *rest]) == ()


senders = st.lists(
    st.builds(
        Sender,
        st.sampled_from("abcdef"),
        st.integers(0, 100),
        st.integers(0, 100),
        st.frozensets(st.integers(0, 3), max_size=2),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.address,
)


@given(st.lists(senders, min_size=1, max_size=12))
def test_whoever_is_let_go_holds_a_block_and_others_are_left(looks: list[list[Sender]]) -> None:
    stragglers = Stragglers()
    for number, seen in enumerate(looks):
        found = stragglers.look(PIECE, seen)
        left = [one for one in seen if one.able and one.address not in found]
        assert not found or (number > 0 and len(left) >= SUCCESSORS)
        for one in seen:
            if one.address in found:
                assert one.held
                assert one.received * FAR_SLOWER < max(other.received for other in seen)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_is_there(count: int) -> None:
    looks = Stragglers()
    assert looks.look(PIECE, []) == looks.look(PIECE, QUICK[:count]) == ()


def test_another_piece_begins_anew() -> None:
    looks, slow = Stragglers(), sender("x", 1, 1, held=(1,))
    assert looks.look(PIECE, [*QUICK, slow]) == ()
    assert looks.look(PIECE + 1, [*QUICK, slow]) == (), "the same number of a block, of another piece"
    assert looks.look(PIECE + 1, [*QUICK, slow]) == ("x",)
