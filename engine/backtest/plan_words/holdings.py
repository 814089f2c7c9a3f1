"""What a plan holds, in words: weights, what is chosen and how, caps, and limits where they bind."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import Final

from engine.backtest.plan_words.clauses import (
    Clause,
    KeyPath,
    Section,
    Wording,
    group_weights,
    is_exact,
    join_and,
    resolve_rest,
)
from engine.backtest.plan_words.schedule import calendar_text
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import format_percent

_MANY: Final = 4
"""So many names of one weight, and more, become a count where a sentence is too long."""


def describe_mix(strategy: Section) -> list[Clause]:
    """Return the weights of a plan that is one mix, and what they leave in cash."""
    weights = resolve_rest(strategy.below("weights").values)
    told = strategy.below("weights").exact(*weights)
    cash = _cash(fsum(weights.values()))
    short = [*group_weights(weights, "assets", counted=_MANY), *cash]
    return [
        Clause(
            (
                Wording(join_and([*group_weights(weights), *cash]), told),
                Wording(join_and(short)),
                Wording(f"{len(weights)} assets"),
            )
        )
    ]


def describe_core_satellite(strategy: Section) -> list[Clause]:
    """Return core and satellites with their caps, and limits where they bind."""
    core, satellites = strategy.below("core"), strategy.below("satellites")
    chosen = "universe" in satellites.values
    named = {} if chosen else {name: satellites.number(name) for name in satellites.values}
    count, each = _chosen_count(satellites), satellites.number("weight")
    total = count * each if chosen else fsum(named.values())
    written = {name: _weight_of(part) for name, part in core.values.items()}
    weights = resolve_rest(written, 1.0 - total)
    told = _weights_told(core)
    sleeves = {name: _sleeve_text(core.below(name)) for name, part in core.values.items() if isinstance(part, dict)}
    cash = _cash(fsum(weights.values()) + total)
    text, choice = (_choice_text(satellites), _choice_told(satellites)) if chosen else ("", frozenset[KeyPath]())
    if not chosen:
        choice = satellites.exact(*named)
    rest = [text] if chosen else _satellite_parts(named)
    parts = group_weights(weights, sleeves=sleeves)
    short = group_weights(weights, "assets", counted=_MANY)
    few = [text] if chosen else group_weights(named, "stocks", counted=3)
    least = f"{len(weights)} parts of a core, {format_percent(fsum(weights.values()))} together"
    holdings = Clause(
        (
            Wording(join_and([*parts, *cash, *rest]), told | choice),
            Wording(join_and([*parts, *cash, *few]), told),
            Wording(join_and([*short, *cash, *few])),
            Wording(f"{least}, and {format_percent(total)} in {count if chosen else len(named)} stocks"),
        )
    )
    return [holdings, _cap_clause(strategy), _limit_clause(strategy, weights, named)]


def describe_optimised(strategy: Section) -> list[Clause]:
    """Return what an optimiser chooses from, what it aims at, and within which bounds."""
    core, satellites = strategy.names("core"), strategy.below("satellites")
    cap = strategy.number("core_cap", 1.0)
    most = f" at up to {format_percent(cap)} each" if cap < 1.0 else ""
    told = {strategy.path("core")} | strategy.exact("core_cap")
    names, bounds = "", ""
    if satellites.values:
        universe = satellites.names("universe")
        of = join_and(universe) if universe else f"{_universe_size(satellites)} names"
        low = f"{format_percent(satellites.number('floor'))} to " if satellites.number("floor") else "up to "
        bounds = f"{low}{format_percent(satellites.number('cap'))} each"
        names = f", and {_count_text(satellites.below('count'))}{of} at {bounds}"
        told |= satellites.exact("cap", "floor") | {satellites.path("count")}
        told |= {satellites.path("universe")} if universe else set()
    aim, aim_told = _aim_text(strategy.below("objective"))
    watched = " at any close" if strategy.text("caps") == "always" else ""
    told |= aim_told | {strategy.path("caps")}
    short = f"the weights of {aim} over {len(core)} assets{f' and stocks at {bounds}' if bounds else ''}"
    turnover = strategy.below("turnover")
    exchanged = (
        f"at most {format_percent(turnover.number('max'))} exchanged at a time" if "max" in turnover.values else ""
    )
    return [
        Clause(
            (
                Wording(f"the weights of {aim} over {join_and(core)}{most}{names}{watched}", frozenset(told)),
                Wording(short + watched),
            )
        ),
        Clause((Wording(exchanged, turnover.exact("max")), Wording(""))),
        Clause((_span_wording(strategy.below("estimates")), Wording(""))),
    ]


def describe_other(strategy: Section) -> list[Clause]:
    """Return what is known of a strategy that another package brings: what it calls itself."""
    return [
        Clause((Wording(f"a plan of kind {strategy.text('kind', 'unknown')}", frozenset({strategy.path("kind")})),))
    ]


def describe_review(strategy: Section) -> Clause:
    """Return what is done about a satellite that has lost much; nothing where nothing is."""
    review = strategy.below("loss_review")
    if not review.values:
        return Clause((Wording(""),))
    since = {"cost": "average cost", "rebalance": "last rebalance", "peak": "highest close"}
    thesis = review.below("thesis")
    kind = thesis.text("kind")
    done = {"top_up": "topped up", "exit": "sold", "keep": "kept"}
    intact, broken = done.get(review.text("intact"), ""), done.get(review.text("broken"), "")
    told = {review.path("from"), review.path("intact"), review.path("broken"), thesis.path("kind")}
    judged = f"{intact} while its thesis ({kind}) is intact, else {broken}"
    if kind == "trend":
        mean = f"the mean of its last {int(thesis.number('sessions'))} closes"
        judged = f"{intact} if it is not below {mean}, else {broken}"
        told.add(thesis.path("sessions"))
    elif kind in {"always", "never"}:
        judged = intact if kind == "always" else broken
        told.discard(review.path("broken" if kind == "always" else "intact"))
        told |= {thesis.path("kind")}
    loss = f"{format_percent(review.number('trigger'))} or more below its {since.get(review.text('from'), '')}"
    text = f"a satellite {loss} is {judged}"
    return Clause((Wording(text, frozenset(told) | review.exact("trigger")), Wording("")))


def _satellite_parts(named: Mapping[str, float]) -> list[str]:
    """Return the weights of named satellites; where they are not all alike, that they are the satellites."""
    groups = group_weights(named)
    return groups if len(groups) < 2 else [f"as satellites {groups[0]}", *groups[1:]]


def _weight_of(part: object) -> object:
    return part.get("weight") if isinstance(part, dict) else part


def _cash(total: float) -> list[str]:
    left = 1.0 - total
    return [f"{format_percent(left)} cash"] if left > WEIGHT_SUM_TOLERANCE else []


def _sleeve_text(sleeve: Section) -> str:
    """Return what a sleeve is made of, in brackets."""
    inner = sleeve.below("of")
    shares = resolve_rest({name: _weight_of(part) for name, part in inner.values.items()})
    deeper = {name: _sleeve_text(inner.below(name)) for name, part in inner.values.items() if isinstance(part, dict)}
    dates = calendar_text(sleeve.below("rebalance"))
    return f" ({join_and(group_weights(shares, sleeves=deeper))}{f', back to these {dates}' if dates else ''})"


def _weights_told(parts: Section) -> frozenset[KeyPath]:
    """Return the keys of a core or a sleeve whose weights its words tell: all that are written as numbers."""
    told: set[KeyPath] = set()
    for name, part in parts.values.items():
        if isinstance(part, dict):
            sleeve = parts.below(name)
            told |= {sleeve.path("rebalance")} | _weights_told(sleeve.below("of"))
            told |= sleeve.exact("weight") if part.get("weight") != "rest" else set()
        elif isinstance(part, float) and is_exact(part):
            told.add(parts.path(name))
    return frozenset(told)


def _chosen_count(satellites: Section) -> int:
    choose = satellites.below("choose")
    return len(choose.names("names")) or int(choose.number("count"))


def _universe_size(satellites: Section) -> int:
    """Return how many names there are to choose from as far as the config tells: filters are applied as written."""
    brokers, tags = satellites.names("available_at"), satellites.names("tags")
    names = satellites.below("universe").sections("names")
    there = [
        one.text("ticker")
        for one in names
        if set(brokers) <= set(one.names("brokers")) and set(tags) <= set(one.names("tags"))
    ]
    return len(set(there)) or len(satellites.names("universe"))


def _choice_text(satellites: Section) -> str:
    """Return how satellites of a universe are chosen, with their weight."""
    choose, each = satellites.below("choose"), format_percent(satellites.number("weight"))
    if choose.text("kind") == "named":
        return f"{each} each in {join_and(choose.names('names'))}"
    by = choose.text("by")
    of = f"{each} each in {_chosen_count(satellites)} of {_universe_size(satellites)} names"
    criteria = satellites.names("where")
    gate = f" with {join_and(criteria)}" if criteria else ""
    if by == "quality":
        return f"{of}{gate} by highest {choose.text('measure')}"
    lookback = choose.values.get("lookback")
    span = "1-year"
    if isinstance(lookback, int):
        span = f"{lookback // 21}-month" if lookback % 21 == 0 else f"{lookback}-session"
    score = {"momentum": f"{span} momentum", "low_volatility": f"lowest {span} volatility"}.get(by, by)
    skip = int(choose.number("skip"))
    return f"{of}{gate} by {score}{f' without the last {skip} sessions' if skip else ''}"


def _choice_told(satellites: Section) -> frozenset[KeyPath]:
    choose = satellites.below("choose")
    told = {choose.path(key) for key in choose.values if key != "table"} | {satellites.path("where")}
    return frozenset(told) | satellites.exact("weight")


def _count_text(count: Section) -> str:
    """Return how many satellites are in, with the words before their names."""
    low, high = int(count.number("min")), count.values.get("max")
    if high is None:
        return f"at least {low} of " if low else "any of "
    return f"{low} to {high} of " if low != high else f"{low} of "


def _aim_text(objective: Section) -> tuple[str, frozenset[KeyPath]]:
    """Return what an optimiser aims at, and the keys that this tells."""
    kind, told = objective.text("kind"), {objective.path("kind")}
    text = f"{kind.replace('min_', 'least ').replace('max_', 'highest ').replace('_', ' ')}"
    for key in ("level", "risk_aversion", "power", "risk_free"):
        value = objective.values.get(key)
        if isinstance(value, float):
            told.add(objective.path(key))
            text += f" ({key.replace('_', ' ')} {value!r})"
    return text, frozenset(told)


def _span_wording(estimates: Section) -> Wording:
    lookback = estimates.values.get("lookback")
    text = f"estimated on {lookback} sessions" if isinstance(lookback, int) else ""
    return Wording(text, frozenset({estimates.path("lookback")}))


def _cap_clause(strategy: Section) -> Clause:
    """Return the highest weight of satellites, and when it binds."""
    always = strategy.text("caps") == "always"
    when = "at any close" if always else "after a rebalance"
    cap, own = strategy.number("cap"), strategy.below("caps_by_name")
    told = strategy.exact("cap") | {strategy.path("caps"), strategy.path("over_cap")}
    over = ", what is above it in the core" if strategy.text("over_cap") == "to_core" else ""
    named = join_and([f"{name} {format_percent(own.number(name))}" for name in own.values]) if own.values else ""
    by_name = f" ({named})" if named else ""
    full = Wording(f"none above {format_percent(cap)}{by_name} {when}{over}", told | own.exact(*own.values))
    return Clause(
        (full, Wording(f"none above {format_percent(cap)}{' or its own cap' if named else ''} {when}{over}", told))
    )


def _limit_clause(strategy: Section, core: Mapping[str, float], named: Mapping[str, float]) -> Clause:
    """Return the limits that named weights are at; one with room to spare changes nothing now."""
    said = []
    for limit in strategy.sections("limits"):
        group, most = limit.names("group"), limit.number("max", 1.0)
        members = {name: weight for part in group for name, weight in _members(part, core, named).items()}
        if group and named and abs(fsum(members.values()) - most) <= WEIGHT_SUM_TOLERANCE:
            called = ["the satellites" if part == "satellites" else part for part in group]
            said.append(f"{join_and(called)} together at most {format_percent(most)}")
    whole = len(said) == len(strategy.sections("limits")) and all(
        is_exact(limit.values.get("max")) for limit in strategy.sections("limits")
    )
    full = Wording("; ".join(said), frozenset({strategy.path("limits")}) if whole else frozenset())
    return Clause((full, Wording("")) if said else (full,))


def _members(part: str, core: Mapping[str, float], named: Mapping[str, float]) -> Mapping[str, float]:
    if part == "satellites":
        return named
    return {part: {**core, **named}[part]} if part in core or part in named else {}
