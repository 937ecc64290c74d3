"""Who is held back for whose sake: single decisions, what holds of all of them, and a small world that plays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.sharing import (
    ENOUGH,
    FLOOR,
    HORIZON,
    LEVEL,
    NOBODY,
    NOT_AGAIN,
    SHORT,
    TRIAL,
    Claim,
    Shares,
    Taker,
    share,
)

LATER = 100.0
STEADY = Shares(came=1e12)
"""What came before was more: nothing grows."""


def viewer(key: str, seconds: float, rate: float = 100.0, need: float = 100.0, most: float = math.inf) -> Taker:
    return Taker(key, rate * 1000, (Claim(seconds, need * 1000),), most)


def stock(key: str, rate: float = 1000.0) -> Taker:
    return Taker(key, rate * 1000)


def decide(*takers: Taker, before: Shares = STEADY, now: float = 0.0) -> Shares:
    return share(before, takers, now)


# one decision
def test_nobody_is_held_while_nobody_is_short() -> None:
    assert decide(viewer("a", SHORT), stock("b")).limits == {}
    assert decide(viewer("a", math.inf), stock("b")).limits == {}
    assert decide(stock("a"), stock("b")).limits == {}
    assert decide().limits == {}


def test_one_alone_is_never_held() -> None:
    assert decide(viewer("a", 0.0)).limits == {}


def test_what_nobody_watches_gives_way_to_who_is_about_to_stall() -> None:
    made = decide(viewer("a", 0.0, rate=50, need=300), stock("b", 950))
    assert made.free == "a"
    assert set(made.limits) == {"b"}
    assert made.limits["b"] < 950_000 - 300_000


def test_what_viewers_do_not_need_is_left_to_others() -> None:
    """To 25 seconds ahead within 10: three and a half times what plays. The rest is shared, the stock's least apart."""
    made = decide(viewer("a", 0.0, rate=50, need=100), stock("b", 1950))
    spare = 2000 - 350 - 2000 * FLOOR / 2
    assert made.limits["b"] == pytest.approx((2000 * FLOOR / 2 + spare / 2) * 1000, rel=0.01)


def test_who_has_more_than_enough_is_held_to_less_than_he_plays() -> None:
    made = decide(viewer("a", 1.0, 100), viewer("b", 60.0, 900))
    assert made.limits["b"] == pytest.approx(1_000_000 * FLOOR / 2 + (1000 - 340 - 25) * 500, rel=0.01)
    scarce = decide(viewer("a", 1.0, 10), viewer("b", 60.0, 90))
    assert scarce.limits["b"] == pytest.approx(100_000 * FLOOR / 2)


def test_it_is_not_worth_it_for_a_tenth() -> None:
    assert decide(viewer("a", 0.0, 90), viewer("b", 20.0, 10)).limits == {}


def test_while_more_and_more_comes_nobody_is_held() -> None:
    """At a start nothing is known of the link."""
    takers = viewer("a", 0.0, 100), stock("b", 900)
    assert decide(*takers, before=NOBODY).limits == {}
    assert decide(*takers, before=Shares(came=900_000)).limits != {}


def test_a_finished_torrent_is_left_alone() -> None:
    made = decide(viewer("a", 0.0, 100), stock("b", 900), stock("c", 0))
    assert set(made.limits) == {"b"}


def test_the_most_that_a_user_allows_goes_to_others() -> None:
    kept = decide(viewer("a", 0.0, 10), viewer("b", 9.0, 40), viewer("c", 0.5, 50, most=10_000))
    assert kept.limits["c"] <= 10_000
    assert sum(kept.limits.values()) < 100_000


# from one decision to the next
def test_held_until_all_have_enough() -> None:
    first = decide(viewer("a", 0.0, 100), stock("b", 900))
    assert decide(viewer("a", ENOUGH - 0.1, 900), stock("b", 100), before=first, now=1.0).limits
    assert not decide(viewer("a", ENOUGH, 900), stock("b", 100), before=first, now=1.0).limits


