"""Claims about arithmetic: what so much a year comes to in many years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from engine.core.fields import Rate, WholeNumber
from engine.core.powers import power
from engine.evidence.claims.computation import Computation, MeasuringTerms, Reading, Way


class Compounding(Computation):
    """What a ``rate`` a year comes to in so many ``years``, by itself or on top of growth of ``beside`` a year."""

    kind: Literal["compounding"] = "compounding"
    rate: Rate
    years: Annotated[WholeNumber, Field(ge=1, le=200)]
    beside: Rate = 0.0

    @property
    def tickers(self) -> tuple[str, ...]:
        """None: it needs no closes."""
        return ()

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """How it is reckoned."""
        more = ("share_of_the_final_value", "share_of_the_capital") if self.beside else ()
        return {"reckoned": ("compounded", "added_up", *more)}

    def measure(self, way: Way, terms: MeasuringTerms) -> Reading:  # noqa: ARG002  (arithmetic needs none)
        """Return what the rate comes to [fraction].

        >>> from engine.backtest.config_sections import Window
        >>> round(Compounding(rate=0.01, years=20).measure({"reckoned": "compounded"}, None).figure, 6)
        0.22019
        """
        with_it, without = (power(1.0 + rate, float(self.years)) for rate in (self.beside + self.rate, self.beside))
        figures = {
            "compounded": power(1.0 + self.rate, float(self.years)) - 1.0,
            "added_up": self.rate * self.years,
            "share_of_the_final_value": with_it / without - 1.0,
            "share_of_the_capital": with_it - without,
        }
        return Reading(way, figures[way["reckoned"]])
