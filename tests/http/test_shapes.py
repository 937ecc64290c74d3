"""What requests may carry."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.http import shapes

SHAPES = [shapes.AddTorrent, shapes.ChangeTorrent, shapes.AddPeers, shapes.SetPosition, shapes.ChangeSettings]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("shape", SHAPES)
@given(value=JSON, name=st.sampled_from(["source", "file", "paused", "peers", "seconds", "down_limit", "files"]))
def test_whatever_comes_fits_or_is_refused(shape: type, value: object, name: str) -> None:
    for body in (value, {name: value}):
        try:
            found = msgspec.json.decode(msgspec.json.encode(body), type=shape)
        except msgspec.ValidationError:
            continue
        assert isinstance(found, shape)


def test_a_misspelt_field_is_refused() -> None:
    for shape in SHAPES:
        with pytest.raises(msgspec.ValidationError, match=r"unknown field|missing required"):
            msgspec.json.decode(b'{"pausd": true}', type=shape)


def test_which_file() -> None:
    assert [shapes.AddTorrent("x", file).selector for file in (None, 0, "S01E02", "")] == ["", "0", "S01E02", ""]


def test_a_server_that_only_plays_does_without_it() -> None:
    code = "import headrace.http.server, headrace.playing, sys; print('headrace.http.shapes' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
