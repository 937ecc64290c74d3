"""Tries the service, and the container, on the machine that it runs on: for ``deploy/check/run``, which boots one.

At the first boot the service is started, used, restarted, stopped and killed; then the machine is rebooted, and all has
to be there again. Where the image is, the container goes the same way. Each finding is a line; the first that is wrong
ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from headrace.testing.local_swarm import LocalSwarm

SOURCE = Path("/src")
STATE = Path("/var/lib/private/headrace")
SEEN = Path("/var/lib/check")
"""What the first boot leaves for the second."""
FILM = SEEN / "film.mkv"
SIZE = 6_000_000
STOP_S = 5.0
"""Promised in docs/server.md, seconds."""
LAN = "192.168.1.5"
"""This machine's address in docs/server.md."""
PATIENCE_S = 120.0
"""For whatever has no bound of its own: the processor may be emulated."""


class Wrong(Exception):
    """A finding that is not as it should be."""


def check(what: str, right: bool, found: object = "") -> None:
    """A line of the report; ``Wrong`` if it is not right."""
    print(f"{'ok   ' if right else 'WRONG'} {what}{f': {found}' if found != '' else ''}", flush=True)
    if not right:
        raise Wrong(what)


def run(*command: str) -> str:
    """What a command prints; ``Wrong`` when it fails."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Wrong(f"{' '.join(command)}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout.strip()


def until(what: str, happens: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + PATIENCE_S
    while not happens():
        if time.monotonic() > end:
            raise Wrong(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.2)


@contextlib.contextmanager
def timed(what: str, bound: float) -> Iterator[None]:
    """A finding: that this takes no longer, in seconds."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    check(f"{what} within {bound:g} s", took < bound, f"{took:.1f} s")


