"""Configs that nobody would write: shipped ones changed as trees and as text, others made from the schema or of bytes.

A seed makes a config; :func:`make_config` writes it. Texts that are commands elsewhere are among the values, so an
answer that repeats one unescaped is found.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from engine import composition
from tests.support.configs import ROOT, SHIPPED
from tests.support.corrupted_files import damage
from tests.support.watched_commands import Command

STARTER = ROOT / "engine" / "backtest" / "starter.yaml"
UNIVERSES = sorted((ROOT / "configs").glob("universe*"))

_TICKERS = ("NO", "ON", "TRUE", "NULL", "NA", "NAN", "1E5", "007", "BRK.B", "^GSPC", "SPY", "QUAL", "HD", "Y", "0x10")
_NUMBERS = (
    *("0", "-0", "1", "-1", "2", "0.5", "1e-400", "1e308", "1e400", "9" * 400, "1_000", "0x10", "1e5", "007", "nan"),
    *("inf", "-inf", "1,5", "1e15", "1e16", "0.1", "12", "13", "1000000", "9223372036854775808", "5e-324", "1.", ".5"),
)
_SHARES = ("0%", "1%", "2.5%", "50%", "100%", "100.0000001%", "-1%", "1e9%", "%", "2,5%", "1e-300%", "33.3333333333%")
_DATES = (
    *("2014-01-02", "2022-12-28", "1900-01-01", "2200-12-31", "0001-01-01", "9999-12-31", "2024-02-30", "2023-02-29"),
    *("2024-1-1", "01.02.2024", "2024-01-01T00:00:00", "10000-01-01", "-001-01-01"),
)
HOSTILE = (
    *("", " ", "\0", "\x1b[2J\x1b]0;title\x07", "\x9b31m", "\u202eTXT.exe", "\ufeff", "\u2028", "\x85", "\r", "\t", "\n"),
    *("null", "~", "true", "NO", "rest", "all", "satellites", "cash", "date", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1", "-1+1"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "{% raw %}", "${HOME}", "%s%n", "{0}", "{found}"),
    *("a" * 61, "a" * 1001, "a" * 100_000, "😀", "é" * 80, "١٢", "½", "Ⅷ", "²", "\u0301", "\U000e0041", "\ud7ff", "\uffff"),
    *("/", ".", "..", "../../etc/passwd", "/dev/null", "/dev/zero", "/proc/self/mem", "~", "~nobody/x", "~no such/x", "NUL"),
    *("a.b.c", "a b", "a,b", "a > 0", "a / 0 > 0", "(" * 200, "roic > wacc", "1 > 0", "a" * 30 + " > 1", "x" + "-" * 500 + "y > 0"),
    *("!!python/object", "&a", "*a", "---", "%YAML 1.1", "? x", "[1, 2]", "{a: b}", "'", '"', "|", ">", "#", "<<", "- a"),
)  # fmt: skip
VALUES = (*_TICKERS, *_NUMBERS, *_SHARES, *_DATES, *HOSTILE)
_YAML = (
    *("&a ", "*a", "<<: *a\n", "!!python/object/apply:os.system [ls]", "!!binary aaaa", "!local ", "\n---\n", "\n...\n"),
    *("%YAML 1.1\n", "%TAG ! tag:x,2000:\n", "|\n", ">-\n", "? ", ": ", "- ", "\t", "{", "}", "[" * 60, "[" * 20_000, "]", "'", '"'),
    *("#", "\ufeff", "\x85", "\u2028", "\0", "\x1b[31m", "\x7f", "\r", "\r\n", "@", "`", "\\", '"\\ud800"', '"\\x00"', '"\\U00110000"'),
    *('"\\e[2J"', "? [a, b]\n: c\n", "? {a: b}\n: c\n", "=", "~", "null:", "\n  x: 1\n", "\nname: again\n", "{a: " * 49, "\ud800", "\udcff"),
)  # fmt: skip

Tree = Any
"""What YAML makes of a text without types."""


@cache
def trees() -> tuple[Tree, ...]:
    """Return every config and universe that ships, its scalars as text."""
    paths = [*SHIPPED, STARTER, *(path for path in UNIVERSES if path.suffix == ".yaml")]
    return tuple(yaml.load(path.read_text(), yaml.CBaseLoader) for path in paths)


@cache
def texts() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in (*SHIPPED, STARTER, *UNIVERSES))


@cache
def keys() -> tuple[str, ...]:
    """Return every key of the schema."""
    models = (schema(), *schema()["$defs"].values())
    return tuple(sorted({key for model in models for key in model.get("properties", {})}))


def make_config(seed: int, folder: Path) -> Command:
    """Write the config of a seed into ``folder``; return the command that is to check it."""
    rng = random.Random(seed)
    kinds: dict[str, Callable[[random.Random], bytes]] = {
        "config: tree": lambda rng: dump(mutated(rng, trees()), rng),
        "config: text": damaged_text,
        "config: schema": lambda rng: dump(from_schema(schema(), rng, 0), rng),
        "config: bytes": raw,
    }
    kind = rng.choices([*kinds, "config: --set"], [45, 25, 20, 5, 5])[0]
    link_inputs(folder)
    if kind in kinds:
        (folder / "c.yaml").write_bytes(kinds[kind](rng))
        return Command(kind, ("validate", "c.yaml"), ("c.yaml",))
    (folder / "c.yaml").write_bytes(rng.choice(texts()))
    path = ".".join(rng.choice([*keys(), "0", "1", "", "a.b"]) for _ in range(rng.randint(1, 4)))
    value = rng.choice([*VALUES, *_YAML]).encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    return Command(kind, ("validate", "c.yaml", "--set", f"{path}={value}"[: rng.choice([5, 10**6])]), ("c.yaml",))


def make_run(seed: int, folder: Path) -> Command:
    """Write a changed config on the sample's prices; return the command that is to run it."""
    rng = random.Random(seed)
    tree = mutated(rng, tuple(one for one in trees() if "'kind': 'sample'" in str(one)), most=2)
    if isinstance(tree, dict):
        tree["data"] = {"source": {"kind": "sample"}}
        tree.pop("sweep", None)
        tree.setdefault("window", {"start": "2014-01-02", "end": "2022-12-28"})
        tree.setdefault("account", {"currency": "USD"})
        if rng.random() < 0.3:
            tree["description"] = rng.choice(HOSTILE)
            tree["compare"] = {
                "benchmarks": [{"name": rng.choice(HOSTILE)[:60], "kind": "fixed_mix", "weights": {"HD": "50%"}}]
            }
    (folder / "c.yaml").write_bytes(dump(tree, rng))
    verb = rng.choice(["run", "run", "run", "optimise", "data check"])
    return Command(f"config: {verb}", (*verb.split(), "c.yaml"), ("c.yaml", "runs/"), simulates=True)


