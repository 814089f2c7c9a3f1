"""What a release says: a section of the changelog, ``make release-notes``; with ``--tag`` held to the version.

``python docs/release_notes.py`` prints the newest section that says something. ``--tag v0.2.0`` prints that of 0.2.0,
and fails unless ``pyproject.toml`` names the same version: what is tagged is what is built.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def sections(text: str) -> dict[str, str]:
    """Return what each version of a changelog changed, by its name, newest first; those that are empty are left out."""
    found = re.split(r"^## \[([^\]]+)\][^\n]*\n", text, flags=re.MULTILINE)[1:]
    pairs = zip(found[::2], found[1::2], strict=True)
    return {name: body.strip() for name, body in pairs if body.strip()}


def notes(changelog: str, version: str, tag: str | None = None) -> str:
    """Return the notes of a tag, or the newest ones; raises ValueError for a tag that cannot be released."""
    known = sections(changelog)
    if tag is None:
        return next(iter(known.values()))
    if tag != f"v{version}":
        raise ValueError(f"pyproject.toml: found version {version}, the tag is {tag}; expected v{version}")
    if version not in known:
        raise ValueError(f"CHANGELOG.md: found no section [{version}]; name what is under [Unreleased] so")
    return known[version]


def main() -> None:
    """Print the notes."""
    parser = argparse.ArgumentParser(description="Print a section of the changelog.")
    parser.add_argument("--tag", help="of which version, as v0.2.0; the newest section without it")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    try:
        text = notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version, parser.parse_args().tag)
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
