"""coverage_by_file.py REPORT.json PERCENT: fails, naming them, if files have less line and branch coverage."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(report: str, least: str) -> int:
    """The exit code."""
    files = json.loads(Path(report).read_text())["files"]
    shares = {name: facts["summary"]["percent_covered"] for name, facts in files.items()}
    poor = [name for name, share in shares.items() if share < float(least)]
    for name in poor:
        print(f"{name}: {shares[name]:.1f} % of lines and branches, less than {least} %", file=sys.stderr)
    if shares and not poor:
        print(f"each of {len(shares)} files has at least {min(shares.values()):.1f} % of lines and branches")
    return 1 if poor or not shares else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
