"""The swarm lab: measures streaming tools in a swarm behind an emulated WAN, on one machine, as root. See README.md."""
