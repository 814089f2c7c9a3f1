"""What the German law asks of an asset: which kind of fund it is, or of which country a stock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Tag

from engine.core.fields import ConfigModel, FieldFault, Weight, format_percent, validates_fields
from engine.tax.germany.tables import COUNTRIES, EXEMPT, FUND_WORDS, FundKind
from engine.tax.germany.terms import AssetTerms


class Withholding(ConfigModel):
    """Of a dividend, what is ``withheld`` abroad, and what of the dividend is ``creditable`` in Germany."""

    withheld: Weight
    creditable: Weight

    @validates_fields
    def _credits_what_is_withheld(self) -> Iterator[FieldFault]:
        if self.creditable > self.withheld:
            found = f"found {format_percent(self.creditable)}, and {format_percent(self.withheld)} is withheld"
            yield ("creditable",), f"{found}; expected no more than what is withheld"


StockCountry: TypeAlias = Literal["CH", "DE", "FR", "GB", "IE", "JP", "US"]


def _stock_form(value: object) -> str:
    return "withholding" if isinstance(value, (dict, Withholding)) else "country"


Stock: TypeAlias = Annotated[
    Annotated[StockCountry, Tag("country")] | Annotated[Withholding, Tag("withholding")],
    Discriminator(_stock_form),
]
"""A country whose tax on dividends is known here, or that tax itself."""


class GermanAsset(ConfigModel):
    """A ``fund`` with what becomes of its ``income``, or a ``stock``.

    ``withheld_inside``: of a fund's dividends, what is withheld before they reach it; nobody credits that.
    """

    fund: FundKind | None = None
    income: Literal["distributing", "accumulating"] | None = None
    withheld_inside: Weight = 0.0
    stock: Stock | None = None

    @validates_fields
    def _is_one_of_both(self) -> Iterator[FieldFault]:
        if (self.fund is None) == (self.stock is None):
            found = "both" if self.fund else "neither"
            yield (), f"found {found} of fund and stock; write {{fund: equity, income: distributing}} or {{stock: US}}"
        elif self.fund and self.income is None:
            yield ("income",), "found a fund without it; write income: distributing, or accumulating"
        elif self.stock is not None and (self.income or self.withheld_inside):
            yield (), "found a stock with income or withheld_inside, which funds have; leave them out"

    @property
    def withholding(self) -> Withholding:
        """What is withheld of a stock's dividends, and credited; nothing of a fund's."""
        if isinstance(self.stock, Withholding):
            return self.stock
        rates = COUNTRIES[self.stock] if self.stock else COUNTRIES["DE"]
        return Withholding(withheld=rates.rate, creditable=rates.creditable)

    @property
    def terms(self) -> AssetTerms:
        """The same as numbers."""
        exempt = EXEMPT[self.fund] if self.fund else 0.0
        return AssetTerms(self.fund is not None, exempt, self.withholding.withheld, self.withholding.creditable)

    def describe(self) -> str:
        """Return the attributes in words.

        >>> GermanAsset(fund="equity", income="distributing", withheld_inside=0.15).describe()
        'equity fund, distributing, 30 % of returns exempt, 15 % of its dividends withheld inside'
        """
        if self.fund:
            exempt = f"{format_percent(EXEMPT[self.fund])} of returns exempt" if EXEMPT[self.fund] else "nothing exempt"
            inside = f", {format_percent(self.withheld_inside)} of its dividends withheld inside"
            return f"{FUND_WORDS[self.fund]}, {self.income}, {exempt}{inside if self.withheld_inside else ''}"
        own, place = self.withholding, f" ({self.stock})" if isinstance(self.stock, str) else ""
        if not own.withheld:
            return f"stock{place}, nothing withheld of its dividends abroad"
        withheld = f"{format_percent(own.withheld)} of its dividends withheld abroad"
        credited = (
            "all of it" if own.creditable == own.withheld else f"at most {format_percent(own.creditable)} of them"
        )
        return f"stock{place}, {withheld}, {credited} creditable"
