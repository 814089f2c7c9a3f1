"""Resolved configs that differ from one another in a single setting of account, strategy or costs, all of them valid."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from engine.composition import json_schema, load_run, run_config_class
from engine.core.errors import EngineError

ROOT = Path(__file__).parents[2]
SECTIONS = ("account", "strategy", "costs")
Tree = Any
Change = tuple[str, Tree]
"""Where a setting was changed, and the whole config with it."""

PLANS = {
    "mix": "strategy: {kind: fixed_mix, weights: {A: 30%, B: 30%, C: 25%}, rebalance: {kind: every, period: quarter}, never_sell: [C]}\n"
    "costs: {kind: per_order, fixed: 5, rate: 0.1%, minimum: 9.9, maximum: 69, spread: 5, fx: 0.25%, yearly: 0.1%}\n"
    "account: {capital: 5000, shares: whole, min_order: 50, execution: next_close, cash: {rate: 2%}, contributions: "
    "{amount: 50, every: month, from: 2010-01-01, to: 2012-01-01, indexed: 2%}}",
    "hold": "strategy: {kind: buy_and_hold, weights: {A: 60%, B: 40%}}\ncosts: {kind: broker, tariff: comdirect}",
    "bands": "strategy: {kind: fixed_mix, weights: {A: 60%, B: 40%}, trade_to: {inside: 1%}, trade_only: drifted, "
    "funding: flows_first, rebalance: {kind: any, of: [{kind: annual, month: july, every: 2}, {kind: "
    "band, absolute: 5%, relative: 25%, look: month}]}}\n"
    "account: {execution: {kind: limit, margin: 1%}, contributions: [{percent: -4%, every: year}, {amount: 10, 'on': "
    "2010-01-04}], when_spent: stop}",
    "chosen": "strategy: {kind: core_satellite, core: {A: rest, B: 15%}, satellites: {universe: [C, D, E, F], choose: "
    "{kind: top, count: 3, by: momentum, lookback: 126, skip: 21}, weight: 2%, min_history: 20}, cap: 3%, limits: "
    "[{group: [B, satellites], max: 21%}]}",
    "bound": "strategy: {kind: core_satellite, core: {A: 78%, B: 15%}, satellites: {C: 2%, D: 2%, E: 3%}, cap: 3%, caps: "
    "always, caps_by_name: {C: 2.5%}, over_cap: to_core, limits: [{group: [B, satellites], max: 22%}], before_listing: "
    "cash, after_delisting: {to: cash, haircut: 10%}}",
    "parity": "strategy: {kind: optimised, core: [A, B, C], core_cap: 60%, objective: {kind: min_cvar, level: 90%}, "
    "estimates: {lookback: 500, half_life: 60}, turnover: {max: 20%, penalty: costs, risk_aversion: 3}}",
}
"""What the shipped configs do not have."""


@cache
def plain_configs() -> Mapping[str, Tree]:
    """Return resolved configs by name: those that are shipped, and plans with settings that these leave alone."""
    found: dict[str, Tree] = {}
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        try:
            found[path.stem] = load_run(path).canonical()
        except EngineError:  # a sweep's, a claim's, or one whose files are not here
            continue
    for name, text in PLANS.items():
        head = "name: made\ndata: {source: {kind: files, path: p.csv, closes: adjusted}}\n"
        written = yaml.load(head + text, yaml.BaseLoader)
        found[name] = run_config_class().model_validate(written).canonical()
    return found


def changes(config: Tree, every: int = 1) -> Iterator[Change]:
    """Yield valid configs that differ from ``config`` in one setting: another value, or one more or fewer of a list.

    Of all that were tried, ``every`` so many.
    """
    tried = itertools.count()
    for section in SECTIONS:
        for path in _paths(config[section], (section,)):
            for value in _others(path, _at(config, path)):
                if next(tried) % every:
                    continue
                changed = copy.deepcopy(config)
                _at(changed, path[:-1])[path[-1]] = value
                if valid := _validated(changed):
                    yield ".".join(map(str, path)), valid


def _paths(tree: Tree, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield (*place, key)
        yield from _paths(value, (*place, key))


def _at(tree: Tree, path: tuple[str | int, ...]) -> Tree:
    for key in path:
        tree = tree[key]
    return tree


def _others(path: tuple[str | int, ...], value: Tree) -> Iterator[Tree]:
    """Yield other values of the kind of ``value``."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (
            one for one in (value + 1, value * 0.9, value * 0.9876543212345, value + 0.001, 0.0, 3) if one != value
        )
    elif isinstance(value, str):
        yield from sorted(_words_of(str(path[-1])) - {value})
        yield from (value.replace("2", "3"), 0.31) if value != "rest" else (0.31,)
    elif isinstance(value, list) and value:
        yield value[:-1]
        yield [*value, value[0]]
        yield value[::-1]
    elif isinstance(value, dict) and value:
        yield {key: value[key] for key in list(value)[:-1]}
        yield {(f"{key}X" if key == next(iter(value)) else key): one for key, one in value.items()}
        yield from (
            {**value, key: one} for key, one in (("Z", 0.01), ("every", 2), ("from", "2011-01-03"), ("relative", 0.2))
        )


@cache
def _schema() -> Tree:
    return json_schema()


@cache
def _words_of(key: str) -> frozenset[str]:
    """Return every word that the schema allows under a key of that name."""
    found: set[str] = set()

    def walk(node: Tree, name: str) -> None:
        if isinstance(node, list):
            for one in node:
                walk(one, name)
        if not isinstance(node, dict):
            return
        if name == key:
            found.update(one for one in [*node.get("enum", []), node.get("const")] if isinstance(one, str))
        for below, one in node.items():
            if below == "properties":
                for inner, about in one.items():
                    walk(about, inner)
            else:
                walk(one, name if below in {"anyOf", "oneOf", "items", "prefixItems"} else "")

    walk(_schema(), "")
    return frozenset(found)


def _validated(config: Tree) -> Tree | None:
    try:
        return run_config_class().model_validate(config).canonical()
    except (ValidationError, EngineError, TypeError, ValueError):
        return None
