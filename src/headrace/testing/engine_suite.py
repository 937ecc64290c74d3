"""What every engine must do: the rules of ``headrace.engine.base`` as checks that can be run on any engine.

Rules: a check is an async function of a ``World``; it needs nothing else and leaves nothing behind. All that events
promise is looked at while they are delivered (``engine_world.Client``), in every check. Real time only bounds the
waits.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_engine(check): ...
        async with make() as world:
            await check(world)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from headrace.testing import checks_pieces as pieces
from headrace.testing import checks_state as state
from headrace.testing.engine_world import PATIENCE, Make, World

Check = Callable[[World], Coroutine[Any, Any, None]]

CHECKS: tuple[Check, ...] = (
    state.metadata_of_a_torrent,
    state.nothing_is_known_before_the_metadata,
    state.metadata_of_a_magnet,
    state.wishes_before_the_metadata_hold,
    state.metadata_only,
    pieces.nothing_wanted_nothing_fetched,
    pieces.wanted_pieces_come_alone,
    pieces.whole_torrent,
    pieces.dropped_pieces_do_not_come,
    pieces.pieces_come_in_order,
    pieces.order_holds_after_going_back,
    pieces.a_jump_comes_soon,
    pieces.only_chosen_files_are_on_disk,
    pieces.wishes_next_to_a_choice_hold,
    pieces.pausing_stops_all,
    state.stats_and_peers_are_answered,
    state.nothing_is_said_unasked,
    state.resume_round_trip,
    state.useless_resume_data_does_no_harm,
    state.resume_data_without_the_files,
    state.data_on_disk_is_found,
    state.events_wait_for_a_listener,
    state.bad_input_is_refused,
    pieces.corrupt_pieces_never_count,
    pieces.blocks_are_reported,
    pieces.blocks_can_be_asked_for_later,
    pieces.taken_pieces_are_told,
    pieces.pieces_in_flight_are_known,
    pieces.stragglers_are_let_go,
    pieces.a_limit_holds_until_it_is_lifted,
    pieces.seeds_go_and_come_back,
    state.unknown_trackers_are_told,
    state.removing_keeps_or_deletes,
    state.closing_is_quick_and_final,
)


async def check_engine(make: Make) -> None:
    """Run every check, each in a world of its own; an error tells which one failed."""
    for check in CHECKS:
        try:
            async with asyncio.timeout(6 * PATIENCE), make() as world:
                await check(world)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error
