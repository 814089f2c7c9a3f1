"""A bare price file, or a folder of them, as the engine reads it, without a config that names its tickers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter, ValidationError

from engine.backtest.config_sections import Data, Window
from engine.backtest.prices import load_closes, quality_findings
from engine.core.conventions import PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.core.fields import ConfigModel, Ticker
from engine.core.validation import validate
from engine.core.yaml_document import Document
from engine.data.closes import Closes
from engine.data.price_files.contents import FileContents, list_contents
from engine.data.quality.findings import Finding
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files

_STATED_KEY: Final = re.compile(r"`([a-z_]+): ([^`]+)`")
_TICKER: Final = TypeAdapter(Ticker)
_NO_TICKER_CHARACTER: Final = re.compile(r"[^A-Za-z0-9.\-=_]+")
_MAX_TICKER: Final = 20


class FilePlan(ConfigModel):
    """What of a config concerns a file: ``--set`` overrides its keys as those of any config."""

    data: Data


@dataclass(frozen=True)
class FileCheck:
    """How a file or folder is read.

    ``contents`` file by file; ``is_assumed``, whether nothing says that the closes are adjusted; ``closes`` of all
    tickers together, as a run would have them, and what the quality gate finds in them; ``refusal``, why some file or
    all of them together cannot be read; ``yaml``, the section of a config that reads them.
    """

    path: Path
    contents: tuple[FileContents, ...]
    is_assumed: bool
    closes: Closes | None
    findings: tuple[Finding, ...]
    refusal: DataError | None
    yaml: str

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every ticker that has a close."""
        return _tickers(self.contents)


def check_file(path: Path, overrides: Sequence[str] = ()) -> FileCheck:
    """Read a price file, or every one of a folder.

    Raises
    ------
    ConfigError
        When an override is none of the keys of ``data``.
    DataError
        When not one file can be read; the key to try stands in the message, with the command that tries it.

    """
    document = Document.from_tree(str(path), {"data": {"source": {"kind": "files", "path": str(path)}}})
    for assignment in overrides:
        document.override(assignment)
    data = validate(FilePlan, document).data
    source = data.source
    if not isinstance(source, Files):
        raise DataError(f"{path}: data.source.kind is {source.kind}, expected files; leave the key out")
    _refuse_missing(path)
    contents = list_contents(path, source)
    refusals = [one.refusal for one in contents if one.refusal is not None]
    if len(refusals) == len(contents):
        raise _with_commands(refusals, path)
    closes: Closes | None = None
    findings: tuple[Finding, ...] = ()
    refusal = _with_commands(refusals, path) if refusals else None
    try:
        closes = load_closes(data, PriceRequest(_tickers(contents)))
        findings = quality_findings(closes, data.calendar, Window())
    except DataError as error:
        refusal = _with_commands([*refusals, error], path)
    assumed = source.closes == "auto" and _has_unsaid(contents)
    section = _config_section(data, source, contents, closes)
    return FileCheck(path, contents, assumed, closes, findings, refusal, section)


def _tickers(contents: Sequence[FileContents]) -> tuple[str, ...]:
    """Return every ticker that has a close, each once."""
    return tuple(dict.fromkeys(ticker for one in contents for ticker in one.filled))


def _has_unsaid(contents: Sequence[FileContents]) -> bool:
    """Tell whether some ticker has closes of which nothing says that they are adjusted."""
    return any("unsaid" in kinds for one in contents for kinds in one.filled.values())


def _refuse_missing(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path}: found nothing there, expected a config, a price file or a folder; check the path")


def _with_commands(errors: Sequence[DataError], path: Path) -> DataError:
    """Return all messages, each with the file or folder and the command that tries the key it names."""
    said = [line for error in errors for line in str(error).splitlines()]
    lines = [line if path.name in line else f"{path}: {line}" for line in said]
    return DataError(*(line + "".join(_commands(line, path)) for line in lines))


def _commands(message: str, path: Path) -> Iterator[str]:
    """Yield the command that tries the first key with its value in a message, if it names one."""
    for key, value in _STATED_KEY.findall(message):
        if key in Files.model_fields and "..." not in value:
            yield f"; try: engine data check {_in_shell(str(path))} --set {_in_shell(f'data.source.{key}={value}')}"
            return


def _in_shell(word: str) -> str:
    import shlex  # noqa: PLC0415  (only where something is refused)

    return shlex.quote(word)


def _config_section(data: Data, source: Files, contents: Sequence[FileContents], closes: Closes | None) -> str:
    """Return the YAML that reads these files, with what it assumes said beside it."""
    own = {key: value for key, value in _stated(source).items() if key != "rename"}
    lines = ["data:", "  source:"]
    lines += [f"    {_yaml_line(key, value)}" for key, value in own.items()]
    if "closes" not in own and _has_unsaid(contents):
        lines.append("    closes: adjusted  # nothing in the file says so; raw, if dividends are not in them")
    if "currency" not in own and not data.currencies and closes is not None and "" in closes.currencies:
        lines.append("    currency: USD  # nothing in the file says so")
    if rename := dict(source.rename or {}) | _suggested_names(_tickers(contents)):
        lines.append(f"    {_yaml_line('rename', rename)}")
    others = {key: value for key, value in _stated(data).items() if key != "source"}
    lines += [f"  {_yaml_line(key, value)}" for key, value in others.items()]
    if "frequency" not in others and closes is not None and (lowest := _lowest_of_several(closes)):
        lines.append(f"  # frequency: {lowest}, where one portfolio holds columns of both")
    return "\n".join(lines)


def _lowest_of_several(closes: Closes) -> Frequency | None:
    """Return the lowest frequency where columns have several that one portfolio cannot hold together (S1)."""
    found: set[Frequency] = {one for one in closes.frequencies if one is not None and one != "seven_day"}
    found |= {"daily"} if "seven_day" in closes.frequencies else set()
    lowest: Frequency = min(found or {"daily"}, key=PERIODS_PER_YEAR.__getitem__)
    return lowest if len(found) > 1 else None


def _stated(section: ConfigModel) -> dict[str, object]:
    """Return the keys of a section that are stated, as plain data."""
    return section.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _yaml_line(key: str, value: object) -> str:
    """Return a key with its value as YAML in one line; a mapping or a list in its short form."""
    flow = isinstance(value, dict | list)
    inner = yaml.safe_dump(value if flow else {key: value}, default_flow_style=flow, allow_unicode=True, width=4096)
    return f"{key}: {inner.strip()}" if flow else inner.strip()


def _suggested_names(names: Sequence[str]) -> dict[str, str]:
    """Return a ticker for every name that cannot be one in a plan: its first word if nobody else begins so."""
    first = Counter(name.split(" ")[0] for name in names)
    found: dict[str, str] = {}
    for name in names:
        try:
            _TICKER.validate_python(name)
        except ValidationError:
            word = name.split(" ")[0]
            short = word if first[word] == 1 and word.isupper() else name
            found[name] = _NO_TICKER_CHARACTER.sub("_", short).strip("_.-=")[:_MAX_TICKER] or "..."
    return found