def link_inputs(folder: Path) -> None:
    """Put beside a config the files that shipped ones name."""
    (folder / "configs").mkdir()
    for path in UNIVERSES:
        shutil.copyfile(path, folder / "configs" / path.name)
    (folder / "figures.csv").write_text(FIGURES)
    (folder / "DTB3.csv").write_text("date,rate\n2004-01-02,1.0\n2025-10-31,4.0\n")


FIGURES = "ticker,period_end,available_date,roic,wacc,net_debt,ebitda,free_cash_flow,note\n" + "".join(
    f"{ticker},{year}-12-31,{year + 1}-02-20,0.1,0.08,{year},900,12.5,x\n"
    for ticker in ("CRS", "UNF", "MMSI", "ITRI")
    for year in range(2008, 2024, 5)
)


def mutated(rng: random.Random, originals: tuple[Tree, ...], most: int = 4) -> Tree:  # noqa: PLR0912  (one a change)
    """Return a shipped tree with one to ``most`` changes."""
    tree = _copy(rng.choice(originals))
    for _ in range(rng.choices(range(1, most + 1), [4, 2, 1, 1][:most])[0]):
        places = list(_places(tree))
        owner, key = rng.choice(places) if places else ({}, None)
        if key is None:
            continue
        match rng.randrange(13):
            case 0:
                del owner[key]
            case 1:
                owner[key] = rng.choice(
                    [[owner[key]], {"kind": owner[key]}, {str(rng.choice(keys())): owner[key]}, [], {}]
                )
            case 2:
                other, place = rng.choice(places)
                if place in other if isinstance(other, dict) else place < len(other):
                    owner[key], other[place] = _copy(other[place]), _copy(owner[key])
            case 3 if isinstance(owner, dict):
                owner[_near(str(key), rng)] = owner.pop(key)
            case 4 if isinstance(owner, dict):
                owner[rng.choice([*keys(), *HOSTILE[:60]])] = rng.choice([*VALUES, _copy(owner[key])])
            case 5 if isinstance(owner, list):
                owner[key:key] = [_copy(owner[key]) for _ in range(rng.choice([1, 2, 50]))]
            case 6:
                donor = rng.choice(trees())
                giver, place = rng.choice(list(_places(donor)))
                owner[key] = _copy(giver[place])
            case 7:
                for _ in range(rng.choice([2, 45, 60])):
                    owner[key] = [owner[key]] if rng.random() < 0.5 else {"kind": owner[key]}
            case 8 | 9:
                owner[key] = _alike(owner[key], rng)
            case _:
                owner[key] = rng.choice(VALUES)
    return tree


