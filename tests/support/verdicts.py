"""A second reader of what is said about differences: it takes numbers and words out of the text again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

NUMBER = r"[+-]?[\d,]+\.\d+"
ROW = re.compile(
    rf"CAGR against (?P<name>.+?): (?P<d>{NUMBER}|–)(?: pp)?(?: since [\d-]{{10}})?"  # noqa: RUF001  (an en dash is meant)
    rf"(?:, \S+ % interval (?P<low>{NUMBER}) to (?P<high>{NUMBER}) pp,|;) (?P<words>.+)"
)
LEAD = re.compile(rf"[Tt]he plan grew (?:(?P<d>{NUMBER}) pp a year (?P<side>more|less) than|as much a year as) ")
BOUNDS = re.compile(
    rf"interval(?P<sale> before that sale)?, (?P<low>{NUMBER}) to (?P<high>{NUMBER}) pp, (?P<words>[^;:.]+)"
)
BEFORE = re.compile(rf"\(before tax (?P<d>{NUMBER}) pp\)")
LUCK = re.compile(r"p (?P<sign>[=<]) (?P<p>[01]\.\d+)(?: among (?P<tried>[\d,]+) tried)?")
RETURNED = re.compile(rf"returned (?P<own>{NUMBER}|–) ?%? and .+? (?P<theirs>{NUMBER}|–) ?%?(?: since| until| in )")  # noqa: RUF001
ENDINGS = {
    "alone": "nothing to compare it with.",
    "short": "under a year is too short to judge.",
    "none": ("lost everything or has no figure.", "no sessions in common."),
    "same": ("on every session", "less than 0.0001 pp a year."),
}
"""How sentences of a class end or what they hold, but for those of an interval."""


def contradictions(said: str, figures: Mapping[str, object]) -> Iterator[str]:
    """Yield every way in which a row or a sentence contradicts its own numbers, or these those of the summary."""
    row, lead, bounds = ROW.match(said), LEAD.search(said), BOUNDS.search(said)
    shown, words = None, ""
    if row:
        shown, words = row["d"], row["words"]
    elif lead:
        shown, words = lead["d"] or "0.00", bounds["words"] if bounds else said
        shown = f"-{shown}" if lead["side"] == "less" else shown
    if shown is None or figures["cagr_difference"] is None:
        return
    difference = number(shown)
    yield from far("difference", difference, shown, figures["cagr_difference"])
    found = row if row and row["low"] else bounds
    interval = figures["cagr_difference_interval"]
    if (found is None) != (interval is None) and "grew alike" not in said and "same return" not in said:
        yield "an interval is said where there is none, or not where there is one"
    if found is None or interval is None:
        return
    low, high = number(found["low"]), number(found["high"])
    for name, value, text, exact in zip(
        ("low", "high"), (low, high), (found["low"], found["high"]), interval, strict=True
    ):
        yield from far(name, value, text, exact)
    yield from wrong_words(words, difference, low, high)


def wrong_words(words: str, difference: float, low: float, high: float) -> Iterator[str]:
    """Yield that words say otherwise than the numbers beside them."""
    inside, zero = low <= difference <= high, low <= 0.0 <= high
    expected = "includes zero" if zero else "excludes zero"
    expected = expected if inside else "does not agree"
    expected = "the same growth" if difference == low == high == 0.0 else expected
    if not words.startswith(expected):
        yield f"'{words}' is said of {difference} in {low} to {high}: expected '{expected}'"
    if re.search("beats|outperform|significan|proves|chance alone", words):
        yield f"'{words}' says more than figures can"


def number(text: str) -> float:
    """Return a printed number."""
    return float(text.replace(",", ""))


def far(name: str, value: float, text: str, exact: object, *, zero: bool = False) -> Iterator[str]:
    """Yield that a printed number of percentage points is not the figure in as many digits, nor ``zero`` where it may."""
    half = 0.5000001 * 10.0 ** -len(text.partition(".")[2])
    if not isinstance(exact, float) or abs(value - 100.0 * exact) > half + 1e-9 * abs(value):
        yield f"{name} is printed as {text} and is {exact!r}"
    if not zero and value == 0.0 and isinstance(exact, float) and abs(exact) >= 1e-6:
        yield f"{name} is printed as zero and is {exact!r}"


def verdict_faults(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Yield every way in which a verdict of ``summary.json`` contradicts its own figures, or one half of it the other.

    It is a class, a sentence and figures; nothing here knows how the engine makes one of the other.
    """
    kind, figures = verdict["class"], verdict["figures"]
    said = verdict["sentence"].replace("\N{MINUS SIGN}", "-")
    tax = figures.get("tax")
    if said.startswith("After tax and a sale at the end the plan") != (tax is not None):
        yield f"taxes are said otherwise than they are: {said}"
    if kind in ENDINGS:
        endings = ENDINGS[kind] if isinstance(ENDINGS[kind], tuple) else (ENDINGS[kind],)
        if not any(one in said for one in endings):
            yield f"of class {kind}: {said}"
        yield from _without_interval(kind, said, figures)
        return
    if not figures["rival"] or figures["rival"] not in said or figures["years"] < 1.0:
        yield f"of class {kind}: {said}"
    exact = {"cagr_difference": figures["difference"], "cagr_difference_interval": figures["interval"]}
    bounds, before = BOUNDS.search(said), BEFORE.search(said)
    if tax is None:
        yield from contradictions(said, exact)
    else:
        yield from _taxed(said, figures, bounds, before)
    yield from _unfounded(kind, said, figures, bounds["words"] if bounds else "")