def test_the_free_one_stays_free_until_another_is_clearly_shorter() -> None:
    first = decide(viewer("a", 1.0), viewer("b", 2.0), stock("c"))
    assert first.free == "a"
    assert decide(viewer("a", 3.0), viewer("b", 2.0), stock("c"), before=first, now=1.0).free == "a"
    assert decide(viewer("a", 4.1), viewer("b", 2.0), stock("c"), before=first, now=1.0).free == "b"


def test_a_slow_swarm_is_no_reason_for_long() -> None:
    """It does not take what is left to it, so others get it back; and it is not tried again soon."""
    poor = viewer("a", 0.0, 50, need=300)
    made = decide(poor, stock("b", 950))
    made = decide(poor, stock("b", 920), before=made, now=8.0)
    assert made.since == 8.0, "what was on its way comes first"
    made = decide(poor, stock("b", made.limits["b"] / 1000), before=made, now=8.0 + TRIAL - 0.1)
    assert made.limits
    made = decide(poor, stock("b", made.limits["b"] / 1000), before=made, now=8.0 + TRIAL)
    assert not made.limits
    again = 8.0 + TRIAL + NOT_AGAIN
    made = decide(poor, stock("b", 950), before=made, now=again - 1)
    assert not made.limits
    assert decide(poor, stock("b", 950), before=made, now=again).limits


def test_a_slow_swarm_is_not_held_itself_while_others_are() -> None:
    slow = Shares(came=1e12, slow={"a": 50.0})
    made = decide(viewer("a", 0.0, 50, need=300), viewer("b", 0.0, 50), stock("c", 900), before=slow)
    assert (made.free, set(made.limits)) == ("b", {"c"})


def test_a_link_that_brings_less_is_believed_by_and_by() -> None:
    first = decide(viewer("a", 0.0, 500), stock("b", 500))
    assert first.link == 1_000_000
    second = decide(viewer("a", 0.0, 400), stock("b", 100), before=first, now=1.0)
    assert 900_000 < second.link < 1_000_000
    third = decide(viewer("a", 0.0, 1200), stock("b", 100), before=second, now=2.0)
    assert third.link == 1_300_000


# what holds of all decisions
claims = st.builds(
    Claim,
    st.one_of(st.floats(-10, 60), st.just(math.inf)),
    st.floats(10_000, 5_000_000),
)
takers_ = st.lists(
    st.tuples(st.floats(0, 20_000_000), st.lists(claims, max_size=4), st.sampled_from([math.inf, math.inf, 200_000.0])),
    min_size=1,
    max_size=7,
).map(lambda found: [Taker(f"t{n}", rate, tuple(them), most) for n, (rate, them, most) in enumerate(found)])


def told_twice(takers: list[Taker]) -> tuple[Shares, Shares]:
    first = share(STEADY, takers, 0.0)
    return first, share(first, takers, 1.0)


@given(takers_)
def test_limits_are_sane(takers: list[Taker]) -> None:
    made, _ = told_twice(takers)
    known = {taker.key: taker for taker in takers}
    assert made.free not in made.limits
    assert bool(made.limits) <= bool(made.free)
    if made.free:
        assert known[made.free].seconds == min(taker.seconds for taker in takers) < SHORT
    total = sum(taker.rate for taker in takers)
    assert sum(made.limits.values()) <= total * (1 + FLOOR) + 1
    for key, limit in made.limits.items():
        assert limit >= int(min(known[key].most, total * FLOOR / len(takers))), "nobody starves"
        assert limit <= known[key].most


@given(takers_)
def test_the_same_again_changes_nothing(takers: list[Taker]) -> None:
    first, second = told_twice(takers)
    assert (first.limits, first.free) == (second.limits, second.free)


@given(st.floats(-10, 60), st.floats(-10, 60), st.floats(0, 4.9), st.floats(1_000, 50_000))
def test_who_has_less_gets_more(one: float, other: float, least: float, link: float) -> None:
    takers = viewer("a", least - 16, link / 9), viewer("b", one, 4 * link / 9), viewer("c", other, 4 * link / 9)
    made = decide(*takers)
    if made.limits and one < other:
        assert made.limits["b"] >= made.limits["c"] - 1


