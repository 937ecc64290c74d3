"""Headrace's policy in virtual time: real torrents, conductors, readers, warm-ups and monitors over a fake engine.

What a simulation proves: what we ask for and what we withhold, in which order and at which moment; that a seek ends the
old wishes in the same step; who comes first when several wait; that a wait ends, says why, and never gives a wrong
byte; what all this costs in seconds when blocks arrive as fast as a swarm's rates and round trips allow. It is the
place to look when a change of a constant makes seeks faster and something else worse: each story has a figure.

What it does not prove: that libtorrent does what it is asked. The fake engine picks blocks in index order and cancels
at once; it has no end-game, no congestion, no contention for upload slots, no hashing time and no slow disk. Peers
keep their rates. So bounds in seconds hold for the policy in an ideal swarm, not for the product; for that there are
the tests with real seeds (``tests/e2e``) and the swarm lab (``bench``). That the fake engine behaves like the real one
in what both can do is the matter of ``headrace.testing.engine_suite``.

How to read one: ``@simulated(...)`` says who is there (films, peers, downlink); the story is what people and peers do;
``sim.ledger`` is what the engine was told and what came, ``sim.told`` what users were told. Every story is told twice
and must give the same figures to the last digit. A story that fails prints its transcript: each line a moment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for ``simkit``, which all files here share

from simkit.films import Film, make_films


@pytest.fixture(scope="session")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Film]:
    """Films by name; made once."""
    return make_films(tmp_path_factory.mktemp("films"))
