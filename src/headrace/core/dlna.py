"""What DLNA has streams say of themselves (DLNA guidelines, 7.4.1.3: the fourth field of protocolInfo)."""

from __future__ import annotations

_OPERATIONS = "DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS={flags}000000000000000000000000"
"""OP=01: seeks by byte range; CI=0: not converted; the flags' last 24 digits are reserved. No DLNA.ORG_PN: a profile
that is claimed wrongly makes renderers refuse, one that is left out makes them look at the media type."""

FEATURES = _OPERATIONS.format(flags="01700000")
"""Of films and sound: streaming, background, connection stalling, DLNA 1.5."""
IMAGE_FEATURES = _OPERATIONS.format(flags="00F00000")
"""Of what is not streamed: interactive instead of streaming."""
