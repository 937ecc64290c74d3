"""``headrace config``: the settings as they are, and where each comes from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from headrace.cli.parsing import Arguments, Verb
from headrace.cli.words import clean
from headrace.core.redact import redact
from headrace.settings import OPTIONS, Settings

VERB = Verb(
    "config",
    "print the effective settings, and where each comes from",
    (
        ("headrace config", "all settings, in the form of the settings file"),
        ("headrace config --json", "for programs"),
    ),
    source=False,
    notes="Settings are looked for in flags, then in variables (HEADRACE_DOWN_LIMIT), then in the settings file, "
    "config.toml in the user's configuration folder. Secrets are shown as ***.",
)
DEFAULT = "default"
_SHOWN = "***"


def run(arguments: Arguments) -> int:
    """Print; the exit code."""
    values = _values(arguments.settings)
    origins = {name: arguments.origins.get(name, DEFAULT) for name in values}
    if arguments.settings.json:
        found = {OPTIONS[name].key: {"value": values[name], "source": origins[name]} for name in values}
        sys.stdout.write(json.dumps(found) + "\n")
        return 0
    for name, value in values.items():
        key = OPTIONS[name].key
        line = f"# {key} is not set" if value in (None, "", []) else f"{key} = {_toml(value)}"
        sys.stdout.write(f"{line:<44}  # {clean(origins[name])}\n")
    return 0


def _values(settings: Settings) -> dict[str, Any]:
    """By field, as JSON has them, without secrets."""
    return {name: _plain(name, getattr(settings, name)) for name in OPTIONS if OPTIONS[name].flags}


def _plain(name: str, value: Any) -> Any:
    if name == "token":
        return _SHOWN if value else ""
    if isinstance(value, tuple):
        return [_plain(name, f"{item[0]}:{item[1]}" if isinstance(item, tuple) else item) for item in value]
    if isinstance(value, str | Path):
        return redact(str(value))
    return value


def _toml(value: Any) -> str:
    """JSON's texts, lists, numbers and truths are TOML's too."""
    return clean(json.dumps(value, ensure_ascii=False))
