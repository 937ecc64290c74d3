"""The worlds that plans are made in."""

from __future__ import annotations

import random

import pytest
from bench import planner


@pytest.mark.parametrize("scene", planner.SCENES, ids=lambda scene: scene.__name__)
def test_a_scene_is_the_same_for_torrents_of_all_sizes(scene: planner.Scene) -> None:
    small, large = (scene(random.Random(1), pieces) for pieces in (1_000, 100_000))
    assert len(large) == 100 * len(small)
    if scene is planner.nearly_whole:
        assert small.count(0) == large.count(0) == 10
    else:
        assert large.count(0) == 100 * small.count(0)


def test_plans_follow_one_another() -> None:
    """Each is made of what the last one brought: no piece is planned that is there."""
    handed = []
    for step in planner.steps(planner.scattered, 1_000, 3, 30):
        made = step()
        assert all(piece % 2 for piece in made.wanted), "the even ones are there"
        handed.append(made.wanted)
    assert len(set(handed)) > 20


def test_every_plan_is_measured() -> None:
    taken, handed = planner.times(planner.empty, 1_000, 2, 20)
    assert len(taken) == 20
    assert min(taken) > 0
    assert handed > 10


def test_memory_is_the_have_map_and_little_else() -> None:
    assert 1_000 < planner.memory(planner.empty, 1_000, 2, 10) < 1_000_000


def test_what_99_of_100_do_not_exceed() -> None:
    assert planner.nearly_most([float(number) for number in range(100, 0, -1)]) == 99.0
    assert planner.nearly_most([7.0]) == 7.0
