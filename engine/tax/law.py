"""``TaxLaw``: the abstract base of every kind of tax that a config can name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from engine.core.fields import ConfigModel, FieldFault
from engine.tax.book import Taxation


class TaxLaw(ConfigModel):
    """What a country, or a flat rate, taxes; with the attributes of the assets that it asks for.

    ``twin``: whether figures before tax are gross, or net of what is withheld abroad and inside funds.
    """

    kind: str
    twin: Literal["gross", "net_of_withholding"] = "gross"

    @property
    @abstractmethod
    def currency(self) -> str | None:
        """The currency that the law counts in, None for any."""

    @abstractmethod
    def asset_faults(self, tickers: Iterable[str]) -> Iterator[FieldFault]:
        """Yield what is wrong with the attributes of ``tickers``: those that have none, in one line."""

    @abstractmethod
    def accumulates(self, ticker: str) -> bool:
        """Return whether a fund keeps its dividends and reinvests them inside."""

    @abstractmethod
    def withheld_inside(self, ticker: str) -> float:
        """Return the share of a fund's dividends that is withheld before they reach it [fraction]."""

    @abstractmethod
    def withheld_abroad(self, ticker: str) -> float:
        """Return the share of a stock's dividends that its country keeps [fraction]."""

    @abstractmethod
    def describe(self, ticker: str) -> str:
        """Return an asset's attributes in words, as ``equity fund, 30 % of returns exempt``."""

    @abstractmethod
    def describe_law(self) -> str:
        """Return whose law it is, its rates and when it is paid, as ``Germany, today's law in every year: ...``."""

    @abstractmethod
    def window_faults(self, first_year: int, last_year: int) -> Iterator[FieldFault]:
        """Yield why the law cannot be applied to these calendar years: too early, or a rate is not published yet."""

    @abstractmethod
    def caveats(self, tickers: Sequence[str], first_year: int) -> Iterator[str]:
        """Yield what a broker would not know, and what this law leaves out, of a run from ``first_year`` on (S15)."""

    @abstractmethod
    def taxation(self, *, reinvests: bool) -> Taxation:
        """Return what ``simulate`` asks; ``reinvests`` says whether dividends buy more of what paid them."""