class Server:
    """Headrace on port 8888 of an address, asked with its token."""

    def __init__(self, token: str, address: str = "127.0.0.1") -> None:
        self.address, self.token = address, token

    def ask(self, method: str, path: str, body: Any = None, token: bool = True) -> tuple[int, bytes]:
        """Status and body of the answer."""
        headers = {"Authorization": f"Bearer {self.token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.address, 8888, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """An answer of the API; ``Wrong`` if it is a refusal."""
        status, answer = self.ask(method, f"/api/v1{path}", body)
        if status not in (200, 201):
            raise Wrong(f"{method} {path}: {status} {answer!r}")
        return json.loads(answer)

    def lives(self) -> bool:
        """Whether it answers at all."""
        try:
            return self.ask("GET", "/healthz", token=False)[0] == 200
        except OSError:
            return False


class Torrent:
    """The one that is added, and what must be known of it after each start."""

    def __init__(self, server: Server, info_hash: str) -> None:
        self._server, self._hash = server, info_hash

    def add(self, magnet: str, peers: list[str]) -> None:
        """Add it and read it to its end."""
        self._server.json("POST", "/torrents", {"source": magnet, "peers": peers})
        check("a torrent that was added is read to its end, every byte right", self._digest() == film_digest())
        place = {"seconds": 31.5, "duration": 60}
        self._server.json("PUT", f"/torrents/{self._hash}/files/0/position", place)

    def is_as_it_was(self, when: str) -> None:
        """Nobody seeds it any more: whatever is read lies on the disk."""
        until("the server answers", self._server.lives)
        known = self._server.json("GET", f"/torrents/{self._hash}")
        place = self._server.json("GET", f"/torrents/{self._hash}/files/0/position")
        check(f"{when}: the torrent is there", known["progress"] == 1.0, known["name"])
        check(f"{when}: its position is there", place["seconds"] == 31.5)
        check(f"{when}: its bytes are there", self._digest() == film_digest())

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Somebody has asked for it and reads no further."""
        connection = http.client.HTTPConnection(self._server.address, 8888, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", f"/stream/{self._hash}/0/film.mkv?token={self._server.token}")
            connection.getresponse().read(1)
            yield

    def _digest(self) -> str:
        status, body = self._server.ask("GET", f"/stream/{self._hash}/0/film.mkv")
        return hashlib.sha256(body).hexdigest() if status == 200 else str(status)


def film_digest() -> str:
    """The digest of what is seeded."""
    return hashlib.sha256(FILM.read_bytes()).hexdigest()


def gate(server: Server) -> None:
    """Who may do what, as docs/server.md says it."""
    check("/healthz answers without the token", server.ask("GET", "/healthz", token=False)[0] == 200)
    check("the page answers without the token", b"<html" in server.ask("GET", "/", token=False)[1])
    check("the API wants the token", server.ask("GET", "/api/v1/torrents", token=False)[0] == 401)
    check("the API answers with it", server.ask("GET", "/api/v1/torrents")[0] == 200)


def token_in(log: str) -> str:
    """The token that the first start has shown."""
    found = re.search(r"shown this once: ([\w-]{16,})", log)
    check("the token is shown in the log", found is not None)
    return found[1] if found else ""


def status_of(pid: str) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def confined(pid: str) -> int:
    """Findings on a process that may do nothing but what it has to; its account."""
    status = status_of(pid)
    account = int(status["Uid"].split()[1])
    check("it is not root", account != 0, account)
    check("it has no capabilities", int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0)
    check("it cannot get any", status["NoNewPrivs"] == "1")
    check("its system calls are filtered", status["Seccomp"] == "2")
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    (root,) = [mount[5] for mount in mounts if mount[4] == "/"]
    check("its root is for reading only", "ro" in root.split(","))
    return account


def owned_by(folder: Path, account: int) -> None:
    """Findings on the files that it has written."""
    files = [folder, *folder.rglob("*")]
    check("all that it wrote is its own", {path.lstat().st_uid for path in files} == {account}, f"{len(files)} files")
    check("nobody else may look into it", folder.stat().st_mode & 0o077 == 0)


# the service
def service(name: str) -> str:
    """A property of the unit."""
    return run("systemctl", "show", "--property", name, "--value", "headrace")


def service_begins(swarm: LocalSwarm) -> None:
    """The first boot."""
    print(run("systemctl", "--version").splitlines()[0])
    verified = run("systemd-analyze", "verify", "/etc/systemd/system/headrace.service")
    check("systemd finds nothing wrong with the unit", verified == "")
    run("sh", "-e", str(SOURCE / "start"))
    check("it answers as soon as it is started", Server("").lives())
    check("it is active", service("ActiveState") == "active")
    server = Server(token_in(run("journalctl", "--unit", "headrace")))
    (SEEN / "token").write_text(server.token)
    gate(server)
    account = confined(service("MainPID"))
    check("its account is one that systemd made", 61184 <= account <= 65519)  # systemd.exec(5), DynamicUser=
    torrent = Torrent(server, swarm.info_hash)
    torrent.add(swarm.magnet, [])
    owned_by(STATE, account)
    print(run("systemd-analyze", "security", "--no-pager", "headrace").splitlines()[-1])


def service_goes_on(torrent: Torrent) -> None:
    """Restarted, stopped, killed."""
    run("systemctl", "restart", "headrace")
    torrent.is_as_it_was("after a restart")
    with torrent.watched(), timed("systemctl stop, while somebody watches,", STOP_S):
        run("systemctl", "stop", "headrace")
    check("it ended by itself, with 0", (service("Result"), service("ExecMainStatus")) == ("success", "0"))
    run("systemctl", "start", "headrace")
    torrent.is_as_it_was("after stop and start")
    before = service("MainPID")
    run("systemctl", "kill", "--signal", "SIGKILL", "headrace")
    until("systemd starts it again", lambda: service("MainPID") not in ("0", before))
    torrent.is_as_it_was("after SIGKILL")
    check("systemd has started it again", service("NRestarts") == "1")


# the container
def container(template: str) -> str:
    """What podman says of the container."""
    return run("podman", "inspect", "--format", "{{" + template + "}}", "headrace")


def container_begins(swarm: LocalSwarm) -> Server:
    """Run as docs/server.md says, used from outside."""
    print(run("podman", "--version"))
    run("sh", "-ec", (SOURCE / "container").read_text())
    server = Server("", LAN)
    until("the container answers", server.lives)
    server.token = token_in(run("sh", "-c", "podman logs headrace 2>&1"))
    gate(server)
    gate(Server(server.token))
    account = confined(container(".State.Pid"))
    check("its account is the image's", account == 10001)
    torrent = Torrent(server, swarm.info_hash)
    torrent.add(swarm.bare_magnet, [relay(*swarm.peers[0])])
    owned_by(Path(run("podman", "volume", "inspect", "--format", "{{.Mountpoint}}", "headrace")), account)
    until("podman finds it healthy", lambda: container(".State.Health.Status") == "healthy")
    check("podman finds it healthy", True)
    return server


def relay(host: str, port: int) -> str:
    """An address for containers, behind which a seed is that listens on loopback."""
    gateway = run("podman", "network", "inspect", "--format", "{{(index .Subnets 0).Gateway}}", "podman")
    listen = f"--socket-property=ListenStream={gateway}:7000"
    run("systemd-run", "--quiet", "--unit=relay", listen, "/usr/lib/systemd/systemd-socket-proxyd", f"{host}:{port}")
    return f"{gateway}:7000"


def container_goes_on(server: Server, torrent: Torrent) -> None:
    """Asked to end, stopped, killed, and made anew."""
    with torrent.watched(), timed("SIGTERM, while somebody watches, ends it", STOP_S):
        end(int(container(".State.Pid")))
    until("podman knows", lambda: container(".State.Running") == "false")
    check("it ended by itself, with 0", container(".State.ExitCode") == "0")
    run("podman", "start", "headrace")
    torrent.is_as_it_was("after SIGTERM and start")
    began = time.monotonic()
    run("podman", "stop", "headrace")
    check("podman stop ends it, with 0", container(".State.ExitCode") == "0", f"{time.monotonic() - began:.1f} s")
    run("podman", "start", "headrace")
    torrent.is_as_it_was("after stop and start")
    run("podman", "kill", "headrace")
    until("it has ended", lambda: container(".State.Running") == "false")
    run("podman", "rm", "headrace")
    run("sh", "-ec", (SOURCE / "container").read_text())
    torrent.is_as_it_was("in a new container, the old one killed")
    check("the token is the same", server.ask("GET", "/api/v1/torrents")[0] == 200)


def end(pid: int) -> None:
    """Ask a process to end, and wait for it."""
    process = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        if not select.select([process], [], [], PATIENCE_S)[0]:
            raise Wrong(f"not within {PATIENCE_S:.0f} s: the end of {pid}")
    finally:
        os.close(process)


# the boots
async def first_boot() -> None:
    """Everything of the service but the start on boot."""
    async with LocalSwarm(FILM, seeds=1, piece_length=65536) as swarm:
        (SEEN / "hash").write_text(swarm.info_hash)
        service_begins(swarm)
    service_goes_on(kept()[1])
    print("reboot")
    run("systemctl", "reboot")


def kept() -> tuple[Server, Torrent]:
    """What the first boot has left."""
    server = Server((SEEN / "token").read_text())
    return server, Torrent(server, (SEEN / "hash").read_text())


async def second_boot() -> None:
    """The service has started by itself; then the container."""
    kept()[1].is_as_it_was("after a reboot, nobody having started it")
    run("systemctl", "disable", "--now", "headrace")
    if (SOURCE / "image").exists():
        await container_boot()
    else:
        print("no image: the container was not tried")
    print("all is well")
    run("systemctl", "poweroff")


async def container_boot() -> None:
    """All of the container."""
    run("ip", "link", "add", "lan", "type", "dummy")
    run("ip", "address", "add", f"{LAN}/24", "dev", "lan")
    run("ip", "link", "set", "lan", "up")
    async with LocalSwarm(FILM, seeds=1, piece_length=65536) as swarm:
        server = container_begins(swarm)
    container_goes_on(server, Torrent(server, kept()[1]._hash))


def main() -> None:
    """Whichever boot it is; off when something is wrong."""
    try:
        if SEEN.exists():
            asyncio.run(second_boot())
        else:
            SEEN.mkdir()
            FILM.write_bytes(random.Random(1).randbytes(SIZE))  # noqa: S311 - a film, no secret
            asyncio.run(first_boot())
    except (Wrong, OSError, KeyError, ValueError) as error:
        print(f"WRONG {error!r}\n{error}")
        for log in (["journalctl", "--unit", "headrace", "--lines", "20"], ["podman", "logs", "headrace"]):
            subprocess.run(log, stderr=subprocess.STDOUT, check=False)
        run("systemctl", "poweroff")


if __name__ == "__main__":
    main()
