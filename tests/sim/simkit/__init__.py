"""What the simulations share: films, a stage with a fake swarm, a viewer, and the ledger of what was asked for."""
