from __future__ import annotations

import re

import pytest

from headrace.core.dlna import FEATURES, IMAGE_FEATURES


@pytest.mark.parametrize(("features", "streamed"), [(FEATURES, True), (IMAGE_FEATURES, False)])
def test_flags_say_how_it_comes(features: str, streamed: bool) -> None:
    match = re.fullmatch(r"DLNA\.ORG_OP=01;DLNA\.ORG_CI=0;DLNA\.ORG_FLAGS=([0-9A-F]{8})0{24}", features)
    assert match
    flags = int(match[1], 16)
    assert bool(flags & 1 << 24) is streamed, "streaming mode"
    assert bool(flags & 1 << 23) is not streamed, "interactive mode"
    assert flags & 1 << 20, "DLNA 1.5"
