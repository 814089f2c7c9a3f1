"""What the parts of a plan's luck mean, in sentences that the terminal and the page share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.analysis.metrics_table import METRICS
from engine.analysis.verdict import luck_text
from engine.evidence.luck.start import SAME_GROWTH
from engine.report import number_format as fmt
from engine.report.phrases import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.analysis.verdict import PlanVerdict
    from engine.evidence.luck.path import PathLuck
    from engine.evidence.luck.pick import PickLuck
    from engine.evidence.luck.spread import FigureSpread
    from engine.evidence.luck.start import StartDifference, StartLuck
    from engine.evidence.luck.timing import TimingLuck

HEADINGS: Final = {
    "timing": "Timing luck: rebalanced on another date",
    "start": "Start luck: begun in another month",
    "pick": "Pick luck: other names, drawn at random",
    "path": "Path luck: another history",
}
SPREAD_HEADS: Final = ("lowest", "median", "highest", "spread")
PATH_HEADS: Final = ("5 %", "25 %", "50 %", "75 %", "95 %")
START_HEADS: Final = ("", "start", "plan", "buy & hold", "difference a year")
_MONTH_LETTERS: Final = 3
_HELD: Final = "buy and hold"
_FEWEST_LAST: Final = 6
"""Last starts that go one way, below which nothing is said of them."""


def luck_sentence(pick: PickLuck | None, missing: Mapping[str, str]) -> str:
    """Return how often lucky names do at least as well as those that were picked, or why that cannot be told."""
    growth = pick.spreads.get("cagr") if pick else None
    if pick is None or growth is None or growth.percentile is None:
        return f"Whether luck alone does as well cannot be told: {missing.get('pick', 'the plan has no figure')}."
    share = fmt.percent(1.0 - growth.percentile, 1)
    return (
        f"Of {pick.baskets:,} lists of {pick.names} names drawn at random, {share} did at least as well "
        f"({luck_text(1.0 - growth.percentile)})."
    )


def timing_text(timing: TimingLuck) -> str:
    """Return what the date of the rebalance was worth, "" where no date has a figure."""
    growth = timing.spreads.get("cagr")
    if growth is None or timing.best is None or timing.worst is None:
        return ""
    last = timing.sessions[-1]
    tried = f"the first {last} sessions" if len(timing.sessions) == last else f"sessions {_listed(timing.sessions)}"
    return (
        f"12 months x {tried}, the last of a month that has fewer: {plural(timing.variants, 'date')}. Best: "
        f"{_cell(timing.best.month, timing.best.session)} {fmt.percent(timing.best.cagr)}; worst: "
        f"{_cell(timing.worst.month, timing.worst.session)} {fmt.percent(timing.worst.cagr)}; "
        f"{fmt.percentage_points(growth.highest - growth.lowest).lstrip('+')} a year between the two are luck."
    )


def month_medians_text(timing: TimingLuck) -> str:
    """Return the median CAGR of each month."""
    medians = ", ".join(f"{month_name(month)} {fmt.percent(one)}" for month, one in timing.month_medians.items())
    return f"Median CAGR by month: {medians}"


def month_name(month: str) -> str:
    """Return a month in three letters.

    >>> month_name("january")
    'Jan'
    """
    return month[:_MONTH_LETTERS].title()


def start_rows(start: StartLuck) -> list[tuple[str, ...]]:
    """Return the best, the median and the worst start."""
    best, worst = (
        (
            name,
            one.start,
            fmt.percent(one.cagr),
            fmt.percent(one.held),
            fmt.percentage_points(one.difference),
        )
        for name, one in (("best", start.best), ("worst", start.worst))
    )
    return [best, ("median", fmt.DASH, fmt.DASH, fmt.DASH, fmt.percentage_points(start.median)), worst]


def start_text(start: StartLuck) -> str:
    """Return from how many starts the plan was ahead."""
    return (
        f"Begun in {plural(start.starts, 'month')}, the plan was ahead of its own buy-and-hold from there on in "
        f"{start.ahead:,} ({fmt.percent(start.share_ahead, 0)}); half of the differences lie between "
        f"{fmt.percentage_points(start.lower_quartile)} and {fmt.percentage_points(start.upper_quartile)} a year."
        f"{_last_starts_text(start.every)}"
    )


def _last_starts_text(starts: Sequence[StartDifference]) -> str:
    """Return that the last starts all go one way, "" where they do not, or all starts do."""
    if not starts:
        return ""
    is_ahead = starts[-1].difference > SAME_GROWTH
    count = next(
        (n for n, one in enumerate(reversed(starts)) if (one.difference > SAME_GROWTH) != is_ahead), len(starts)
    )
    if count == len(starts) or count < _FEWEST_LAST:
        return ""
    last = starts[-count:]
    furthest = max(last, key=lambda one: one.difference if is_ahead else -one.difference)
    went = "ahead" if is_ahead else "not ahead"
    return (
        f" In each of the last {count:,} starts, from {last[0].start} on, it was {went}: as far as "
        f"{fmt.percentage_points(furthest.difference)} a year, from {furthest.start}."
    )


def start_note(start: StartLuck) -> str:
    """Return how few observations the starts are."""
    return (
        f"All starts share the last years, so they are not {start.starts:,} observations: the window has "
        f"{plural(start.independent, 'span')} of three years that do not overlap. A start needs three years before "
        f"the end of the window{_last_text(start.every)}; a later one has a shorter span, and differences a year swing "
        "most over the shortest spans."
        + (f" {plural(start.left_out, 'start')} could not be run." if start.left_out else "")
    )


def _last_text(starts: Sequence[StartDifference]) -> str:
    return f", so that {starts[-1].start} is the last" if starts else ""


def pick_text(pick: PickLuck) -> str:
    """Return where the plan lies among baskets."""
    found = ", ".join(
        f"{METRICS[name].title} {fmt.percent(one.percentile, 1)}"
        for name, one in pick.spreads.items()
        if one.plan is not None
    )
    return (
        f"Of {pick.baskets:,} baskets of {pick.names} names with the plan's weights and caps, those below the plan: "
        f"{found} (equal ones count half)."
    )


def pick_note(pick: PickLuck) -> str:
    """Return what baskets were drawn from."""
    return (
        f"Drawn from the {pick.listed:,} of {plural(pick.members, 'member')} that were listed on {pick.opening}, "
        f"{pick.ended:,} of which were delisted later; a basket keeps its names. Seed {pick.seed}."
        + (" This plan has to be run basket by basket, so there are few." if pick.one_by_one else "")
    )


def path_rows(path: PathLuck) -> list[tuple[str, ...]]:
    """Return percentiles of each figure: the plan's, its buy-and-hold's, and those of the difference."""
    rows = []
    for name in path.plan:
        for label, found in (("plan", path.plan), ("buy & hold", path.held), ("difference", path.difference)):
            cells = found[name]
            shown = [fmt.DASH] * 5 if cells is None else [_figure(one, name, label) for one in cells.values()]
            rows.append((f"{METRICS[name].title}, {label}" if label == "plan" else f"  {label}", *shown))
    return rows


def path_text(path: PathLuck) -> str:
    """Return how often a history ends below the capital, buy-and-hold and inflation.

    Of a plan with flows only the share below buy-and-hold is one of money, so the others say that they are of growth.
    """
    capital, held = fmt.percent(path.below_capital, 1), fmt.percent(path.below_held, 1)
    inflation = ""
    if path.below_inflation is not None:
        inflation = f"{fmt.percent(path.below_inflation, 1)} ({fmt.percent(path.inflation)} a year, as it was)"
    if path.has_flows:
        return (
            f"Of {path.histories:,} histories {held} end with less money than buy-and-hold. Without what was paid in "
            f"and out, growth from the first session to the last is below 0 in {capital}"
            + (f", below inflation in {inflation}" if inflation else "")
            + "; that is not the share that ends with less money than was paid in"
        )
    chances = [f"below the capital {capital}", f"below buy-and-hold {held}"]
    chances += [f"below inflation {inflation}"] if inflation else []
    return f"Share of {path.histories:,} histories that end {', '.join(chances)}"


def reconciling_text(verdict: PlanVerdict | None, path: PathLuck) -> str:
    """Return why these differences to buy-and-hold are not those of the verdict's interval; "" where it has none."""
    figures, found = (verdict.figures if verdict else None), path.difference.get("cagr")
    if figures is None or figures.difference is None or figures.interval is None or found is None:
        return ""
    if figures.rival != _HELD or figures.tax:
        return ""
    low, high = (fmt.percentage_points(one) for one in figures.interval)
    least, most = (fmt.percentage_points(found[key]) for key in ("5", "95"))
    return (
        f"Two questions, two intervals. {fmt.percentage_points(figures.difference)} a year, "
        f"{fmt.percent(figures.level, 0)} of draws from {low.removesuffix(' pp')} to {high}, resamples what the plan "
        "and buy-and-hold returned session by session in this history, with the weights that they had then. Here whole "
        "histories of closes are drawn and both are run anew in each, so their weights drift apart in other ways and "
        f"the names' own growth differs: median {fmt.percentage_points(found['50'])}, 90 % of histories from "
        f"{least.removesuffix(' pp')} to {most}."
    )


