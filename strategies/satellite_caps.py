"""Caps of satellites: what none may be above, one for all and some by name, and what is cut to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.did_you_mean import did_you_mean
from engine.core.fields import FieldFault, format_percent
from engine.core.shortlist import shortlist
from strategies.group_limits import compact_percent
from strategies.satellite_selection import MOST_NAMED


@dataclass(frozen=True)
class SatelliteCaps:
    """The caps of satellites with ``written`` weights: ``own`` by name, ``cap`` for all others.

    ``cuts``: a weight above its cap is cut to it, instead of being refused.
    """

    written: Mapping[str, float]
    cap: float
    own: Mapping[str, float]
    cuts: bool

    def of(self, ticker: str) -> float:
        """Return the cap of one satellite."""
        return self.own.get(ticker, self.cap)

    def by_ticker(self) -> Mapping[str, float]:
        """Return the cap of every satellite."""
        return {ticker: self.of(ticker) for ticker in self.written}

    def weights(self) -> Mapping[str, float]:
        """Return the weight of every satellite, cut where that is asked."""
        return (
            {name: min(weight, self.of(name)) for name, weight in self.written.items()} if self.cuts else self.written
        )

    def excess(self) -> Mapping[str, float]:
        """Return what is cut from each satellite; none where a weight above its cap is refused."""
        return {name: max(weight - self.of(name), 0.0) for name, weight in self.written.items()} if self.cuts else {}

    def describe(self, between: str) -> Iterator[str]:
        """Yield the caps in words, with what holds ``between`` rebalances, and whose weights are cut."""
        own = ", ".join(f"{name} {format_percent(cap)}" for name, cap in self.own.items())
        yield f"no satellite's target is above {format_percent(self.cap)}{f' ({own})' if own else ''}; {between}"
        by_cut: dict[str, list[str]] = {}
        for ticker in (ticker for ticker, cut in self.excess().items() if cut):
            how = f"from {format_percent(self.written[ticker])} to {format_percent(self.of(ticker))}"
            by_cut.setdefault(how, []).append(ticker)
        if self.cuts:
            found = ", ".join(f"{shortlist(names, MOST_NAMED)} {how}" for how, names in by_cut.items()) or "none is"
            yield f"a weight above its cap is cut to it, and the core takes the cut pro rata: {found}"

    def stranger_faults(self) -> Iterator[FieldFault]:
        """Yield the caps of what is no satellite."""
        for ticker in self.own:
            if ticker not in self.written:
                yield ("caps_by_name", ticker), f"{ticker} is no satellite; {did_you_mean(ticker, self.written)}"

    def excess_faults(self, common: float | None) -> Iterator[FieldFault]:
        """Yield the weights that are above their caps; ``common`` is the weight of satellites that are chosen."""
        remedy = "raise the cap or write over_cap: to_core"
        too_low: Collection[str] = [
            ticker for ticker, weight in self.written.items() if weight > self.of(ticker) + WEIGHT_SUM_TOLERANCE
        ]
        if common is not None and common > self.cap + WEIGHT_SUM_TOLERANCE:
            above = f"{compact_percent(common)} each are above the cap of {compact_percent(self.cap)}"
            yield ("satellites", "weight"), f"satellites at {above}; lower the weight, {remedy}"
            too_low = [ticker for ticker in too_low if ticker in self.own]
        for ticker in too_low:
            whose = "its" if ticker in self.own else "the"
            weight, cap = compact_percent(self.written[ticker]), compact_percent(self.of(ticker))
            place = "satellites" if common is None else "caps_by_name"
            yield (place, ticker), f"satellite {ticker} at {weight} is above {whose} cap of {cap}; lower it, {remedy}"
