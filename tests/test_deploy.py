"""The files in ``deploy/``, as far as they can be checked without a service manager and a container runtime."""

from __future__ import annotations

import configparser
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.settings import OPTIONS

DEPLOY = Path(__file__).parents[1] / "deploy"
KEYS = {option.key for option in OPTIONS.values()}


class Unit(configparser.RawConfigParser):
    """A unit file; what is given twice is a list."""

    def __init__(self) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def environment(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines)


def unit() -> tuple[Unit, dict[str, str]]:
    text = (DEPLOY / "headrace.service").read_text()
    parsed = Unit()
    parsed.read_string(text)
    return parsed, environment(re.findall(r"^Environment=(.*)$", text, re.MULTILINE))


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def test_the_service_has_no_privileges_and_writes_only_its_own() -> None:
    service = unit()[0]["Service"]
    assert service["DynamicUser"] == service["NoNewPrivileges"] == "yes"
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
    assert service["Type"] == "notify"
    assert service["StateDirectoryMode"] == "0700"
    assert int(service["TimeoutStopSec"]) > 5
    assert shlex.split(service["ExecStart"])[1:] == ["serve"]
    assert set(unit()[0].sections()) == {"Unit", "Service", "Install"}


def test_the_container_is_not_root_and_writes_only_its_data() -> None:
    found = instructions()
    assert found[0][0] == "FROM"
    assert [text for name, text in found if name == "USER"] == ["10001"]
    assert [text for name, text in found if name == "VOLUME"] == ["/data"]
    assert found[-1] == ("CMD", '["serve"]')
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"}
    assert {name for name, _ in found} <= known | {"ENTRYPOINT", "CMD"}
    copied = [part for name, text in found if name == "COPY" and "--from" not in text for part in text.split()[:-1]]
    assert all((DEPLOY.parent / path).exists() for path in copied)


def documented(heading: str) -> list[list[str]]:
    """The commands below a heading of docs/server.md, in words."""
    text = (DEPLOY.parent / "docs" / "server.md").read_text().split(f"\n## {heading}\n")[1]
    block = text.split("```text\n")[1].split("```")[0]
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]


def given(command: list[str], option: str) -> list[str]:
    return [word for before, word in itertools.pairwise(command) if before == option]


def test_the_documented_commands_fit_the_container() -> None:
    build, run, _ = documented("In a container")
    found = dict(instructions())
    assert "HEALTHCHECK" in found
    assert given(build, "--format") == ["docker"], "other formats have no health check"
    assert given(build, "--file") == ["deploy/Containerfile"]
    exposed = {port.removesuffix("/tcp") for port in found["EXPOSE"].split()}
    published = {port.partition(":")[2] for port in given(run, "--publish")}
    assert published == exposed
    assert given(run, "--volume") == [f"headrace:{found['VOLUME']}"]
    assert {"--read-only", "--cap-drop"} < set(run)
    named = {word.partition("=")[0].removeprefix("HEADRACE_").lower() for word in given(run, "--env")}
    assert named <= KEYS


def test_the_check_finds_the_documented_commands() -> None:
    """``deploy/check/run`` takes them from there; what it does with them needs a virtual machine."""
    subprocess.run(["bash", "-n", str(DEPLOY / "check" / "run")], check=True, timeout=10)
    commands = documented("As a service")
    assert [command[0] for command in commands] == ["python3", "cp", "mkdir", "systemctl", "journalctl"]
    assert all(Path(DEPLOY.parent / word).exists() for word in commands[1][1:2])
    assert [command[1] for command in documented("In a container")] == ["build", "run", "logs"]


def container_environment() -> dict[str, str]:
    (text,) = [text for name, text in instructions() if name == "ENV"]
    return environment(shlex.split(text))


@pytest.mark.parametrize("given", [unit()[1], container_environment()], ids=["service", "container"])
def test_the_environment_is_understood(given: dict[str, str], tmp_path: Path) -> None:
    ours = {name for name in given if name.startswith("HEADRACE_")}
    assert ours
    assert {name.removeprefix("HEADRACE_").lower() for name in ours} <= KEYS
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "XDG_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "headrace", "config", "--json"],
        env=clean | {"HOME": str(tmp_path)} | {name: given[name] for name in ours},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "HEADRACE_DIR" in ran.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_service(tmp_path: Path) -> None:
    text = (DEPLOY / "headrace.service").read_text().replace("/opt/headrace/bin/headrace", sys.executable)
    path = tmp_path / "headrace.service"
    path.write_text(text)
    ran = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stderr) == (0, "")
