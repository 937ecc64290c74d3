from __future__ import annotations

import asyncio
import json
import ssl
import struct
from typing import Any

from pychromecast.generated.cast_channel_pb2 import CastMessage

from headrace.testing.fake_cast import NAMESPACE, FakeCast, fake_cast


async def asked(device: FakeCast, name: str, told: dict[str, Any]) -> dict[str, Any]:
    """What it answers to one message, as any sender would ask."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", device.port, ssl=context)
    message = CastMessage()
    message.protocol_version, message.payload_type = message.CASTV2_1_0, message.STRING
    message.source_id, message.destination_id = "sender-0", "receiver-0"
    message.namespace, message.payload_utf8 = f"{NAMESPACE}{name}", json.dumps(told)
    data = message.SerializeToString()
    writer.write(struct.pack(">I", len(data)) + data)
    (size,) = struct.unpack(">I", await asyncio.wait_for(reader.readexactly(4), 5))
    answer = CastMessage()
    answer.ParseFromString(await reader.readexactly(size))
    writer.close()
    found: dict[str, Any] = json.loads(answer.payload_utf8)
    return found


async def test_it_speaks_the_protocol() -> None:
    async with fake_cast() as device:
        assert (await asked(device, "tp.heartbeat", {"type": "PING"}))["type"] == "PONG"
        status = await asked(device, "receiver", {"type": "GET_STATUS", "requestId": 7})
        assert (status["requestId"], status["status"]["applications"]) == (7, [])
        status = await asked(device, "receiver", {"type": "LAUNCH", "appId": "CC1AD845", "requestId": 8})
        assert status["status"]["applications"][0]["appId"] == "CC1AD845"
        assert not device.idle
        device.busy = True
        assert (await asked(device, "receiver", {"type": "LAUNCH", "requestId": 9}))["type"] == "LAUNCH_ERROR"
