from __future__ import annotations

import pytest
from bench.model import Peers, Scenario, read_scenarios
from bench.nets import DHT_NODES, Namespaces, dead_of, dht_of, enter, hosts_of, peers_of, received_of

MIXED = Scenario("X", "mixed", "t", (Peers(2, 8), Peers(1, 0.5, rtt=0.2, loss=0.01)), rtt=0.08, dead=2)


def test_peers_have_addresses_and_numbers_in_the_order_of_the_scenario() -> None:
    peers = peers_of(MIXED)
    assert [(peer.number, peer.host.address, peer.host.mbit) for peer in peers] == [
        (0, "198.18.1.1", 8),
        (1, "198.18.1.2", 8),
        (2, "198.18.1.3", 0.5),
    ]
    assert [(peer.host.delay, peer.host.loss) for peer in peers] == [(0.04, 0), (0.04, 0), (0.1, 0.01)]


def test_a_round_trip_of_zero_is_not_the_scenarios() -> None:
    assert peers_of(Scenario("X", "x", "t", (Peers(1, 8, rtt=0.0),)))[0].host.delay == 0


def test_dead_addresses_are_dead() -> None:
    assert [(host.address, host.dead) for host in dead_of(MIXED)] == [("198.18.2.1", True), ("198.18.2.2", True)]


def test_there_is_a_dht_only_where_there_is_no_tracker() -> None:
    assert dht_of(MIXED) == []
    nodes = dht_of(Scenario("X", "x", "t", (Peers(1, 8),), tracker=False))
    assert len({node.address.rpartition(".")[0] for node in nodes}) == DHT_NODES


@pytest.mark.parametrize("scenario", read_scenarios().values(), ids=lambda scenario: scenario.id)
def test_no_address_is_given_twice_in_any_scenario(scenario: Scenario) -> None:
    addresses = [host.address for host in hosts_of(scenario)]
    assert len(set(addresses)) == len(addresses)
    assert all(0 < int(part) < 255 for address in addresses for part in address.split(".")[3:])


def test_labs_with_different_numbers_share_no_namespace() -> None:
    first, second = Namespaces(0), Namespaces(1)
    assert len({first.client, first.swarm, second.client, second.swarm}) == 4
    assert enter(first.client, ["curl", "-s"])[-3:] == ["--", "curl", "-s"]


def test_bytes_that_came_over_the_link() -> None:
    table = "Inter-| Receive |\n face |bytes packets\n    lo: 99 1 0\n  wan0: 1234 5 0 0 0 0 0 0 678 9\n"
    assert received_of(table) == 1234
    with pytest.raises(LookupError):
        received_of("    lo: 99 1 0\n")
