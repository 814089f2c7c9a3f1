"""What ``engine.data`` returns: the closes of a config as frames, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from engine.data.closes import Closes
    from engine.data.quality.findings import Finding
    from engine.data.sources.base import FetchReport

_FETCHED = ("ticker", "state", "reason")


@dataclass(frozen=True, eq=False, repr=False)
class PriceFrames:
    """The closes that a config asks for, as its source has them; nothing is filled or converted.

    Attributes
    ----------
    source : where they come from
    closes : dates x tickers, NaN where there is no close [currencies]
    currencies : by ticker, empty where nothing says
    quality : severity, kind, ticker, date, message; one row a finding
    fetched : ticker, state (fetched, up to date, failed), reason; no rows where nothing was fetched
    warnings : the findings that are errors or warnings, the errors first, then what the source says
    usable : whether a run would take them
    sha256 : of all closes, by which runs on the same ones are known

    """

    source: str
    closes: pd.DataFrame
    currencies: pd.Series[str]
    quality: pd.DataFrame
    fetched: pd.DataFrame
    warnings: tuple[str, ...]
    usable: bool
    sha256: str

    @classmethod
    def from_closes(cls, closes: Closes, findings: Sequence[Finding], report: FetchReport | None) -> PriceFrames:
        """Return the frames of what was loaded, found and fetched."""
        tickers = pd.Index(closes.tickers, name="ticker")
        severe = [one for one in findings if one.severity != "note"]
        return cls(
            source=closes.provenance.source,
            closes=pd.DataFrame(
                closes.closes.copy(), index=pd.DatetimeIndex(closes.dates, name="date"), columns=list(closes.tickers)
            ),
            currencies=pd.Series(list(closes.currencies), index=tickers, dtype="str", name="currency"),
            quality=pd.DataFrame(
                {
                    **{
                        name: pd.Series([getattr(one, name) for one in findings], dtype="str")
                        for name in ("severity", "kind", "ticker", "message")
                    },
                    "date": pd.DatetimeIndex([one.date for one in findings]),
                }
            )[["severity", "kind", "ticker", "date", "message"]],
            fetched=_fetched_frame(report),
            warnings=(*(str(one) for one in severe), *closes.provenance.notes),
            usable=not any(one.severity == "error" for one in findings),
            sha256=closes.provenance.sha256,
        )

    def __repr__(self) -> str:
        """Return the source, its span and what was found."""
        first, last = self.closes.index[0], self.closes.index[-1]
        span = f"{self.closes.shape[1]} assets, {first:%Y-%m-%d} to {last:%Y-%m-%d}, {len(self.closes)} sessions"
        state = "usable" if self.usable else "a run would refuse them"
        return f"{self.source}: {span}; {state}, {len(self.warnings)} warnings; see .closes .quality .fetched .warnings"


def _fetched_frame(report: FetchReport | None) -> pd.DataFrame:
    rows: list[tuple[str, str, str]] = []
    if report is not None:
        rows += [(ticker, "fetched", "") for ticker in report.fetched]
        rows += [(ticker, "up to date", "") for ticker in report.covered]
        rows += [(ticker, "failed", reason) for ticker, reason in report.failed]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame({name: pd.Series(list(one), dtype="str") for name, one in zip(_FETCHED, columns, strict=True)})
