"""The documentation site: the pages of this folder, and a reference made from the program, as HTML; ``make docs``.

Nothing is fetched: fonts, scripts and searching are files of the site.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType

from docutils import nodes
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from site_pages.generated import fill_in  # noqa: E402
from site_pages.links import COPIED, EXCLUDED, ROOT, for_site, lists_of_pages  # noqa: E402

import engine  # noqa: E402  (found by the path above)

project = "Portfolio engine"
version = release = version_of("portfolio-engine")
copyright = ""  # noqa: A001  (the name that Sphinx reads)
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = [f"{name}/**" for name in EXCLUDED]
smartquotes = False  # options begin with two hyphens
language = "en"
highlight_language = "text"

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["site_pages/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
nb_execution_mode = "off"  # a notebook is shown as the tests have left it
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autoclass_content = "class"
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True


def _as_page(app: Sphinx, name: str, source: list[str]) -> None:
    page = Path(app.env.doc2path(name))
    if page.suffix != ".md":
        return
    copied = next((ROOT / file for file, shown in COPIED.items() if HERE / shown == page), None)
    text = copied.read_text(encoding="utf-8") if copied else lists_of_pages(fill_in(source[0]), page)
    text = re.sub(r"^( *`{3,})(?:mermaid|csv)$", r"\1text", text, flags=re.MULTILINE)  # what draws pictures is fetched
    source[0] = for_site(text, copied or page, page)


def _let_keys_break(_app: Sphinx, page: nodes.document, _name: str) -> None:
    """Let code in tables go on in the next line after a dot or an underscore, and nowhere else."""
    for cell in page.findall(nodes.entry):
        for code in list(cell.findall(nodes.literal)):
            first, *others = re.split(r"(?<=[._])(?=\w)", code.astext())
            code.children = [nodes.Text(first)]
            for part in others:
                code += [nodes.raw("", "<wbr>", format="html"), nodes.Text(part)]


def _show_functions(_app: Sphinx) -> None:
    """Have the functions of ``engine`` where their names are those of its rooms, which are called in their place."""
    spec = spec_from_file_location("engine", engine.__file__)
    if spec is None or spec.loader is None:
        return
    again = module_from_spec(spec)
    spec.loader.exec_module(again)
    shown = [name for name in engine.__all__ if isinstance(vars(again).get(name), FunctionType)]
    for name in shown:
        if find_spec(f"engine.{name}"):
            import_module(f"engine.{name}")  # now, for it takes its place when it is imported
    vars(engine).update({name: vars(again)[name] for name in shown})


def _as_numpy_docstring(
    _app: Sphinx, _kind: str, _name: str, _shown: object, _options: object, lines: list[str]
) -> None:
    """Put what stands behind a name's colon below the name: it is a meaning, as types are in signatures."""
    section = ""
    written: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if re.fullmatch(r"-{3,}", below):
            section = line
        named = re.match(r"([\w*, ]+) : (.+)", line) if section in {"Parameters", "Attributes"} else None
        written += [named[1], f"    {named[2]}"] if named else [line]
    lines[:] = written


def _without_arguments(_app: Sphinx, kind: str, *_: object) -> tuple[str, str] | None:
    """Show no arguments of a class: nobody makes results, and each is among what it has."""
    return ("", "") if kind == "class" else None


def setup(app: Sphinx) -> None:
    """Have every page read as the site shows it."""
    app.connect("builder-inited", _show_functions)
    app.connect("source-read", _as_page)
    app.connect("doctree-resolved", _let_keys_break)
    app.connect("autodoc-process-docstring", _as_numpy_docstring, priority=100)
    app.connect("autodoc-process-signature", _without_arguments)
