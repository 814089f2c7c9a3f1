"""The documentation site: the pages of this folder, and a reference made from the program, as HTML; ``make docs``.

Nothing is fetched: fonts, scripts and searching are files of the site.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from site_pages.generated import fill_in  # noqa: E402  (found by the path above)
from site_pages.links import COPIED, EXCLUDED, ROOT, for_site, lists_of_pages  # noqa: E402

project = "Portfolio engine"
version = release = version_of("portfolio-engine")
copyright = ""  # noqa: A001  (the name that Sphinx reads)
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = [f"{name}/**" for name in EXCLUDED]
smartquotes = False  # options begin with two hyphens
language = "en"

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
    text = re.sub(r"^( *`{3,})mermaid$", r"\1text", text, flags=re.MULTILINE)  # what draws it would be fetched
    source[0] = for_site(text, copied or page, page)


def setup(app: Sphinx) -> None:
    """Have every page read as the site shows it."""
    app.connect("source-read", _as_page)
