"""The first session of January, 2000 to 2026, on eight exchanges and on three of them together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

import numpy as np

from engine.core.arrays import DateArray
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure

_FRANKFURT: Final = {3: (2000, 2005, 2011, 2022), 4: (2010, 2016, 2021)}
_FIRST_SESSIONS: Final[dict[str, tuple[int, dict[int, tuple[int, ...]]]]] = {
    # the usual day, and the years with another one
    "XNYS": (2, {3: (2000, 2005, 2006, 2007, 2011, 2012, 2017, 2022, 2023), 4: (2010, 2016, 2021)}),
    "XLON": (2, {3: (2006, 2012, 2017, 2023), 4: (2000, 2005, 2010, 2011, 2016, 2021, 2022)}),
    "XETR": (2, _FRANKFURT),
    "XPAR": (2, _FRANKFURT),
    "XBRU": (2, _FRANKFURT),
    "XWAR": (2, {3: (2000, 2005, 2011, 2018, 2022), 4: (2010, 2016, 2021), 5: (2009,)}),
    "XTKS": (4, {5: (2004, 2009, 2015, 2026), 6: (2003, 2014, 2020, 2025)}),
    "XNYS, XLON and XETR": (2, {3: (2006, 2007, 2012, 2017, 2023), 4: (2000, 2005, 2010, 2011, 2016, 2021, 2022)}),
}
_YEARS: Final = range(2000, 2027)
_SESSION_COUNTS: Final = {"XNYS": 252, "XLON": 254, "XETR": 254, "XPAR": 256, "XTKS": 245, "XSHG": 242}


def january_figures() -> Iterator[ReferenceFigure]:
    """Yield the first session of every January, and how many sessions 2024 had."""
    origin = FigureGroup("exchange calendars", "exchange_calendars 4.13.2")
    for name, (usual, others) in _FIRST_SESSIONS.items():
        days = {year: day for day, years in others.items() for year in years}
        sessions = reduce(np.intersect1d, [_sessions(code) for code in name.replace(" and ", ", ").split(", ")])
        for year in _YEARS:
            first = sessions[np.searchsorted(sessions, np.datetime64(f"{year}-01-01"))]
            yield origin.figure(f"{name} {year}", f"{year}-01-{days.get(year, usual):02d}", str(first))
    for name, count in _SESSION_COUNTS.items():
        of_2024 = exchange_sessions(name, np.datetime64("2024-01-01"), np.datetime64("2024-12-31"))
        yield origin.figure(f"sessions of {name} in 2024", count, len(of_2024))


def _sessions(exchange: str) -> DateArray:
    return exchange_sessions(exchange, np.datetime64(f"{_YEARS[0]}-01-01"), np.datetime64(f"{_YEARS[-1]}-01-31"))