@given(st.lists(st.floats(-10, 30), min_size=2, max_size=6), st.floats(100, 3000))
def test_everybody_who_is_below_the_level_is_brought_up_to_one(seconds: list[float], link: float) -> None:
    """The level that a limit leads to is the same for all who get more than the least and play at the same rate."""
    takers = [viewer(f"t{n}", ahead, link / len(seconds)) for n, ahead in enumerate(seconds)]
    made = decide(*takers)
    floor = 1000 * link * FLOOR / len(takers)
    levels = [
        (made.limits[taker.key] / 100_000 - 1) * HORIZON + taker.seconds
        for taker in takers
        if made.limits.get(taker.key, 0) > 1.01 * floor
    ]
    if levels and max(levels) < LEVEL:
        assert max(levels) - min(levels) < 0.01


# a small world
@dataclass
class House:
    """Torrents on one link: who is not held gets his part by the number of his seeds, as connections do."""

    link: float
    seeds: dict[str, int]
    need: dict[str, float]
    swarm: dict[str, float] = field(default_factory=dict)
    """What a torrent's own seeds deliver at most."""
    ahead: dict[str, float] = field(default_factory=dict)
    stalled: dict[str, float] = field(default_factory=dict)
    came: dict[str, float] = field(default_factory=dict)
    decisions: list[Shares] = field(default_factory=list)

    def rates(self, limits: dict[str, int]) -> dict[str, float]:
        most = {key: min(limits.get(key, math.inf), self.swarm.get(key, math.inf)) for key in self.seeds}
        got: dict[str, float] = {}
        left = self.link
        for key in sorted(self.seeds, key=lambda key: most[key] / self.seeds[key]):
            seeds = sum(count for other, count in self.seeds.items() if other not in got)
            got[key] = min(most[key], left * self.seeds[key] / seeds)
            left -= got[key]
        return got

    def play(self, seconds: int) -> None:
        made = self.decisions[-1] if self.decisions else NOBODY
        for now in range(len(self.decisions), len(self.decisions) + seconds):
            rates = self.rates(dict(made.limits))
            for key, need in self.need.items():
                had = self.ahead.get(key, 0.0) + rates[key] / need - 1.0
                self.stalled[key] = self.stalled.get(key, 0.0) + max(0.0, -had)
                self.ahead[key] = max(0.0, had)
            for key, rate in rates.items():
                self.came[key] = self.came.get(key, 0.0) + rate
            takers = [
                Taker(key, rates[key], ((Claim(self.ahead[key], self.need[key]),) if key in self.need else ()))
                for key in self.seeds
            ]
            made = share(made, takers, float(now))
            self.decisions.append(made)


FIVE = {"a": 2, "b": 4, "c": 8, "d": 16, "e": 32}
NEED = dict.fromkeys(FIVE, 100_000.0)


def test_a_link_that_suffices_is_enough_for_all() -> None:
    """Without this the one with two seeds gets a fifth of what it plays."""
    house = House(600_000, FIVE, NEED)
    house.play(20)
    began = dict(house.stalled)
    house.play(600)
    assert house.stalled == began
    assert max(began.values()) < 8


def test_on_a_link_that_does_not_suffice_all_wait_alike() -> None:
    house = House(350_000, FIVE, NEED)
    house.play(600)
    waits = sorted(house.stalled.values())
    assert waits[0] > 0.7 * waits[-1]
    assert sum(waits) == pytest.approx(600 * 5 * 0.3, rel=0.05), "nothing of the link is lost"


def test_what_is_left_goes_to_the_stock_and_hands_change_seldom() -> None:
    house = House(400_000, {"film": 2, "stock": 40}, {"film": 100_000.0})
    house.play(600)
    assert house.stalled["film"] < 10
    assert sum(house.came.values()) == pytest.approx(600 * 400_000, rel=0.01)
    assert house.came["stock"] > 0.6 * 600 * 400_000
    turns = [one for one, two in pairwise(house.decisions) if bool(one.limits) != bool(two.limits)]
    assert len(turns) < 600 / 5


def test_for_a_slow_swarm_others_lose_little() -> None:
    house = House(3_000_000, {"film": 2, "stock": 40}, {"film": 100_000.0}, {"film": 60_000})
    house.play(600)
    assert house.came["stock"] > 0.85 * 600 * 2_940_000
