"""What the service manager is told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from headrace import notice


@pytest.mark.parametrize("abstract", [False, True])
def test_it_hears_both_kinds_of_socket(tmp_path: Path, abstract: bool) -> None:
    name = f"@headrace-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name[1:]}" if abstract else name)
        manager.settimeout(5)
        notice.tell(notice.READY, {"NOTIFY_SOCKET": name})
        notice.tell(notice.STOPPING, {"NOTIFY_SOCKET": name})
        assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize("name", [None, "", "relative", "vsock:2:1", "/nobody/there", "@nobody-there", "/" + "x" * 300])
def test_nobody_to_tell_is_no_error(name: str | None) -> None:
    notice.tell(notice.READY, {} if name is None else {"NOTIFY_SOCKET": name})


def test_who_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        for _ in range(1000):  # more than the queue of any system takes
            notice.tell(notice.READY, {"NOTIFY_SOCKET": name})
        manager.settimeout(5)
        assert manager.recv(100) == b"READY=1"