def _alike(value: Tree, rng: random.Random) -> Tree:
    """Return another value of the same sort: a share for a share, a day for a day."""
    if not isinstance(value, str):
        return _copy(rng.choice([[], {}, value]))
    if value.endswith("%"):
        return rng.choice([*_SHARES, f"{rng.uniform(0, 50):.3g}%"])
    if re.fullmatch(r"[0-9-]{10}", value):
        return rng.choice([*_DATES, f"20{rng.randint(10, 22)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"])
    if re.fullmatch(r"[0-9.]+", value):
        return rng.choice([*_NUMBERS, f"{10 ** rng.uniform(-6, 12):.4g}", str(rng.randint(0, 300))])
    return rng.choice([word for word in _words() if word != value])


@cache
def _words() -> tuple[str, ...]:
    """Return every word that stands as a value in a shipped config, and those that the schema lists."""
    found = {owner[key] for tree in trees() for owner, key in _places(tree) if isinstance(owner[key], str)}
    listed = re.findall(r"'(?:const|default)': '([^']+)'", str(schema()))
    return tuple(sorted({*found, *listed, "SPY", "QUAL", "HD"}))


def _places(tree: Tree) -> list[tuple[Tree, str | int]]:
    """Return the owner and the key of every value of a tree."""
    found: list[tuple[Tree, str | int]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        items = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        found += [(node, key) for key, _ in items]
        waiting += [value for _, value in items]
    return found


def _copy(tree: Tree) -> Tree:
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(value) for value in tree] if isinstance(tree, list) else tree


def _near(word: str, rng: random.Random) -> str:
    """Return a word that is nearly this one."""
    at = rng.randrange(len(word) or 1)
    return rng.choice(
        [word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word.upper(), f" {word}", word[::-1], f"{word}s"]
    )


