from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.blocklist import Blocklist, parse_blocklist


@pytest.mark.parametrize(
    ("line", "ranges"),
    [
        # P2P text
        ("Some name:1.2.3.4-1.2.3.9", [("1.2.3.4", "1.2.3.9")]),
        ("a:b, 2010-11:1.2.3.4-1.2.3.9\r\n", [("1.2.3.4", "1.2.3.9")]),
        ("10.0.0.1-10.0.0.2:1.2.3.4-1.2.3.9", [("1.2.3.4", "1.2.3.9")]),
        (":1.2.3.4-1.2.3.9", [("1.2.3.4", "1.2.3.9")]),
        # eMule
        ("001.002.003.004 - 001.002.003.019 , 000 , name", [("1.2.3.4", "1.2.3.19")]),
        ("1.2.3.4 - 1.2.3.9 , 127 , na, me: x", [("1.2.3.4", "1.2.3.9")]),
        ("1.2.3.4 - 1.2.3.9,100", [("1.2.3.4", "1.2.3.9")]),
        ("1.2.3.4 - 1.2.3.9 , 128 , name", []),
        ("1.2.3.4 - 1.2.3.9 , 255 , name", []),
        # Plain
        ("1.2.3.4-1.2.3.4", [("1.2.3.4", "1.2.3.4")]),
        ("1.2.3.4 - 1.2.3.9 # why", [("1.2.3.4", "1.2.3.9")]),
        ("1.2.3.4", [("1.2.3.4", "1.2.3.4")]),
        ("1.2.3.4/24", [("1.2.3.0", "1.2.3.255")]),
        ("1.2.3.4/32 // why", [("1.2.3.4", "1.2.3.4")]),
        ("0.0.0.0/0", [("0.0.0.0", "255.255.255.255")]),
        ("1.10.16.0/20 ; SBL256894", [("1.10.16.0", "1.10.31.255")]),
        # IPv6
        ("2001:db8::1", [("2001:db8::1", "2001:db8::1")]),
        ("2001:DB8::/126 # why", [("2001:db8::", "2001:db8::3")]),
        ("2001:db8::5/126", [("2001:db8::4", "2001:db8::7")]),
        ("2001:db8::1 - 2001:db8::ff", [("2001:db8::1", "2001:db8::ff")]),
        ("name:2001:db8::1-2001:db8::ff", [("2001:db8::1", "2001:db8::ff")]),
        ("a name: 1:2:3:4:5:6:7:8-1:2:3:4:5:6:7:9", [("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:9")]),
        # Comments
        ("", []),
        ("  \t", []),
        ("# 1.2.3.4", []),
        ("; 1.2.3.4", []),
        ("// 1.2.3.4", []),
    ],
)
def test_lines(line: str, ranges: list[tuple[str, str]]) -> None:
    assert parse_blocklist([line]) == Blocklist(tuple(ranges), 0)


@pytest.mark.parametrize(
    "line",
    [
        "name",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4/33",
        "1.2.3.4/",
        "256.1.1.1/8",
        "1.2.3.9-1.2.3.4",
        "1.2.3.4-1.2.3.256",
        "1.2.3.4-",
        "1.2.3.4 - 1.2.3.9 , x",
        "1.2.3.4 - 1.2.3.9 name",
        "1.2.3.9 - 1.2.3.4 # why",
        "2001:db8::/129",
        "2001:db8::2-2001:db8::1",
        "2001:db8::g",
        "name:x-2001:db8::1",
        "1.2.3.4-2001:db8::1",
        "1.2.3.٤",
        "127.0.0.1 localhost",
    ],
)
def test_bad_lines_are_counted(line: str) -> None:
    assert parse_blocklist([line, "1.1.1.1", line]) == Blocklist((("1.1.1.1", "1.1.1.1"),), 2)


@given(st.lists(st.text("0123456789abcdef.:-/, #;n", max_size=30)))
def test_any_text_is_read_or_counted(lines: list[str]) -> None:
    found = parse_blocklist(lines)
    assert len(found.ranges) + found.bad <= len(lines)
    for first, last in found.ranges:
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
        assert low.version == high.version
        assert int(low) <= int(high)


@given(st.ip_addresses(), st.integers(0, 128), st.sampled_from(["{}-{}", "{} - {}", "n:{}-{}", "n, x: {} - {}"]))
def test_written_ranges_are_read(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int, form: str) -> None:
    network = ipaddress.ip_network((address, min(bits, address.max_prefixlen)), strict=False)
    ends = (str(network[0]), str(network[-1]))
    assert parse_blocklist([form.format(*ends)]).ranges == (ends,)
    assert parse_blocklist([str(network)]).ranges == (ends,)


@given(st.text())
def test_any_line_at_all(line: str) -> None:
    assert parse_blocklist([line]).bad <= 1


def test_large_lists_and_long_lines() -> None:
    ends = [f"{n >> 8 & 255}.{n & 255}.0" for n in range(50_000)]
    before = time.process_time()
    assert len(parse_blocklist(f"An organisation, 2:{end}.0-{end}.255" for end in ends).ranges) == 50_000
    long = [":" * 100_000, ":1" * 50_000 + "-::1", "1.2.3.4 " * 20_000, " " * 99 + "x - " * 9999]
    assert parse_blocklist(long).bad == 4
    assert time.process_time() - before < 10  # 0.3 s on a slow machine
