"""Plans that are valid, or nearly so, and as long as they may be: what one key at a time does not reach."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.long_configs import BASE, MAX_BYTES, Case

Node = Any
ANNUAL = {"kind": "annual"}
NAMES = [f"T{at}" for at in range(5000)]
DAYS = [str(dt.date(1950, 1, 1) + dt.timedelta(days=3 * at)) for at in range(5000)]


def plan_cases() -> Iterator[Case]:
    """Yield the cases."""
    for build in (_texts, _plans, _optimised, _benchmarks, _universes, _sweeps, _overrides):
        for name, tree, files in build():
            text = tree if isinstance(tree, str) else json.dumps({**BASE, **tree})
            if len(text.encode()) <= MAX_BYTES:
                settings = files.pop("--set", "") if isinstance(files, dict) else ""
                yield Case(f"plan: {name}", text, files, tuple(settings.splitlines()))
            else:
                raise ValueError(f"{name}: {len(text):,} bytes")


def _texts() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield texts that are long for the parser itself."""
    letters = "x" * 900_000
    yield "letters", f"name: {letters}", {}
    yield "digits", f"account: {{capital: {'9' * 900_000}}}", {}
    yield "a key", f"{letters}: 1", {}
    yield "directives", "".join(f"%TAG !{at}! x\n" for at in range(60_000)) + "---\na: 1\n", {}
    yield "directives later", "a: 1\n...\n" + "".join(f"%TAG !{at}! x\n" for at in range(60_000)) + "---\na: 1\n", {}
    yield "documents", "---\n" * 240_000, {}
    yield "comments", "#" * 60 + "\n" * 900_000, {}
    yield "keys", "".join(f"k{at}: 1\n" for at in range(90_000)), {}
    yield "one key", "k: 1\n" * 190_000, {}
    yield "keys of keys", "".join(f"k{at}: {{a: 1, b: 2}}\n" for at in range(47_000)), {}
    yield "lists", "a: [" + "[]," * 330_000 + "]", {}
    yield "deep", "a: " + "[" * 499_000, {}
    yield "deep, closed", ("a: [" + "[" * 45 + "1" + "]" * 45 + ",") * 1 + "]", {}
    yield "dashes", "a:\n  " + "- " * 490_000, {}
    yield "questions", "? " * 490_000, {}
    yield "anchors", "".join(f"a{at}: &a{at} 1\n" for at in range(56_000)), {}
    yield "escapes", 'a: "' + "\\u00e4" * 160_000 + '"', {}
    yield "colons", "a: {" + "x:1," * 240_000 + "}", {}
    yield "blanks", "a: x" + " " * 990_000 + "y", {}
    yield "unclosed", 'a: "' + "x\n" * 490_000, {}
    yield "tabs", "\t" * 990_000, {}
    yield "zeros", "\0" * 990_000, {}
    yield "rows", "a:\n" + ("  - [" + "1, " * 98 + "1]\n") * 1000, {}
    yield "mappings", "a:\n" + ("  - {" + ", ".join(f"k{at}: 1" for at in range(90)) + "}\n") * 1000, {}
    yield "unknown keys of unknown keys", "".join(f"k{at}: {{" + "a: 1, b: 2, c: 3}\n" for at in range(999)), {}


