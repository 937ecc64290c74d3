"""The torrent engine: what it must do (``base``) and the one that does it (``libtorrent``)."""
