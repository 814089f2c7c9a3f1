"""How a chart that stands by itself looks: the page's own rules, with every colour written out."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from markupsafe import Markup

from engine.report.html_page import asset_text

_VARIABLE: Final = re.compile(r"var\(--([a-z0-9]+)\)")
_OWN_RULES: Final = (
    "text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;"
    " font-variant-numeric: tabular-nums; fill: var(--soft); }"
    " .ink { fill: var(--ink); } .title { font-size: 14px; font-weight: 600; fill: var(--ink); }"
    " .name { font-size: 13px; fill: var(--ink); } .number { font-size: 11px; font-weight: 650; fill: var(--ink); }"
    " .paper { fill: var(--paper); } .zero { fill: var(--edge); } .dark { fill: var(--ink); }"
    " .mark, .full { fill: currentColor; } .faint { fill: currentColor; fill-opacity: 0.35; }"
    " .thin { fill: currentColor; fill-opacity: 0.12; stroke: currentColor; }"
)


@cache
def svg_style() -> Markup:
    """Return the page's rules of what charts draw, with each colour written out, for light and for dark screens."""
    sheet = asset_text("page.css")
    light, dark = _colours(sheet, ":root {"), _colours(sheet, ':root[data-scheme="dark"] {')
    kept = [
        line
        for line in sheet.split("@media (max-width", 1)[0].splitlines()
        if line.startswith((".plot path", ".plot .", ".c0 {", ".a0 {"))
    ]
    rules = "\n".join([_OWN_RULES, *kept])

    def write_colours(colours: dict[str, str]) -> str:
        return _VARIABLE.sub(lambda found: colours[found[1]], rules)

    on_dark = write_colours({**light, **dark})
    both = f"{write_colours(light)}\n@media (prefers-color-scheme: dark) {{\n{on_dark}\n}}"
    return Markup(both)  # noqa: S704  (the package's own)


def _colours(sheet: str, selector: str) -> dict[str, str]:
    """Return the colours that the first rule of a selector gives names to."""
    return dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]+)", sheet.split(selector, 1)[1].split("}", 1)[0]))
