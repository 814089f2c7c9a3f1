"""The German tables: allowances (EStG § 20 (9)), and the Basiszins by year (InvStG § 18 (4))."""

from __future__ import annotations

from fractions import Fraction

BASE_RATES = {  # percent, of the year whose Vorabpauschale they make
    2007: "4.02",
    2008: "4.58",
    2009: "3.61",
    2010: "3.98",
    2011: "3.43",
    2012: "2.44",
    2013: "2.04",
    2014: "2.59",
    2015: "0.99",
    2016: "1.10",
    2017: "0.59",
    2018: "0.87",
    2019: "0.52",
    2020: "0.07",
    2021: "-0.45",
    2022: "-0.05",
    2023: "2.55",
    2024: "2.29",
    2025: "2.53",
    2026: "3.20",
}


def base_rate(year: int) -> Fraction:
    """Return the Basiszins of a year that has one."""
    return Fraction(BASE_RATES[year]) / 100


def allowance(year: int, kind: str | Fraction, of_the_year: bool) -> Fraction:
    """Return the Sparer-Pauschbetrag of a year: today's, or that of its own law."""
    if isinstance(kind, Fraction):
        return kind
    person = 801 if of_the_year and year < 2023 else 1000
    return Fraction(2 * person if kind == "couple" else person)
