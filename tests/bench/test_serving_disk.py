"""What is written to control groups, and which pages are in memory."""

from __future__ import annotations

import os

import pytest
from bench import serving_disk
from bench.serving_disk import AS_IS, SPINNING, Disk, limits, slowed

DISK = Disk("slow", 1000, 10)


def test_limits_of_both_kinds_of_control_groups():
    assert limits(DISK, "8:0", unified=True) == [("io.max", "8:0 rbps=1000 riops=10")]
    assert limits(DISK, "8:0", unified=False) == [
        ("blkio.throttle.read_bps_device", "8:0 1000"),
        ("blkio.throttle.read_iops_device", "8:0 10"),
    ]


def test_a_disk_as_it_is_needs_no_group(tmp_path):
    with slowed(AS_IS, tmp_path, os.getpid(), tmp_path / "none"):
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("unified", [True, False])
def test_a_process_is_put_into_a_group_and_out_again(tmp_path, monkeypatch, unified):
    home = tmp_path if unified else tmp_path / "blkio"
    home.mkdir(exist_ok=True)
    if unified:
        (tmp_path / "cgroup.controllers").touch()
    monkeypatch.setattr(serving_disk, "device_of", lambda _: "8:0")
    group = home / serving_disk.NAME
    # A control group's files go with it; those of a folder must be taken away first.
    monkeypatch.setattr(type(group), "rmdir", lambda self: self.rename(tmp_path / "removed"))
    with slowed(SPINNING, tmp_path, 77, tmp_path):
        assert (group / "cgroup.procs").read_text() == "77"
        assert len(list(group.iterdir())) == (2 if unified else 3)
    assert (home / "cgroup.procs").read_text() == "77"
    assert not group.exists()


def test_held_pages_are_in_memory(tmp_path):
    place = tmp_path / "x"
    place.write_bytes(bytes(4 << 20))
    with serving_disk.held(place, 1 << 20, 2 << 20), place.open("rb") as file:
        assert serving_disk._resident(file.fileno(), 1 << 20, 2 << 20) == 1.0


def test_what_cannot_be_mapped_is_an_error(tmp_path):
    place = tmp_path / "x"
    place.write_bytes(bytes(4 << 20))
    with pytest.raises(OSError, match="mmap"), serving_disk.held(place, 1, 4096):
        pass
