"""The blocks of a page of documentation, and what becomes of them when a reader does as they say.

The line above a block says what it is for:

- ``<!-- run -->``: every line that begins with ``$ `` is run, and each line below it stands in what that prints, in this
  order; ``...`` alone stands for any lines, within a line for any characters. ``<!-- run: exit 1 -->`` where it fails.
- ``<!-- run: python -->``: is executed after the page's earlier ones, with their names; lines with ``>>>`` as a doctest.
- ``<!-- file: NAME -->``: is written as this file.
- ``<!-- in: NAME -->``: lines of this file, in their order.
- ``<!-- printed -->``: lines of what the block above has printed.
- ``<!-- not run: REASON -->``: is shown only.

``<!-- slow -->`` anywhere on a page leaves it to the slow tests; ``<!-- needs: bt, vectorbt -->`` skips its blocks where one
of these is not installed.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("configs", "docs")
"""Folders of the repository that commands of a page name: they stand in the page's folder too."""

FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(\S*)")
MARK = re.compile(r"^ *<!-- (run|file|in|printed|not run)(?:: (.+?))? -->$")
NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody answers as: a page that needs the network fails."""


class PageFaultError(AssertionError):
    """What a page says is not so; the message begins with the page and the line of the block."""


@dataclass(frozen=True)
class Block:
    """A fenced block with what the comment above says of it."""

    page: str
    line: int
    language: str
    use: str
    detail: str
    text: str

    def fault(self, problem: str) -> PageFaultError:
        return PageFaultError(f"{self.page}:{self.line}: {problem}")


def is_slow(text: str) -> bool:
    return "<!-- slow -->" in text


def missing_packages(text: str) -> list[str]:
    """Packages that a page needs and that are not installed."""
    needed = re.findall(r"^<!-- needs: (.+?) -->$", text, re.MULTILINE)
    return [name for line in needed for name in line.split(", ") if importlib.util.find_spec(name) is None]


def read_blocks(text: str, page: str) -> list[Block]:
    """The blocks of a page in their order, without directives of the site; one without a mark is a fault."""
    blocks: list[Block] = []
    mark: re.Match[str] | None = None
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        opened = FENCE.match(line)
        if not opened:
            mark = MARK.match(line) or (mark if not line.strip() else None)
            continue
        indent, fence, language = opened.groups()
        inside: list[str] = []
        for _, below in lines:
            if below.strip().startswith(fence) and not below.strip().strip(fence[0]):
                break
            inside.append(below.removeprefix(indent))
        else:
            raise PageFaultError(f"{page}:{number}: this block has no end")
        if not language.startswith("{"):
            blocks.append(_as_block(Block(page, number, language, "", "", "\n".join(inside) + "\n"), mark))
        mark = None
    return blocks


def _as_block(found: Block, mark: re.Match[str] | None) -> Block:
    if not mark:
        raise found.fault("no comment above this block says whether it is run: see tests/support/documented_blocks.py")
    use, detail = mark[1], mark[2] or ""
    if use == "run" and detail == "python":
        use, detail = "python", ""
    if use == "run" and not re.fullmatch(r"|exit \d+", detail):
        raise found.fault(f"run: {detail} is not known; run, run: python and run: exit 1 are")
    if (use == "run") != ("\n$ " in f"\n{found.text}") and use != "not run":
        raise found.fault("a block with lines that begin with $ is run, and no other")
    if use in {"file", "in", "not run"} and not detail:
        raise found.fault(f"{use}: needs a word more")
    return Block(found.page, found.line, found.language, use, detail, found.text)


def missing_line(shown: str, printed: str) -> str | None:
    """The first of the lines ``shown`` that does not follow, in this order, in what was ``printed``."""
    lines = iter(printed.splitlines())
    for line in (one.rstrip() for one in shown.splitlines()):
        if line.strip() in {"", "..."}:
            continue
        wanted = re.compile(".*".join(map(re.escape, line.split("..."))))
        if not any(wanted.fullmatch(found.rstrip()) for found in lines):
            return line
    return None


@dataclass
class Reader:
    """Who does what a page says, in an empty folder of their own.

    Attributes
    ----------
    folder : where commands are run and files are written
    names : what the Python blocks so far have defined
    printed : what the block before has printed
    """

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__page__"})
    printed: str = ""

    def environment(self) -> dict[str, str]:
        """What commands find in their environment: an engine and a Python, own state, no network, 80 columns."""
        own = {f"XDG_{name}_HOME": str(self.folder / ".xdg" / name.lower()) for name in ("STATE", "DATA", "CONFIG")}
        own |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
        own |= {"PATH": f"{self.folder / '.bin'}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80", "NO_COLOR": "1"}
        own |= {"PYTHONPATH": str(ROOT), "PORTFOLIO_ENGINE_STORE": str(self.folder / ".xdg" / "prices")}
        return own

    def settle(self) -> None:
        """Make what stands in the folder before the first block."""
        for name in SHIPPED:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / ".bin").mkdir()
        for name, words in (("engine", " -m engine"), ("python", "")):
            command = self.folder / ".bin" / name
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
            command.chmod(0o755)

    def follow(self, block: Block) -> None:
        """Do what a block says; raises PageFaultError where it does not come out as shown."""
        if block.use == "run":
            self._run(block)
        elif block.use == "python":
            self._execute(block)
        elif block.use == "file":
            self._inside(block).parent.mkdir(parents=True, exist_ok=True)
            self._inside(block).write_text(block.text, encoding="utf-8")
        elif block.use in {"in", "printed"}:
            if block.use == "in" and not self._inside(block).is_file():
                raise block.fault(f"there is no file {block.detail}")
            there = self._inside(block).read_text(encoding="utf-8") if block.use == "in" else self.printed
            self._compare(block, block.text, there)

    def _inside(self, block: Block) -> Path:
        path = self.folder / block.detail
        if block.use == "file" and not path.resolve().is_relative_to(self.folder.resolve()):
            raise block.fault(f"{block.detail} is outside the reader's folder")
        return path

    def _compare(self, block: Block, shown: str, printed: str) -> None:
        absent = missing_line(shown, printed)
        if absent is not None:
            raise block.fault(f"this line is not printed, or not in this place:\n{absent}\nwhat there is:\n{printed}")

    def _run(self, block: Block) -> None:
        expected = int(block.detail.removeprefix("exit ")) if block.detail else 0
        before, *commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        if before.strip():
            raise block.fault("lines stand before the first command")
        self.printed = ""
        for number, command in enumerate(commands, start=1):
            line, _, shown = command.replace("\\\n", " ").partition("\n")
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", line],
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            wanted = expected if number == len(commands) else 0
            if done.returncode != wanted:
                raise block.fault(f"$ {line}\nends with {done.returncode}, not {wanted}:\n{done.stdout}")
            self._compare(block, shown, done.stdout)
            self.printed += done.stdout

    def _execute(self, block: Block) -> None:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.chdir(self.folder):
                if block.text.lstrip().startswith(">>>"):
                    self._try_examples(block)
                else:
                    exec(compile("\n" * block.line + block.text, block.page, "exec"), self.names)
        except PageFaultError:
            raise
        except Exception as error:
            raise block.fault(f"{type(error).__name__}: {error}") from error
        self.printed = printed.getvalue()

    def _try_examples(self, block: Block) -> None:
        parsed = doctest.DocTestParser().get_doctest(block.text, {}, block.page, block.page, block.line)
        parsed.globs = self.names
        told: list[str] = []
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        result = doctest.DocTestRunner(optionflags=options).run(parsed, out=told.append, clear_globs=False)
        if result.failed:
            raise block.fault("".join(told))
