"""A second reader of what is said about differences: it takes numbers and words out of the text again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

NUMBER = r"[+-]?[\d,]+\.\d+"
ROW = re.compile(
    rf"CAGR against (?P<name>.+?): (?P<d>{NUMBER}|–)(?: pp)?(?: since [\d-]{{10}})?"  # noqa: RUF001  (an en dash is meant)
    rf"(?:, \S+ % interval (?P<low>{NUMBER}) to (?P<high>{NUMBER}) pp,|;) (?P<words>.+)"
)
LEAD = re.compile(rf"The plan grew (?:(?P<d>{NUMBER}) pp a year (?P<side>more|less) than|as much a year as) ")
BOUNDS = re.compile(rf"interval, (?P<low>{NUMBER}) to (?P<high>{NUMBER}) pp, (?P<words>[^;:.]+)")


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


def far(name: str, value: float, text: str, exact: object) -> Iterator[str]:
    """Yield that a printed number of percentage points is not the figure in as many digits."""
    half = 0.5000001 * 10.0 ** -len(text.partition(".")[2])
    if not isinstance(exact, float) or abs(value - 100.0 * exact) > half + 1e-9 * abs(value):
        yield f"{name} is printed as {text} and is {exact!r}"
    if value == 0.0 and isinstance(exact, float) and abs(exact) >= 1e-6:
        yield f"{name} is printed as zero and is {exact!r}"
