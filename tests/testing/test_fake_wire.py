"""The simulated wire: its times, its order, and that no block is lost whatever happens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.pieces import BLOCK
from headrace.engine.base import Change
from headrace.testing.fake_swarm import Content, Downlink, FakePeer, FakeSwarm
from headrace.testing.fake_wire import TIMEOUT, Block, Failed, Metadata, Outcome, Piece, Taken, Wire

RATE = 10.0 * BLOCK
RTT = 0.1


def wire_of(
    *peers: FakePeer, pieces: int = 10, blocks: int = 4, downlink: float = math.inf, known: bool = True
) -> Wire:
    swarm = FakeSwarm(Content(pieces * blocks * BLOCK, blocks * BLOCK), peers, downlink=downlink)
    wire = Wire(swarm, metadata=known)
    for peer in swarm.peers:
        wire.connect(peer)
    return wire


def play(wire: Wire, until: float = 1000.0) -> list[tuple[float, Outcome]]:
    """What happens, and when (rounded to microseconds)."""
    seen: list[tuple[float, Outcome]] = []
    while (at := wire.next_at()) is not None and at <= until:
        seen += [(round(at, 6), outcome) for outcome in wire.advance(at)]
    wire.advance(until)
    return seen


def pieces(seen: list[tuple[float, Outcome]]) -> list[int]:
    return [outcome.piece for _, outcome in seen if isinstance(outcome, Piece)]


def when(seen: list[tuple[float, Outcome]], what: Outcome) -> float:
    return next(at for at, outcome in seen if outcome == what)


def test_times_of_one_peer() -> None:
    wire = wire_of(FakePeer(RATE, RTT))
    wire.apply(Change(want=(0,)))
    seen = play(wire)
    # 2 RTT until it speaks, 1 until it lets us, half there, 0.1 s a block, half back
    assert when(seen, Taken(0)) == 0.3
    assert [at for at, outcome in seen if isinstance(outcome, Block)] == [0.5, 0.6, 0.7, 0.8]
    assert when(seen, Piece(0)) == 0.8


def test_a_limit_of_our_own() -> None:
    """A block a second instead of ten; without it the next one comes at once."""
    wire = wire_of(FakePeer(RATE, RTT))
    wire.set_limit(BLOCK)
    wire.apply(Change(want=(0,)))
    seen = play(wire, until=2.6)
    assert [at for at, outcome in seen if isinstance(outcome, Block)] == [1.5, 2.5]
    wire.set_limit(math.inf)
    seen = play(wire)
    assert [at for at, outcome in seen if isinstance(outcome, Block)] == [2.6, 2.6]


def test_swarms_share_a_line() -> None:
    line = Downlink(2.0 * BLOCK)
    wires = []
    for _ in range(2):
        swarm = FakeSwarm(Content(4 * BLOCK, 4 * BLOCK), [FakePeer(RATE, RTT)], downlink=line)
        wire = Wire(swarm, metadata=True)
        wire.connect(swarm.peers[0])
        wire.apply(Change(want=(0,)))
        wires.append(wire)
    came: list[float] = []
    while times := [at for wire in wires if (at := wire.next_at()) is not None]:
        for wire in wires:
            came += [min(times) for outcome in wire.advance(min(times)) if isinstance(outcome, Block)]
    # the first block of each reaches the line after 0.5 s; then it is busy with both
    assert [round(at, 6) for at in came] == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]


def test_metadata_comes_from_a_peer() -> None:
    wire = wire_of(FakePeer(RATE, RTT), known=False)
    assert play(wire)[0][1] == Metadata()
    assert wire._now > 0.3


def test_nothing_comes_unasked() -> None:
    assert play(wire_of(FakePeer(RATE, RTT))) == []


def test_rates_add_up_to_the_downlink() -> None:
    free, shared = (wire_of(*[FakePeer(RATE, RTT)] * 4, downlink=downlink) for downlink in (math.inf, 2 * RATE))
    for wire in (free, shared):
        wire.apply(Change(want=tuple(range(10))))
    assert play(free)[-1][0] == pytest.approx(40 / 40 + 0.4, abs=0.3)
    assert play(shared)[-1][0] == pytest.approx(40 / 20 + 0.4, abs=0.3)


def test_order_of_wishes_does_not_matter() -> None:
    wire = wire_of(FakePeer(RATE, RTT))
    wire.apply(Change(want=(7, 3, 5)))
    assert pieces(play(wire)) == [3, 5, 7]


def test_dropped_pieces_stay_away_and_jumps_withdraw() -> None:
    wire = wire_of(FakePeer(RATE, 0.02), pieces=20)
    wire.apply(Change(want=tuple(range(10))))
    play(wire, until=1.0)
    begun = wire._now
    wire.apply(Change(want=(15,), drop=tuple(range(10)), jump=15))
    seen = play(wire)
    # one block is on the wire, four of the piece follow
    assert when(seen, Piece(15)) - begun < 0.65
    assert len([outcome for _, outcome in seen if isinstance(outcome, Block) and outcome.piece != 15]) <= 2


def test_without_a_jump_what_was_asked_for_still_comes() -> None:
    wire = wire_of(FakePeer(RATE, 0.02), pieces=20)
    wire.apply(Change(want=tuple(range(10))))
    play(wire, until=1.0)
    wire.apply(Change(want=(15,), drop=tuple(range(10))))
    assert len([outcome for _, outcome in play(wire) if isinstance(outcome, Block) and outcome.piece != 15]) >= 5


def test_choked_times_bring_nothing() -> None:
    wire = wire_of(FakePeer(RATE, RTT, chokes=((0, 5), (5.55, 8))))
    wire.apply(Change(want=tuple(range(5))))
    times = [at for at, outcome in play(wire) if isinstance(outcome, Block)]
    assert min(times) > 5
    assert not [at for at in times if 5.7 < at < 8]
    assert len(times) == 20


def test_never_unchoked() -> None:
    wire = wire_of(FakePeer(RATE, RTT, chokes=((0, math.inf),)))
    wire.apply(Change(want=(0,)))
    assert play(wire) == []


def test_silent_death_is_noticed_and_others_take_over() -> None:
    wire = wire_of(FakePeer(RATE, RTT, dies_after=BLOCK), FakePeer(RATE, RTT, joins=1.0))
    wire.apply(Change(want=(0,)))
    seen = play(wire)
    assert TIMEOUT < when(seen, Piece(0)) < TIMEOUT + 2
    assert len([outcome for _, outcome in seen if isinstance(outcome, Block)]) == 4


def test_leaving_gives_blocks_back() -> None:
    wire = wire_of(FakePeer(RATE, RTT, leaves=0.65), FakePeer(RATE, RTT, joins=3.0))
    wire.apply(Change(want=(0,)))
    seen = play(wire)
    assert [round(at, 2) for at, outcome in seen if isinstance(outcome, Block)][:2] == [0.5, 0.6]
    assert 3 < when(seen, Piece(0)) < 4


def test_partial_peers_give_what_they_have() -> None:
    wire = wire_of(FakePeer(RATE, RTT, have=frozenset({2, 4})))
    wire.apply(Change(want=tuple(range(10))))
    assert pieces(play(wire)) == [2, 4]


def test_corrupt_peer_is_banned_and_its_piece_comes_again() -> None:
    liar, honest = FakePeer(RATE, RTT, corrupt=frozenset({1})), FakePeer(RATE, RTT, joins=2.0)
    wire = wire_of(liar, honest)
    wire.apply(Change(want=tuple(range(4))))
    seen = play(wire)
    failed = when(seen, Failed(1))
    assert sorted(pieces(seen)) == [0, 1, 2, 3]
    assert when(seen, Piece(1)) > failed
    assert [link.peer.joins for link in wire.links.values()] == [2.0]
    wrong = [outcome for _, outcome in seen if isinstance(outcome, Block) and outcome.wrong]
    assert {outcome.piece for outcome in wrong} == {1}


def test_trust_is_earned() -> None:
    wire = wire_of(FakePeer(RATE, RTT))
    wire.apply(Change(want=(0, 1)))
    blocks = [outcome for _, outcome in play(wire) if isinstance(outcome, Block)]
    assert [block.trusted for block in blocks] == [False] * 4 + [True] * 4


def test_disconnected_and_met_again() -> None:
    peer = FakePeer(RATE, RTT, address=("10.0.0.9", 1))
    wire = wire_of(peer)
    wire.apply(Change(want=(0, 1, 2)))
    play(wire, until=0.75)
    wire.disconnect(peer.address)
    assert play(wire, until=5) == []
    wire.connect(peer)
    assert pieces(play(wire)) == [0, 1, 2]


def test_taken_is_told_once_for_each_wish() -> None:
    wire = wire_of(FakePeer(RATE, RTT))
    wire.apply(Change(want=(0, 1)))
    play(wire, until=0.35)
    wire.apply(Change(drop=(1,)))
    wire.apply(Change(want=(1,), jump=1))
    taken = [outcome.piece for _, outcome in play(wire) if isinstance(outcome, Taken)]
    assert taken.count(1) == 1


PEERS = st.builds(
    FakePeer,
    rate=st.sampled_from([BLOCK / 5, 3.0 * BLOCK, 40.0 * BLOCK]),
    rtt=st.sampled_from([0.0, 0.05, 1.0]),
    have=st.sampled_from([1.0, 0.5]),
    joins=st.sampled_from([0.0, 2.0]),
    leaves=st.sampled_from([math.inf, 3.0]),
    dies_after=st.sampled_from([math.inf, 2.5 * BLOCK]),
    chokes=st.sampled_from([(), ((1.0, 4.0),)]),
    corrupt=st.sampled_from([frozenset(), frozenset({1, 2})]),
)
STEPS = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.lists(st.integers(0, 5), max_size=3, unique=True),
        st.lists(st.integers(0, 5), max_size=3, unique=True),
        st.none() | st.integers(0, 5),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PEERS, max_size=3), STEPS, st.sampled_from([math.inf, 5.0 * BLOCK]))
def test_whatever_happens_all_wanted_pieces_come_in_the_end(
    peers: list[FakePeer], steps: list[tuple[float, list[int], list[int], int | None]], downlink: float
) -> None:
    runs = []
    for _ in range(2):
        saviour = FakePeer(20.0 * BLOCK, 0.05, joins=10.0)
        wire = wire_of(*peers, saviour, pieces=6, blocks=3, downlink=downlink)
        seen, now = [], 0.0
        for pause, want, drop, jump in steps:
            now += pause
            seen += play(wire, until=now)
            wire.apply(Change(tuple(set(want) - set(drop)), tuple(drop), jump))
        wanted = {piece for piece, want in enumerate(wire.wanted) if want}
        seen += play(wire)
        assert wanted <= set(pieces(seen))
        assert len(pieces(seen)) == len(set(pieces(seen)))
        assert {piece for piece, had in enumerate(wire.have) if had} == set(pieces(seen))
        runs.append(seen)
    assert runs[0] == runs[1]