def _plans() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    thousand = NAMES[:1000]
    for kind in ("fixed_mix", "buy_and_hold"):
        rebalance = {"rebalance": ANNUAL if kind == "fixed_mix" else None}
        yield f"{kind}, 1,000 weights", _strategy(kind=kind, weights=dict.fromkeys(thousand, "0.1%"), **rebalance), {}
    half = dict.fromkeys(NAMES[1000:1004], "0.01%")
    core = {**dict.fromkeys(thousand[1:500], "0.01%"), "T0": "rest"}
    satellite = {"core": core, "satellites": half, "cap": "3%", "rebalance": ANNUAL}
    yield "core_satellite", _core(**satellite), {}
    limits = [{"group": NAMES[at : at + 900], "max": "90%"} for at in range(50)]
    yield "50 limits of 900", _core(**satellite, limits=limits), {}
    yield "999 strange caps", _core(**satellite, caps_by_name={f"{name}X": "1%" for name in NAMES[:999]}), {}
    yield "5,000 kept", _core(**satellite, never_sell=NAMES), {}
    yield "5,000 kept twice", _core(**satellite, never_sell=["T0"] * 5000), {}
    sleeves = {f"S{at}": {"weight": "0.9%", "of": {f"S{at}A{one}": "1%" for one in range(100)}} for at in range(100)}
    yield "100 sleeves of 100", _core(**{**satellite, "core": {**sleeves, "Q": "rest"}}), {}
    nested: Node = {"Z": "rest"}
    for at in range(22):
        nested = {
            f"N{at}": {"weight": "1%", "of": nested},
            **{f"R{at}B{one}": "0.1%" for one in range(900)},
            f"Q{at}": "rest",
        }
    yield "22 levels of sleeves", _core(**{**satellite, "core": nested}), {}
    flows = [{"amount": "100", "on": day} for day in DAYS]
    yield "5,000 flows", {"account": {"contributions": flows}}, {}
    rising = [{"amount": "100", "from": day, "indexed": {"path": "cpi.csv"}} for day in DAYS[3000:]]
    cpi = "date,value\n" + "".join(f"{1950 + at // 12}-{at % 12 + 1:02}-01,{100 + at}\n" for at in range(1200))
    yield "2,000 indexed flows", {"account": {"contributions": rising}}, {"cpi.csv": cpi}
    yield "5,000 rules", _strategy(rebalance={"kind": "any", "of": [ANNUAL] * 5000}), {}
    spread = {f"X{at}": "0.1%" for at in range(999)} | {"rest": "0.1%"}
    yield "999 strange spreads", {"costs": {"kind": "none", "spread": spread}}, {}
    yield (
        "strange spreads of a long plan",
        {
            **_strategy(weights=dict.fromkeys(thousand, "0.1%")),
            "costs": {"kind": "none", "spread": spread},
        },
        {},
    )
    verdicts = [{"ticker": name, "date": day, "verdict": "intact"} for name, day in zip(NAMES, DAYS, strict=True)]
    review = {"trigger": "30%", "thesis": {"kind": "list", "verdicts": verdicts}}
    yield "5,000 verdicts", _core(**satellite, loss_review=review), {}


