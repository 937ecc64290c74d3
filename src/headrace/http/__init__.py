"""The HTTP server: streams, playlists, events and the API. Import its modules late: aiohttp takes 0.2 s."""