def path_note(path: PathLuck) -> str:
    """Return how histories were drawn."""
    fewer = "" if path.sessions == path.of_sessions else f", of the plan's {path.of_sessions:,}"
    return (
        f"Blocks of {path.mean_block:.0f} sessions on average from the joint returns over {path.sessions:,} common "
        f"sessions from {path.start} to {path.end}{fewer}; seed {path.seed}. Plan and buy-and-hold meet the same "
        "histories, and differences are taken in each of them: a row of them is not the plan's less buy-and-hold's. "
        "Below the figure in the column 5 % lie 5 % of the histories."
        + (" Final values are money with what was paid in and out; growth and falls are without." * path.has_flows)
        + (
            " Decisions of this plan have to be asked for, so histories are run one by one, and few."
            if path.one_by_one
            else ""
        )
    )


def spread_rows(spreads: Mapping[str, FigureSpread]) -> list[tuple[str, ...]]:
    """Return each figure of the plan with its rank, and those of its variants from the lowest to the highest."""
    return [
        (
            METRICS[name].title,
            fmt.metric(one.plan, METRICS[name].style),
            fmt.count(one.rank),
            *(fmt.metric(figure, METRICS[name].style) for figure in (one.lowest, one.median, one.highest)),
            fmt.difference(one.highest - one.lowest, METRICS[name].style).lstrip("+"),
        )
        for name, one in spreads.items()
    ]


def spread_heads(spreads: Mapping[str, FigureSpread]) -> tuple[str, ...]:
    """Return the heads of these rows."""
    count = max((one.count for one in spreads.values()), default=0)
    return ("", "plan", f"rank of {count:,}", *SPREAD_HEADS)


def _figure(figure: float, name: str, label: str) -> str:
    return (
        fmt.difference(figure, METRICS[name].style)
        if label == "difference"
        else fmt.metric(figure, METRICS[name].style)
    )


def _cell(month: str, session: int) -> str:
    return f"session {session} of {month.title()},"


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