def _optimised() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    plan = {"kind": "optimised", "objective": {"kind": "min_variance"}, "rebalance": ANNUAL, "weights": None}
    for count in (100, 500, 1000):
        core = NAMES[:count]
        yield f"optimised, {count} core", _strategy(**plan, core=core, core_cap="10%"), {}
        for groups in (20, 50):
            size = count // 4
            limits = [
                {"group": [core[(7 * at + one) % count] for one in range(size)], "max": "60%", "min": "1%"}
                for at in range(groups)
            ]
            if groups * size < 60_000:
                yield (
                    f"optimised, {count} core, {groups} limits",
                    _strategy(**plan, core=core, core_cap="10%", limits=limits),
                    {},
                )
        half = {"universe": NAMES[1000 : 1000 + count], "cap": "3%", "floor": "1%", "count": {"min": 3, "max": 20}}
        limits = [{"group": NAMES[1000 + at : 1000 + at + count // 4], "max": "10%"} for at in range(20)]
        yield f"optimised, {count} satellites", _strategy(**plan, core=["A"], satellites=half, limits=limits), {}
    yield "optimised, 5,000 core", _strategy(**plan, core=NAMES), {}
    yield "optimised, 5,000 once", _strategy(**plan, core=["T0"] * 5000), {}
    limits = [{"group": ["T0"], "max": "60%"}] * 5000
    yield "optimised, 5,000 limits", _strategy(**plan, core=["T0", "T1"], limits=limits), {}
    budgets = {"kind": "risk_parity", "budgets": {f"X{at}": "1" for at in range(1000)}}
    yield "optimised, 1,000 strange budgets", _strategy(**{**plan, "objective": budgets}, core=NAMES[:1000]), {}


def _benchmarks() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    yield "5,000 benchmarks", {"compare": {"benchmarks": NAMES}}, {}
    yield "5,000 alike", {"compare": {"benchmarks": ["SPY"] * 5000}}, {}
    mix = {"kind": "fixed_mix", "rebalance": ANNUAL, "weights": dict.fromkeys(NAMES[:490], "0.1%")}
    yield "100 benchmarks of 490", {"compare": {"benchmarks": [{"name": f"B{at}", **mix} for at in range(100)]}}, {}
    mix = {"kind": "fixed_mix", "rebalance": ANNUAL, "weights": dict.fromkeys(NAMES[:490], "x")}
    yield "100 wrong benchmarks", {"compare": {"benchmarks": [{"name": f"B{at}", **mix} for at in range(100)]}}, {}
    apart = [{"name": f"B{at}", **mix, "weights": {f"B{at}N{one}": "0.1%" for one in range(400)}} for at in range(100)]
    yield "100 benchmarks, 40,000 assets", {"compare": {"benchmarks": apart}}, {}
    unknown = [{"name": f"B{at}", **{f"weigths{one}": "1" for one in range(490)}} for at in range(100)]
    yield "100 benchmarks of unknown keys", {"compare": {"benchmarks": unknown}}, {}
    figures = {f"X{at}": {"cagr": "1%"} for at in range(1000)}
    names = [f"LONG{at}" for at in range(100)]
    yield "strange figures", {"compare": {"benchmarks": names, "published": {"source": "s", "figures": figures}}}, {}


def _universes() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    entries = [
        {"ticker": name, "name": "n", "sector": f"s{at % 900}", "brokers": ["b"]} for at, name in enumerate(NAMES)
    ]
    whole = {"names": entries}
    yield "5,000 names", _chosen(universe=whole), {}
    yield "5,000 tickers", _chosen(universe=NAMES), {}
    yield "5,000 tickers once", _chosen(universe=["T0"] * 5000), {}
    brokers = [{**entries[0], "brokers": [f"b{at}" for at in range(5000)]}]
    yield "5,000 brokers", _chosen(universe={"names": brokers}, available_at=[f"x{at}" for at in range(5000)]), {}
    wide = [{**one, "brokers": [f"b{at}" for at in range(9)]} for one in entries]
    filters = {"available_at": [f"b{at}x" for at in range(1000)], "tags": [f"t{at}" for at in range(1000)]}
    yield "5,000 names with 9 brokers", _chosen(universe={"names": wide}, **filters), {}
    yield "1,000 names, named", _chosen(universe=NAMES, choose={"kind": "named", "names": NAMES[:1000]}), {}
    yield (
        "1,000 strange names",
        _chosen(universe=NAMES, choose={"kind": "named", "names": [f"{one}X" for one in NAMES[:1000]]}),
        {},
    )
    dated = [{**entries[at % 5], "from": day, "to": day} for at, day in enumerate(DAYS)]
    yield "5,000 memberships of 5", _chosen(universe={"names": dated}), {}
    limits = [{"group": "sector", "max": "50%"}] * 50
    yield "900 sectors, 50 limits", _core(**_satellites(universe=whole), limits=limits), {}
    for rows in (5000, 50_000, 400_000):
        yield (
            f"a list of {rows:,}",
            _chosen(universe="names.csv"),
            {"names.csv": "ticker\n" + "".join(f"N{at}\n" for at in range(rows))},
        )
    spans = "ticker,start,end\n" + "".join(f"N{at},2000-01-01,\n" for at in range(200_000))
    yield "a list of 200,000 spans", _chosen(universe="names.csv"), {"names.csv": spans}
    bad = "ticker,start,end\n" + "".join("N!,2000,x\n" for at in range(5000))
    yield "a list of 5,000 faults", _chosen(universe="names.csv"), {"names.csv": bad}
    shots = "date,tickers\n" + "".join(f'{day},"{" ".join(NAMES[:200])}"\n' for day in DAYS[:900])
    yield "a list of 900 days of 200", _chosen(universe="names.csv"), {"names.csv": shots}
    other = "date,tickers\n" + "".join(
        f'{day},"{" ".join(f"D{at}N{one}" for one in range(100))}"\n' for at, day in enumerate(DAYS)
    )
    yield "a list of 500,000 names", _chosen(universe="names.csv"), {"names.csv": other}
    text = "names:\n" + "".join(f"- {json.dumps(one)}\n" for one in entries)
    yield "a universe file", _chosen(universe="names.yaml"), {"names.yaml": text}
    table = "ticker,period_end,available_date,a\n" + "".join(
        f"{name},{day},{day},{at}\n" for at, name in enumerate(NAMES[:500]) for day in DAYS[:60]
    )
    gate = {"table": {"path": "table.csv"}, "where": [f"a > {at}" for at in range(20)]}
    yield "30,000 filings, 20 criteria", _chosen(universe=NAMES, **gate), {"table.csv": table}
    wide_table = "ticker,period_end,available_date," + ",".join(f"c{at}" for at in range(5000)) + "\n"
    wide_table += "T0,2000-01-01,2000-02-01," + ",".join("1" * 5000) + "\n"
    gate = {"table": {"path": "table.csv"}, "where": [f"x{at} > 1" for at in range(20)]}
    yield "5,000 columns, 20 strange criteria", _chosen(universe=NAMES, **gate), {"table.csv": wide_table}
    for cell in ("(" * 900 + "a" + ")" * 900 + " > 1", "a" + " + a" * 1300 + " > 1", "-" * 3000 + "a > 1"):
        gate = {"table": {"path": "table.csv"}, "where": [cell]}
        yield (
            f"a criterion of {cell[:3]}",
            _chosen(universe=NAMES, **gate),
            {"table.csv": table[:3000].rpartition("\n")[0]},
        )
    rates = "date,value\n" + "".join(f"{1900 + at // 365 % 300}-01-01,1\n" for at in range(400_000))
    yield (
        "a rate file of 400,000",
        {"account": {"cash": {"rate": {"path": "rates.csv", "unit": "percent"}}}},
        {"rates.csv": rates},
    )
    yield (
        "a CPI file of 400,000",
        {"account": {"contributions": {"amount": "1", "from": "2000-01-01", "indexed": {"path": "cpi.csv"}}}},
        {"cpi.csv": rates},
    )
    verdicts = "ticker,date,verdict\n" + "".join(f"V{at},2000-01-01,intact\n" for at in range(300_000))
    review = {"trigger": "30%", "thesis": {"kind": "list", "verdicts": {"path": "verdicts.csv"}}}
    yield "300,000 verdicts", _core(**_satellites(universe=NAMES), loss_review=review), {"verdicts.csv": verdicts}


def _sweeps() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    def sweep(axes: Mapping[str, Node], mode: Node = "grid", **more: Node) -> dict[str, Node]:
        return {**more, "sweep": {"axes": axes, "mode": mode}}

    drawn = {"kind": "random", "samples": "5000000", "seed": "1"}
    step = {"from": "0", "to": "99.9999", "step": "0.0001"}
    capital = {"account.capital": {"from": "1", "to": "1000000", "step": "1"}}
    yield "a million values", sweep(capital), {}
    yield "two axes of a million", sweep({**capital, "account.min_order": step}), {}
    yield "5,000 values", sweep({"strategy.weights.QUAL": [f"{at / 100}%" for at in range(5000)]}), {}
    yield "5,000 wrong values", sweep({"strategy.weights.QUAL": [f"x{at}" for at in range(5000)]}), {}
    yield "500 wrong values", sweep({"strategy.weights.QUAL": [f"x{at}" for at in range(500)]}), {}
    yield "1,000 strange axes", sweep({f"strategy.weights.X{at}": ["1%", "2%"] for at in range(1000)}), {}
    yield "100,000 values", sweep({"account.capital": {"from": "1", "to": "100000", "step": "1"}}), {}
    few = {"choose": "3", "of": [f"B{at}" for at in range(84)], "weight": "1%"}
    yield "95,000 baskets", sweep({"strategy.weights": few}), {}
    large = _strategy(weights=dict.fromkeys(NAMES[:1000], "0.1%"))
    rules = [{"kind": "annual", "month": month, "every": str(at)} for month in ("may", "june") for at in range(1, 11)]
    yield "20 rules of 1,000 assets", sweep({"strategy.rebalance": rules}, **large), {}
    wrong = [{"kind": "annual", "month": f"m{at}"} for at in range(5000)]
    yield "5,000 wrong rules of 1,000 assets", sweep({"strategy.rebalance": wrong}, **large), {}
    yield "49 wrong rules of 1,000 assets", sweep({"strategy.rebalance": wrong[:49]}, **large), {}
    mix = {"kind": "fixed_mix", "rebalance": ANNUAL, "weights": dict.fromkeys(NAMES[:450], "0.1%")}
    beside = {"compare": {"benchmarks": [{"name": f"B{at}", **mix} for at in range(100)]}}
    yield (
        "500 wrong values, 100 benchmarks",
        sweep({"strategy.weights.QUAL": [f"x{at}" for at in range(500)]}, **beside),
        {},
    )
    names = NAMES[:100]
    many = _strategy(weights=dict.fromkeys(names, "0.1%"))
    yield "100 axes", sweep({f"strategy.weights.{one}": ["0.1%", "0.2%"] for one in names}, drawn, **many), {}
    ranges = {f"strategy.weights.{one}": {"from": "0%", "to": "100%"} for one in names}
    yield "100 ranges", sweep(ranges, drawn, **many), {}
    yield "100 ranges in a grid", sweep({one: {**at, "step": "0.2%"} for one, at in ranges.items()}, **many), {}
    basket = {"choose": ["3", "4"], "of": [f"B{at}" for at in range(65)], "weight": "1%"}
    yield "700,000 baskets", sweep({"strategy.weights": basket}), {}
    yield "baskets of 5,000", sweep({"strategy.weights": {"choose": "2500", "of": NAMES, "weight": "1%"}}), {}
    alike = {"choose": "2", "of": ["B"] * 5000, "weight": ["1%"] * 5000}
    yield "baskets of one", sweep({"strategy.weights": alike}), {}
    mixes = [{f"M{one}N{at}": "1%" for one in range(90)} for at in range(500)]
    yield "500 mixes of 90", sweep({"strategy.weights": mixes}), {}
    dates = {"window.start": {"from": "1900-01-01", "to": "2199-01-01", "step": "1 month"}}
    yield "3,600 starts", sweep(dates), {}
    spread = [{f"X{at}N{one}": "0.1%" for one in range(90)} | {"rest": "1%"} for at in range(500)]
    yield "500 strange spreads", sweep({"costs.spread": spread}, costs={"kind": "none", "spread": "1%"}), {}
    yield (
        "500 universes",
        sweep(
            {"strategy.satellites.universe": [[f"U{at}N{one}" for one in range(60)] for at in range(500)]},
            **_chosen(universe=NAMES[:20]),
        ),
        {},
    )


def _overrides() -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    settings = "\n".join(f"strategy.weights.X{at}=1%" for at in range(20_000))
    yield "20,000 --set", _strategy(weights=dict.fromkeys(NAMES[:1000], "0.1%")), {"--set": settings}
    yield "a long --set", {}, {"--set": "compare.benchmarks=[" + "a," * 60_000 + "]"}
    yield "a deep --set", {}, {"--set": ".".join("a" * 60) + "=1"}


def _strategy(**keys: Node) -> dict[str, Node]:
    plan = {**BASE["strategy"], **keys}
    return {"strategy": {key: value for key, value in plan.items() if value is not None}}


def _core(**keys: Node) -> dict[str, Node]:
    return {"strategy": {"kind": "core_satellite", **keys}}


def _satellites(**keys: Node) -> dict[str, Node]:
    top = {"choose": {"kind": "top", "count": 5, "by": "momentum"}, "weight": "1%"}
    return {"core": {"QUAL": "rest"}, "cap": "3%", "rebalance": ANNUAL, "satellites": {**top, **keys}}


def _chosen(**keys: Node) -> dict[str, Node]:
    return _core(**_satellites(**keys))