def _unfounded(kind: str, said: str, figures: Mapping[str, Any], words: str) -> Iterator[str]:
    """Yield a claim that years, p or the number tried do not allow, or one that is withheld without a reason."""
    p, luck = figures.get("p"), LUCK.search(said)
    withheld = any(one in said for one in ("too short", "not distinguishable", "run engine luck"))
    claims = words.startswith("excludes zero") and not withheld
    if kind != (("ahead" if " more than " in said else "behind") if claims else "open"):
        yield f"class {kind} of: {said}"
    if words.startswith("excludes zero") and ("too short to judge" in said) != (figures["years"] < 3.0):
        yield f"{figures['years']} years: {said}"
    if luck and not (p < 0.001 if luck["sign"] == "<" else 0.0 <= float(luck["p"]) - p + 1e-9 < 0.0101):
        yield f"p is {p}: {said}"
    if kind == "ahead" and ((p is None) != (luck is None) or (p or 0.0) > 0.05):
        yield f"ahead with p = {p}: {said}"
    if kind == "ahead" and p is None and figures.get("tried", 0) > 1:
        yield f"{figures['tried']} were tried: {said}"
    if re.search("beats|outperform|significan|proves|alpha|guarantee", said):
        yield f"more than figures can say: {said}"


def _without_interval(kind: str, said: str, figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what contradicts the figures in a sentence that speaks of no interval."""
    if (kind == "alone") != (not figures["rival"]) or (kind == "short" and figures["years"] >= 1.0):
        yield f"class {kind} of {figures}"
    if kind == "same" and any(abs(one) >= 5.1e-7 for one in (figures["difference"], *figures["interval"])):
        yield f"called the same: {figures}"
    if kind == "none" and figures["sessions"] >= 2 and figures["difference"] is not None:
        yield f"called incomparable: {figures}"
    if kind == "short" and (found := RETURNED.search(said)):
        for name in ("own", "theirs"):
            if (found[name] == "–") != (figures[name] is None):  # noqa: RUF001
                yield f"{name} is {figures[name]}: {said}"
            elif figures[name] is not None:
                yield from far(name, number(found[name]), found[name], figures[name], zero=True)
    elif kind == "short":
        yield f"no returns in: {said}"


def _taxed(
    said: str, figures: Mapping[str, Any], bounds: re.Match[str] | None, before: re.Match[str] | None
) -> Iterator[str]:
    """Yield what contradicts the figures in a sentence after tax: its interval is around what is held."""
    lead = LEAD.search(said)
    if lead is None or before is None or (bounds is not None and not bounds["sale"]):
        yield f"after tax: {said}"
        return
    shown = lead["d"] or "0.00"
    sold = number(f"-{shown}" if lead["side"] == "less" else shown)
    yield from far("sold", sold, shown, figures["difference"])
    yield from far("before", number(before["d"]), before["d"], figures["tax"]["before"], zero=True)
    if bounds is None:
        return
    low, high = number(bounds["low"]), number(bounds["high"])
    for name, exact in (("low", figures["interval"][0]), ("high", figures["interval"][1])):
        yield from far(name, number(bounds[name]), bounds[name], exact)
    held, excludes = 100.0 * figures["tax"]["held"], low > 0.0 or high < 0.0
    opposite = sold * held < 0.0
    agrees = figures["interval"][0] - 1e-6 <= figures["tax"]["held"] <= figures["interval"][1] + 1e-6
    if bounds["words"].startswith("excludes zero") and not (excludes and agrees and sold * held > 0.0):
        yield f"held {held}: {said}"
    if bounds["words"].startswith("includes zero") and (excludes or opposite or not agrees):
        yield f"held {held}: {said}"
