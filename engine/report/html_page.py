"""HTML pages from the templates of this package: they open without a network and run no script but their own."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Protocol, TypeVar

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, REPORT_FILE, Manifest
from engine.backtest.signed_files import fit_together, page_fault
from engine.core.errors import DataError, OutputError, spell_out_controls
from engine.core.files import atomic_write
from engine.core.publication import lock_folder, stage_folder
from engine.core.regular_files import read_regular
from engine.report import number_format as fmt
from engine.report.charts.frame import short_label
from engine.report.phrases import portfolio_label
from engine.report.template_cache import TemplateCache, template_folder

_NUMBERS = (fmt.money, fmt.cents, fmt.percent, fmt.percentage_points, fmt.ratio, fmt.count, fmt.price)
_FILTERS: Final = (*_NUMBERS, fmt.quantity, fmt.metric, fmt.typeset, short_label, portfolio_label)
"""Filters of the templates, by the functions' names, as ``{{ value|money }}``."""


class Finished(Protocol):
    """What a page is made of: the files of a folder, read."""

    @property
    def manifest(self) -> Manifest:
        """What signs them."""


FinishedT = TypeVar("FinishedT", bound=Finished)


def ignore(line: str) -> None:
    """Tell nobody."""


def build_report(
    folder: Path, read: Callable[[Path], FinishedT], render: Callable[[FinishedT], str], tell: Callable[[str], None]
) -> Path:
    """Build ``report.html`` from what ``read`` finds in the other files of ``folder``, sign it, and return its path.

    The same folder gives the same bytes: where they are there already nothing is written. ``tell`` is told of a page
    that is not the one that was written.
    """
    path = folder / REPORT_FILE
    with lock_folder(folder):  # a run that is just being written takes its place whole, before or after
        finished = read(folder)
        fault, there = page_fault(folder, finished.manifest), os.path.lexists(path)
        if there and isinstance(fault, OutputError):
            raise fault
        with fit_together(folder):
            page = render(finished)
        if not fault and signs_page(finished.manifest, page):
            return path
    if there and fault:
        tell(f"{path}: is not the page that manifest.json signs, so it was changed; it is made anew")
    with stage_folder(folder, lambda place: _require_unchanged(place / MANIFEST_FILE, finished.manifest)) as staging:
        write_page(finished.manifest, page, staging)
    return path


def _require_unchanged(path: Path, manifest: Manifest) -> None:
    """Raise OutputError where another process has written a manifest meanwhile."""
    try:
        same = type(manifest).model_validate_json(read_regular(path, MAX_MANIFEST_BYTES)) == manifest
    except (OSError, ValueError):
        same = False
    if not same:
        raise OutputError(f"{path}: was changed while the report was made; make it again")


def write_page(manifest: Manifest, page: str, place: Path) -> None:
    """Write the page of a folder into ``place``, and the manifest that signs it."""
    content = page.encode("utf-8")
    atomic_write(place / REPORT_FILE, content)
    atomic_write(place / MANIFEST_FILE, manifest.sign(REPORT_FILE, content).to_bytes())


def signs_page(manifest: Manifest, page: str) -> bool:
    """Tell whether a manifest's digest of ``report.html`` is that of ``page``."""
    return manifest.sign(REPORT_FILE, page.encode("utf-8")) == manifest


def require_page(folder: Path, page: str, manifest: Manifest) -> None:
    """Raise DataError where the signed ``report.html`` is not ``page``, which the other files of ``folder`` make."""
    if not signs_page(manifest, page):
        why = "is not the page that the other files make, so it is of another version"
        raise DataError(f"{folder / REPORT_FILE}: {why}; run `engine report {folder}` to make it anew")


def render_page(
    name: str,
    /,
    *,
    styles: tuple[str, ...] = ("page.css",),
    script: str = "",
    own_script: str = "",
    data: Markup | str = "",
    **content: object,
) -> str:
    """Return the page of the template ``name``.

    A template that extends ``base.html.j2`` takes ``script`` as ``page.js``, and as ``data`` what that reads; an
    ``own_script`` stands after it.

    Autoescape is on for all of it, whatever a file is called. Markup says that a text is HTML already; nothing that
    came from a user's folder is ever wrapped in it but fragments, charts and packed data, in which it was escaped.
    """
    more = (Markup(asset_text(own_script)),) if own_script else ()  # noqa: S704  (the package's own)
    scripts = (*((page_script(),) if script else ()), *more)
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            style=Markup("".join(asset_text(style) for style in styles)),  # noqa: S704  (the package's own)
            scripts=scripts,
            data=data,
            hashes=" ".join(csp_hash(script) for script in scripts),
            **content,
        )
    )


def render_fragment(name: str, content: Mapping[str, object]) -> Markup:
    """Return what the template ``name`` makes of ``content``: markup, in which all text of ``content`` is escaped."""
    return Markup(_environment().get_template(f"{name}.html.j2").render(content))  # noqa: S704  (escaped by autoescape)


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_spell_controls,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(asset_text),
        bytecode_cache=TemplateCache(template_folder()),
    )
    environment.filters |= {function.__name__: function for function in _FILTERS} | {
        "css_text": css_text,
    }
    return environment


def css_text(text: str) -> Markup:
    """Return a text for between the quotes of a style sheet: all but letters and digits by their numbers.

    >>> str(css_text("a<")).split(chr(92))
    ['a', '00003c']
    """
    whole = spell_out_controls(text)
    safe = (one if one.isascii() and one.isalnum() else f"\\{ord(one):06x}" for one in whole)
    return Markup("".join(safe))  # noqa: S704  (no character in it can end the text or the element)


def _spell_controls(value: object) -> object:
    """Return text from outside with what would turn a line around spelled out; markup and numbers as they are."""
    return spell_out_controls(value, keep="\n") if type(value) is str else value


@cache
def asset_text(name: str) -> str:
    """Return a file of this package's folder of templates, styles and scripts."""
    return resources.files("engine.report").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


_PARTS: Final = ("numbers", "series", "figures", "scales", "tips", "charts", "page", "controls")


@cache
def page_script() -> Markup:
    """Return the script of all pages, without its comments and the spaces before its lines."""
    lines = (line.strip() for part in _PARTS for line in asset_text(f"page/{part}.js").splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith("//"))
    return Markup(f'"use strict";(() => {{\n{kept}\n}})();')  # noqa: S704  (the package's own)


@cache
def csp_hash(script: str) -> str:
    """Return a script's hash as a content security policy names it."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
