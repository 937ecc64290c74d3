"""The emulated WAN: wan.c, and what compiles, configures and runs it."""
