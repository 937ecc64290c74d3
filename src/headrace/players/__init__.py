"""Players: each a small typed record, given a URL and a title."""

from headrace.players.base import (
    Found,
    Media,
    OnState,
    PlayerState,
    Running,
    accepts,
    available,
    default_player,
    launch,
)

__all__ = ["Found", "Media", "OnState", "PlayerState", "Running", "accepts", "available", "default_player", "launch"]
