"""What the demo installs and under which licences: ``make licences`` asks the packages and writes ``licences.md``."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
COMMONS = "Commons Clause"
BY_TEXT = {  # for packages whose metadata name no licence: words of the text that they come with
    "Apache License": "Apache-2.0",
    "Permission is hereby granted, free of charge": "MIT",
}
HEAD = f"""# Licences of what is installed

The engine is MIT. `make demo` installs the packages below beside it, those of the extras `audit` and `sample` among
them, each under its own licence; `make licences` writes this page from what they say of themselves. It is a list, not
legal advice.

**vectorbt carries the {COMMONS}**: Apache-2.0 less the right to sell it. Using it is free, also at work; whoever sells
a product or service (hosting, consulting and support for a fee included) whose value derives entirely or substantially
from vectorbt needs its author's permission. The engine loads it for `engine run --audit`, which replays the orders in
it, and for `engine bench`. It comes with the extra `audit` alone: `pip install portfolio-engine` is without it, and
every other command works without it.
"""


def licence_of(package: Distribution) -> str:
    """Return a package's licence: its SPDX expression, else the short name it gives, else its classifier or text."""
    meta = package.metadata
    texts = [file for file in package.files or () if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE)]
    text = "\n".join(package.locate_file(file).read_text("utf-8", "replace") for file in texts)
    classifiers = [line.rpartition(" :: ")[2] for line in meta.get_all("Classifier", ()) if line.startswith("License")]
    named = (meta.get("License-Expression"), meta.get("License"), *classifiers)
    short = [name for name in named if name and name != "UNKNOWN" and "\n" not in name.strip()]
    licence = [*short, *(name for words, name in BY_TEXT.items() if words in text), "not said"][0]
    return f"**{licence} with {COMMONS}**" if COMMONS in text else licence


def page() -> str:
    """Return the page, for the packages that ``requirements-demo.txt`` names; those of other platforms are not read."""
    named = re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements-demo.txt").read_text("utf-8"), re.MULTILINE)
    licences = {}
    for name, _ in named:
        try:
            licences[name] = licence_of(distribution(name))
        except PackageNotFoundError:
            licences[name] = "of another platform, not read here"
    copyleft = [f"{name} ({text})" for name, text in licences.items() if re.search(r"GPL|MPL|EPL|Mozilla|GNU", text)]
    return (
        f"{HEAD}\nCopyleft, of files: {', '.join(copyleft)}.\n\n| package | version | licence |\n|---|---|---|\n"
        + "".join(f"| {name} | {version} | {licences[name]} |\n" for name, version in named)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
