"""What was watched and is kept: torrents, positions, settings, tokens, in one SQLite file.

Rules: nothing here knows an engine, a server or a player. ``records`` are frozen; ``library`` is the one door. A write
that returned survives a kill and a power failure. Several processes may use one library; each sees what all others
wrote. The event loop never waits for the disk.
"""
