"""What needs codecs.

Rules: this folder alone imports av (FFmpeg), and in this process only for content that Headrace made itself: what comes
from a swarm is looked into by a process of its own (``worker``), and else left to players.
"""
