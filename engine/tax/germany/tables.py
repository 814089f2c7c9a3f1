"""What German tax law sets in numbers, each with where it stands; what a config may say instead is in ``law``."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

INCOME_TAX: Final = 0.25
"""On income from capital [fraction]: EStG § 32d (1), § 43a (1)."""
SOLIDARITY: Final = 0.055
"""Solidaritätszuschlag on the income tax [fraction]: SolZG § 4."""
CHURCH: Final = {"none": 0.0, "8%": 0.08, "9%": 0.09}
"""Church tax on the income tax [fraction]: 8 % in Baden-Württemberg and Bavaria, 9 % elsewhere; EStG § 51a (2b)."""
FIRST_YEAR: Final = 2018
"""The first year of the taxation of funds that is computed here: InvStG § 56 (1)."""
ADVANCE_SHARE: Final = 0.7
"""Of the base rate, what a fund is deemed to earn at least [fraction]: InvStG § 18 (1)."""

FundKind: TypeAlias = Literal["equity", "mixed", "real_estate", "foreign_real_estate", "other"]

EXEMPT: Final[dict[FundKind, float]] = {
    "equity": 0.3,
    "mixed": 0.15,
    "real_estate": 0.6,
    "foreign_real_estate": 0.8,
    "other": 0.0,
}
"""Teilfreistellung of private investors [fraction]: InvStG § 20 (1)-(3)."""

FUND_WORDS: Final[dict[FundKind, str]] = {
    "equity": "equity fund",
    "mixed": "mixed fund",
    "real_estate": "real estate fund",
    "foreign_real_estate": "fund of mainly foreign real estate",
    "other": "fund without exemption",
}

ALLOWANCES: Final[dict[int, float]] = {2009: 801.0, 2023: 1000.0}
"""Sparer-Pauschbetrag of one person by the first year that it holds in [EUR]: EStG § 20 (9), JStG 2022."""
MOST_ALLOWANCE: Final = 2.0
"""Persons whose allowances a couple has."""


class Withheld(NamedTuple):
    """Of a dividend, what its country keeps, and what Germany sets off [fractions]."""

    rate: float
    creditable: float


COUNTRIES: Final[dict[str, Withheld]] = {
    "CH": Withheld(0.35, 0.15),
    "DE": Withheld(0.0, 0.0),
    "FR": Withheld(0.30, 0.15),
    "GB": Withheld(0.0, 0.0),
    "IE": Withheld(0.25, 0.0),
    "JP": Withheld(0.15315, 0.15),
    "US": Withheld(0.15, 0.15),
}
"""Tax on dividends of companies by country, paid to a private investor whose bank has the treaty's papers: double
taxation treaties, list of the Bundeszentralamt für Steuern (EStG § 32d (5)). What Germany itself takes is not in it."""


class BaseRate(NamedTuple):
    """Basiszins of one year [fraction], and where it was published."""

    rate: float
    source: str


BASE_RATES: Final[dict[int, BaseRate]] = {
    2007: BaseRate(0.0402, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2008: BaseRate(0.0458, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2009: BaseRate(0.0361, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2010: BaseRate(0.0398, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2011: BaseRate(0.0343, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2012: BaseRate(0.0244, "§ 203 (2) BewG, OFD Magdeburg S 3233"),
    2013: BaseRate(0.0204, "§ 203 (2) BewG, LfSt Bayern S 3102.1.1-7/13"),
    2014: BaseRate(0.0259, "§ 203 (2) BewG, LfSt Bayern S 3102.1.1-7/13"),
    2015: BaseRate(0.0099, "§ 203 (2) BewG, LfSt Bayern S 3102.1.1-7/13"),
    2016: BaseRate(0.0110, "§ 203 (2) BewG, LfSt Bayern S 3102.1.1-7/13"),
    2017: BaseRate(0.0059, "§ 203 (2) BewG, LfSt Bayern S 3102.1.1-7/13"),
    2018: BaseRate(0.0087, "BMF 04.01.2018, BStBl 2018 I 249"),
    2019: BaseRate(0.0052, "BMF 09.01.2019, BStBl 2019 I 58"),
    2020: BaseRate(0.0007, "BMF 29.01.2020, BStBl 2020 I 218"),
    2021: BaseRate(-0.0045, "BMF 06.01.2021, BStBl 2021 I 56"),
    2022: BaseRate(-0.0005, "BMF 07.01.2022, BStBl 2022 I 122"),
    2023: BaseRate(0.0255, "BMF 04.01.2023, BStBl 2023 I 178"),
    2024: BaseRate(0.0229, "BMF 05.01.2024, BStBl 2024 I 154"),
    2025: BaseRate(0.0253, "BMF 10.01.2025, BStBl 2025 I 273"),
    2026: BaseRate(0.0320, "BMF 13.01.2026, IV C 1 - S 1980/00230/012/001"),
}
"""Basiszins by year (InvStG § 18 (4)); before 2018, when no fund was taxed by it, the Bundesbank's same figure that was
published for the valuation of businesses. A year that is missing is never that of another one."""


def allowance_of(year: int) -> float:
    """Return the allowance of one person in ``year`` [EUR].

    >>> allowance_of(2022), allowance_of(2026)
    (801.0, 1000.0)
    """
    return max((since, money) for since, money in ALLOWANCES.items() if since <= max(year, min(ALLOWANCES)))[1]
