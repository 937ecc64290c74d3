"""libtorrent is played by a queue: each flush is answered in its turn, and proves what was there when it began."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.engine.flushes import Flushes


def test_a_question_is_answered_at_once_when_nobody_else_flushes() -> None:
    flushes = Flushes()
    assert flushes.ask({1, 2}) == 1
    assert flushes.answered() == {1, 2}
    assert flushes.answered() == set()


def test_nothing_to_ask_about() -> None:
    assert Flushes().ask(set()) == 0


def test_the_engines_own_flush_may_have_begun_too_early() -> None:
    flushes = Flushes()
    flushes.engines_own()
    assert flushes.ask({1}) == 2
    assert flushes.answered() == set(), "this may be the engine's"
    assert flushes.answered() == {1}
    assert flushes.answered() == set()


def test_who_asks_meanwhile_is_to_ask_again() -> None:
    flushes = Flushes()
    assert flushes.ask({1}) == 1
    assert flushes.ask({1, 2}) == 0
    assert flushes.answered() == {1}
    assert flushes.again
    assert flushes.ask({2}) == 1
    assert not flushes.again
    assert flushes.answered() == {2}


def test_what_is_fetched_anew_meanwhile_is_not_proved() -> None:
    flushes = Flushes()
    flushes.ask({1, 2})
    flushes.forget(1)
    assert flushes.answered() == {2}


STEPS = st.lists(st.sampled_from(["pass", "finish", "answer"]), max_size=60)


@given(STEPS)
def test_what_is_proved_lay_on_the_disk_and_all_is_proved_in_the_end(steps: list[str]) -> None:
    flushes, passed, proved = Flushes(), 0, set[int]()
    queue: list[int] = []
    """How many pieces had passed when each flush that is not answered yet was begun."""

    def ask() -> None:
        queue.extend([passed] * flushes.ask(set(range(passed)) - proved))

    def answer() -> None:
        there = queue.pop(0)
        found = flushes.answered()
        assert found <= set(range(there)), "only what the flush that was answered has written"
        proved.update(found)
        if flushes.again:
            ask()

    for step in steps:
        if step == "pass":
            passed += 1
            ask()
        elif step == "finish":
            queue.append(passed)
            flushes.engines_own()
            ask()
        elif queue:
            answer()
    for _ in range(1000):
        if not queue:
            break
        answer()
    assert not queue
    assert proved == set(range(passed))
