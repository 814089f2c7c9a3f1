"""The rooms and who imports whom, drawn from the imports: ``make picture`` writes it into ``docs/architecture.md``.

Imports are read, never run; lazy and typing-only ones count. An arrow that follows from others is left out of the
drawing, and stands in the table beside it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- picture -->", "<!-- /picture -->"
LOOSE = {"cli", "library", "composition", "__main__", "__init__"}
OUTSIDE_ROOMS = "Parse, call, print; the same as functions; the one place where the engine meets the strategies."

Arrows = dict[str, set[str]]


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room of a module or file given by the parts of its path."""
    if parts[0] == "strategies":
        return "strategies"
    return "cli, library, composition" if len(parts) == 1 or parts[1].removesuffix(".py") in LOOSE else parts[1]


def sentence_of(room: str) -> str:
    """Return the first line of a room's own docstring."""
    path = ROOT / room / "__init__.py" if room == "strategies" else ROOT / "engine" / room / "__init__.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ""
    return (text or OUTSIDE_ROOMS).splitlines()[0]


def imports_by_room() -> Arrows:
    """Return, for each room, which other rooms its files import."""
    found: Arrows = {}
    for path in sorted([*(ROOT / "engine").rglob("*.py"), *(ROOT / "strategies").rglob("*.py")]):
        room = room_of(path.relative_to(ROOT).parts)
        used = found.setdefault(room, set())
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
        ours = {room_of(tuple(name.split("."))) for name in names if name.split(".")[0] in {"engine", "strategies"}}
        used |= ours - {room}
    return found


def essential(found: Arrows) -> list[tuple[str, str]]:
    """Return the arrows that do not follow from a longer way."""

    def reach(room: str) -> set[str]:
        return set().union(*({other} | reach(other) for other in found[room]), set())

    return [
        (room, other)
        for room, others in found.items()
        for other in sorted(others)
        if not any(other in reach(between) for between in others if between != other)
    ]


def picture(found: Arrows) -> str:
    """Return the drawing and the table as Markdown."""
    height: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in height:
            height[room] = 1 + max((floor(other) for other in found[room]), default=-1)
        return height[room]

    rooms = sorted(found, key=lambda room: (-floor(room), room))
    name = {room: re.sub(r"\W+", "_", room) for room in rooms}
    drawn = [f'    {name[room]}["{room}"]' for room in rooms]
    arrows = sorted(essential(found), key=lambda pair: rooms.index(pair[0]))
    drawn += [f"    {name[a]} --> {name[b]}" for a, b in arrows]
    table = ["| room | what it is | imports |", "|---|---|---|"]
    for room in rooms:
        uses = ", ".join(other for other in rooms if other in found[room])
        table.append(f"| **{room}** | {sentence_of(room)} | {uses or 'nothing'} |")
    return "\n".join(["```mermaid", "graph TD", *drawn, "```", "", *table])


def redraw(page: str) -> str:
    """Return the page with the picture of today's imports between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{picture(imports_by_room())}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(redraw(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