def dump(tree: Tree, rng: random.Random) -> bytes:
    """Write a tree as YAML: block or flow, plain or in quotes, with a line doubled now and then."""
    options = {"default_flow_style": rng.choice([True, False, None]), "default_style": rng.choice([None, None, '"'])}
    try:
        text = yaml.dump(
            tree, Dumper=yaml.CSafeDumper, allow_unicode=rng.random() < 0.5, sort_keys=False, width=10**6, **options
        )
    except UnicodeEncodeError:  # half a character, which JSON writes as an escape
        text = json.dumps(tree)
    lines = text.split("\n")
    if rng.random() < 0.05:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def damaged_text(rng: random.Random, content: bytes = b"") -> bytes:
    """Return a shipped text with bytes turned or cut, specials of YAML in it, or in another encoding."""
    content = content or rng.choice(texts())
    if rng.random() < 0.3:
        content = damage(content, np.random.default_rng(rng.randrange(2**32)))
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        at = rng.randrange(len(content) + 1)
        word = rng.choice([*_YAML, *VALUES]).encode("utf-8", "surrogatepass")
        content = content[:at] + word + content[at + rng.choice([0, 0, len(word) % 50]) :]
    if rng.random() < 0.2:
        text = content.decode("utf-8", "replace")
        encoding = rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252", "utf-8-sig", "cp037"])
        content = text.encode(encoding, "replace")
    if rng.random() < 0.1:
        content = content.replace(b"\n", rng.choice([b"\r", b"\r\n", b"\x85", b"\xe2\x80\xa8", b""]))
    return content


def raw(rng: random.Random) -> bytes:
    """Return bytes at random: any, printable ones, or words of YAML in any order."""
    size = rng.choice([0, 1, 3, 30, 300, 3000])
    match rng.randrange(3):
        case 0:
            return rng.randbytes(size)
        case 1:
            return bytes(rng.choices(range(9, 127), k=size))
    words = rng.choices([*_YAML, *VALUES[:60], *keys(), ": ", "\n", "\n  ", ", ", "- "], k=size // 5)
    return "".join(words).encode("utf-8", "surrogatepass")


@cache
def schema() -> Tree:
    return composition.json_schema()


def from_schema(node: Tree, rng: random.Random, depth: int) -> Tree:  # noqa: PLR0911  (one a type)
    """Return what the schema allows, or now and then something else."""
    if rng.random() < 0.02 or depth > 14:
        return rng.choice(VALUES)
    if "$ref" in node:
        return from_schema(schema()["$defs"][node["$ref"].rsplit("/", 1)[1]], rng, depth + 1)
    if choices := node.get("anyOf") or node.get("oneOf"):
        return from_schema(rng.choice(choices), rng, depth + 1)
    if words := node.get("enum") or ([node["const"]] if "const" in node else []):
        return str(rng.choice(words))
    match node.get("type"):
        case "object":
            return _object_from(node, rng, depth)
        case "array":
            return [from_schema(node.get("items", {}), rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 3]))]
        case "boolean":
            return rng.choice(["true", "false", "yes", "off"])
        case "number" | "integer":
            return rng.choice(["1", "2", "3", "10", "0.05", "1%", *_NUMBERS])
        case "null":
            return "null"
    if node.get("format") == "date":
        return rng.choice(_DATES)
    return rng.choice(
        [
            *_TICKERS,
            "SPY",
            "QUAL",
            "USD",
            "EUR",
            "XNYS",
            "configs/universe_dated.csv",
            "figures.csv",
            "DTB3.csv",
            *_SHARES,
        ]
    )


def _object_from(node: Tree, rng: random.Random, depth: int) -> Tree:
    required = set(node.get("required", ()))
    wanted = 0.5 if depth < 4 else 0.25
    found = {
        key: from_schema(value, rng, depth + 1)
        for key, value in node.get("properties", {}).items()
        if (key in required and rng.random() < 0.98) or rng.random() < wanted
    }
    if isinstance(others := node.get("additionalProperties"), dict):
        found |= {rng.choice(_TICKERS): from_schema(others, rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 5]))}
    if "kind" in node.get("properties", {}) and "kind" not in found and rng.random() < 0.95:
        found["kind"] = from_schema(node["properties"]["kind"], rng, depth + 1)
    return found
