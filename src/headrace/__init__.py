"""Headrace streams torrents: the video plays within seconds, long before the download is complete."""

__version__ = "0.1.0"
