"""``headrace doctor``: what is there and what is missing, each finding with its cure."""

from __future__ import annotations

import json
import sys

from headrace.cli import checks
from headrace.cli.checks import Finding
from headrace.cli.parsing import Arguments, Verb
from headrace.cli.words import clean

VERB = Verb(
    "doctor",
    "say what is there and what is missing, each finding with its cure",
    (
        ("headrace doctor", "look at this machine"),
        ("headrace doctor --interface tun0", "would this interface do?"),
        ("headrace doctor --json", "one JSON object"),
    ),
    source=False,
    notes="It changes nothing and sends nothing. Exit code 5 when something is missing that nothing works without.",
)
ESSENTIAL_MISSING = 5
_STYLES = {"ok": "32", "warn": "33", "bad": "31"}


def run(arguments: Arguments) -> int:
    """Look, and print what was found; the exit code."""
    settings = arguments.settings
    findings = [finding for check in checks.CHECKS for finding in check(settings)]
    if settings.json:
        text = json.dumps({"findings": [finding._asdict() for finding in findings]})
    else:
        text = "\n".join(line for finding in findings for line in as_lines(finding, colour=sys.stdout.isatty()))
    sys.stdout.write(text + "\n")
    return ESSENTIAL_MISSING if any(finding.level == "bad" for finding in findings) else 0


def as_lines(finding: Finding, *, colour: bool) -> list[str]:
    """A line for a finding and one for its cure."""
    level = f"{finding.level:<4}"
    if colour:
        level = f"\x1b[{_STYLES[finding.level]}m{level}\x1b[0m"
    lines = [f"{level}  {finding.name:<11}  {clean(finding.text)}"]
    return lines + [f"{'':19}{clean(finding.cure)}"] * bool(finding.cure)
