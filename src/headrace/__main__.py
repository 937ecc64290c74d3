"""The program: ``headrace`` and ``python -m headrace``."""

from __future__ import annotations

import sys

from headrace import cli, ending


def main() -> int:
    """Run with the process's own arguments; the exit code."""
    ending.listen()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
