"""Amounts that change from year to year, and where they are published.

Thresholds of long-term rates: IRC § 1(h), (j)(5)(B); Rev. Proc. 2013-15 and 2013-35 to 2025-32, one a year. The tax on
net investment income has thresholds that are not indexed: IRC § 1411(b).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

Filing: TypeAlias = Literal["single", "joint", "separate", "head"]
"""How an individual files: alone, jointly, separately though married, as the head of a household."""


class GainThresholds(NamedTuple):
    """Taxable income up to which long-term gains are taxed at 0 %, and at 15 %; 20 % above [USD]."""

    zero: float
    fifteen: float


FIRST_YEAR: Final = 2013
"""Before it there was no tax on net investment income, and no rate of 20 %."""
LAST_YEAR: Final = 2026
"""The latest year that is published: what ``law: current`` means."""
MIDDLE_RATE: Final = 0.15
UPPER_RATE: Final = 0.20
NET_INVESTMENT_RATE: Final = 0.038
LOSS_LIMIT: Final[Mapping[Filing, float]] = MappingProxyType(
    {"single": 3_000.0, "joint": 3_000.0, "separate": 1_500.0, "head": 3_000.0}
)
"""What a net loss lowers ordinary income by, at most: IRC § 1211(b) [USD]."""
NET_INVESTMENT_FROM: Final[Mapping[Filing, float]] = MappingProxyType(
    {"single": 200_000.0, "joint": 250_000.0, "separate": 125_000.0, "head": 200_000.0}
)

_SINGLE_JOINT: Final = {
    2013: (36_250, 400_000, 72_500, 450_000),
    2014: (36_900, 406_750, 73_800, 457_600),
    2015: (37_450, 413_200, 74_900, 464_850),
    2016: (37_650, 415_050, 75_300, 466_950),
    2017: (37_950, 418_400, 75_900, 470_700),
    2018: (38_600, 425_800, 77_200, 479_000),
    2019: (39_375, 434_550, 78_750, 488_850),
    2020: (40_000, 441_450, 80_000, 496_600),
    2021: (40_400, 445_850, 80_800, 501_600),
    2022: (41_675, 459_750, 83_350, 517_200),
    2023: (44_625, 492_300, 89_250, 553_850),
    2024: (47_025, 518_900, 94_050, 583_750),
    2025: (48_350, 533_400, 96_700, 600_050),
    2026: (49_450, 545_500, 98_900, 613_700),
}
_SEPARATE_HEAD: Final = {
    2013: (36_250, 225_000, 48_600, 425_000),
    2014: (36_900, 228_800, 49_400, 432_200),
    2015: (37_450, 232_425, 50_200, 439_000),
    2016: (37_650, 233_475, 50_400, 441_000),
    2017: (37_950, 235_350, 50_800, 444_550),
    2018: (38_600, 239_500, 51_700, 452_400),
    2019: (39_375, 244_425, 52_750, 461_700),
    2020: (40_000, 248_300, 53_600, 469_050),
    2021: (40_400, 250_800, 54_100, 473_750),
    2022: (41_675, 258_600, 55_800, 488_500),
    2023: (44_625, 276_900, 59_750, 523_050),
    2024: (47_025, 291_850, 63_000, 551_350),
    2025: (48_350, 300_000, 64_750, 566_700),
    2026: (49_450, 306_850, 66_200, 579_600),
}


def gain_thresholds(year: int, filing: Filing) -> GainThresholds:
    """Return the thresholds of ``year``; KeyError where it is not published."""
    row = (_SINGLE_JOINT if filing in {"single", "joint"} else _SEPARATE_HEAD)[year]
    return GainThresholds(*row[:2]) if filing in {"single", "separate"} else GainThresholds(*row[2:])
