from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.pieces import FileEntry, Layout
from headrace.core.spans import Span


def layout_of(sizes: list[int], piece_length: int = 16, pads: frozenset[int] = frozenset()) -> Layout:
    files, offset = [], 0
    for index, size in enumerate(sizes):
        files.append(FileEntry(index, f"show/{index}.mkv", size, offset, index in pads))
        offset += size
    return Layout("show", piece_length, offset, tuple(files))


layouts = st.builds(layout_of, st.lists(st.integers(0, 60), min_size=1, max_size=5), st.integers(1, 32))


@given(layouts)
def test_pieces_cut_all_bytes_without_a_gap(layout: Layout) -> None:
    covered = [byte for piece in range(layout.num_pieces) for byte in range(*layout.span_of(piece))]
    assert covered == list(range(layout.total_size))
    assert all(layout.span_of(piece).size == layout.piece_length for piece in range(layout.num_pieces - 1))


@given(layouts, st.data())
def test_a_byte_lies_in_the_piece_at_it(layout: Layout, data: st.DataObject) -> None:
    byte = data.draw(st.integers(0, max(0, layout.total_size - 1)))
    piece = layout.piece_at(byte)
    if layout.total_size:
        assert layout.span_of(piece).start <= byte < layout.span_of(piece).end


@given(layouts, st.integers(0, 300), st.integers(0, 300))
def test_pieces_of_a_span_are_those_of_its_bytes(layout: Layout, start: int, end: int) -> None:
    assert list(layout.pieces_of(Span(start, end))) == sorted({layout.piece_at(byte) for byte in range(start, end)})


def test_files_know_their_name_and_their_bytes() -> None:
    first, second = layout_of([10, 5]).files
    assert (first.name, second.span) == ("0.mkv", Span(10, 15))
    assert FileEntry(0, "alone.mp4", 3, 0).name == "alone.mp4"


def test_a_file_is_found_by_its_own_index() -> None:
    entry = FileEntry(7, "a", 1, 0)
    layout = Layout("a", 16, 1, (FileEntry(2, "b", 0, 0), entry))
    assert layout.file(7) is entry
    with pytest.raises(KeyError):
        layout.file(0)


def test_pad_files_are_not_listed() -> None:
    layout = layout_of([10, 6, 10], pads=frozenset({1}))
    assert [entry.index for entry in layout.listed()] == [0, 2]
