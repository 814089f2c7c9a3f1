"""What several verbs print: JSON on standard output, warnings on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.core.json_output import JSON_OUTPUT

if TYPE_CHECKING:
    from engine.core.json_files import Json


def print_json(data: Json) -> None:
    """Print data as a file of JSON would hold them."""
    from engine.core.json_files import to_json

    JSON_OUTPUT.write(to_json(data))


def warn(line: str) -> None:
    """Print what does not end the verb, but has to be known."""
    sys.stderr.write(f"warning: {line}\n")
