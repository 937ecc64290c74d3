"""Where a fake engine puts its bytes: real files, each under its own name or, until it is chosen, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from headrace.core.pieces import FileEntry, Layout
from headrace.core.spans import Span


class FakeDisk:
    """The files of one torrent under ``folder``. What is written can be read by others at once."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._layout = layout
        self._folder = folder
        self._open: dict[int, FileIO] = {}
        self._aside: dict[int, dict[int, bytes]] = {}
        self._chosen = frozenset(entry.index for entry in layout.files)

    def path_of(self, index: int) -> Path:
        """Where the file lies."""
        return self._folder / self._layout.file(index).path

    def choose(self, indexes: frozenset[int]) -> None:
        """These files are to lie under their own names; what came for them before is written now."""
        self._chosen = indexes
        for index in sorted(indexes & self._aside.keys()):
            for offset, data in self._aside.pop(index).items():
                self._put(index, data, offset)

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at the torrent's byte ``offset``."""
        for entry, span in self._parts(Span(offset, offset + len(data))):
            part = data[span.start - offset : span.end - offset]
            at = span.start - entry.offset
            if entry.index in self._chosen:
                self._put(entry.index, part, at)
            else:
                self._aside.setdefault(entry.index, {})[at] = part

    def read(self, span: Span) -> bytes:
        """The bytes of ``span`` that lie in files; shorter or empty when some do not."""
        parts = []
        for entry, part in self._parts(span):
            path = self.path_of(entry.index)
            if not path.is_file():
                return b""
            with path.open("rb") as file:
                file.seek(part.start - entry.offset)
                parts.append(file.read(part.size))
        return b"".join(parts)

    def covers(self, span: Span) -> bool:
        """Whether the files are there and long enough to hold ``span``."""
        for entry, part in self._parts(span):
            path = self.path_of(entry.index)
            if not path.is_file() or path.stat().st_size < part.end - entry.offset:
                return False
        return True

    def empty(self) -> bool:
        """Whether none of the files is there."""
        return not any(self.path_of(entry.index).is_file() for entry in self._layout.files)

    def close(self) -> None:
        """Let go of the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def delete(self) -> None:
        """Remove the files, and the folders that this leaves empty."""
        self.close()
        for entry in self._layout.files:
            path = self.path_of(entry.index)
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self._folder or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()

    def _parts(self, span: Span) -> Iterator[tuple[FileEntry, Span]]:
        for entry in self._layout.files:
            part = Span(max(span.start, entry.span.start), min(span.end, entry.span.end))
            if part.size:
                yield entry, part

    def _put(self, index: int, data: bytes, offset: int) -> None:
        file = self._open.get(index)
        if file is None:
            path = self.path_of(index)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            file = self._open[index] = FileIO(path, "r+")
        file.seek(offset)
        file.write(data)
