"""An asyncio event loop in virtual time: a test of an hour takes milliseconds and gives the same figures on every run.

Rules: time stands still while anything is ready to run, and jumps to the next timer when nothing is. When there is no
timer either, nothing can ever happen again: that is a ``Deadlock``, and it says what every task waits for. Work for an
executor (``asyncio.to_thread``, ``run_in_executor``) runs on the loop's own thread in its next turn and takes no
time: so it is deterministic, its caller is suspended once as with a real thread, and it must not block on the loop.
Sockets and subprocesses belong to real time and do not mix with this loop.
"""

from __future__ import annotations

import asyncio
import functools
import math
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
P = ParamSpec("P")

LIMIT = 3600.0
"""Virtual seconds after which a test has gone wrong."""


class Deadlock(RuntimeError):
    """Nothing is ready and no timer is pending."""


class OutOfTime(RuntimeError):
    """The virtual time limit was reached: something goes on by its timers for ever."""


class _Selector(selectors.BaseSelector):
    """Looks at real files without waiting, and moves the loop's clock instead of sleeping."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0
        self.limit = math.inf
        self.tasks: Callable[[], set[asyncio.Task[Any]]] = set

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock(f"t={self.now:.3f}: nothing is ready, no timer is pending{_waiting(self.tasks())}")
        if self.now + timeout > self.limit:
            raise OutOfTime(f"t={self.now:.3f}: the limit of {self.limit:g} virtual seconds is over")
        self.now += max(0.0, timeout)
        return []

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """The event loop in virtual time. ``time()`` starts at 0, in seconds."""

    def __init__(self, limit: float = LIMIT) -> None:
        self._virtual = _Selector()
        self._virtual.limit = limit
        self._virtual.tasks = lambda: asyncio.all_tasks(self)
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual.now

    def lift_limit(self) -> None:
        """No limit any more: for cleaning up after it was reached."""
        self._virtual.limit = math.inf

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run ``func`` on this thread in the loop's next turn."""
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(_run, future, functools.partial(func, *args))
        return future


def _run(future: asyncio.Future[T], func: Callable[[], T]) -> None:
    if future.cancelled():
        return
    try:
        future.set_result(func())
    except Exception as error:
        future.set_exception(error)


def _waiting(tasks: set[asyncio.Task[Any]]) -> str:
    """One line for each task: its name and the place where it waits."""
    lines = []
    for task in tasks:
        frames = task.get_stack(limit=1)
        place = f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "?"
        lines.append(f"\n  {task.get_name()} waits at {place}")
    return "".join(sorted(lines))


def run(coro: Coroutine[Any, Any, T], *, limit: float = LIMIT) -> T:
    """Run ``coro`` in virtual time. ``Deadlock`` when nothing can happen any more, ``OutOfTime`` after ``limit`` s."""
    loop = VirtualLoop(limit)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            return runner.run(coro)
        finally:
            loop.lift_limit()


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an async test one that runs in virtual time."""

    @functools.wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return wrapper
