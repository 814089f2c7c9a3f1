"""``summary.json`` and ``manifest.json`` of a run: records that are written, read back and put into words.

What ``analysis`` computes is written as it is: the fields of its records are the keys of the file.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WrapSerializer,
    model_serializer,
    model_validator,
)

from engine.analysis.breakdown.figures import FIGURES, BreakdownFigures
from engine.analysis.comparison import PeakWeight, RelativePerformance
from engine.analysis.currency_parts import CurrencyParts
from engine.analysis.fees import YearFees
from engine.analysis.gate_findings import GateFinding
from engine.analysis.limit_orders import LimitOrderFigures
from engine.analysis.never_sold import NeverSoldFigures
from engine.analysis.published_comparison import PublishedDifference
from engine.analysis.tax_figures import AfterTax, TaxFigures, ValueAndGrowth
from engine.analysis.timeline import AssetEvent
from engine.analysis.verdict import PlanVerdict
from engine.analysis.walk_forward import WalkForward
from engine.backtest.manifest import FileRecord, Manifest
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, Frequency
from engine.core.json_files import Json
from engine.simulation.ledger import LastWithdrawal, LedgerChecks

RECORDED_PACKAGES: Final = (
    "portfolio-engine",
    "exchange_calendars",
    "jinja2",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "scipy",
    "skfolio",
    "yfinance",
)


class WindowSummary(FileRecord):
    """First and last session of a run, and how many there are."""

    start: str
    end: str
    sessions: int

    @property
    def years(self) -> float:
        """Calendar time from the first session to the last."""
        return (date.fromisoformat(self.end) - date.fromisoformat(self.start)).days / CALENDAR_DAYS_PER_YEAR


class AccountSummary(FileRecord):
    """What a run starts with [currency]."""

    capital: float
    currency: str


class PortfolioSummary(WindowSummary):
    """One portfolio: its sessions, its metrics by name, how far its capped assets drifted, what its gain is made of.

    ``frequency`` is that of its sessions, where they are not daily (S1); ``yearly_fees`` are those among its costs,
    where the account has any (S11) [currency]; ``last_withdrawal`` is that at its end, where its money was spent;
    ``tax``, ``after_tax`` and ``pre_tax`` are of a run that is taxed (S19).
    In the file the metrics stand beside the other keys: every key that is not named here is one.
    """

    metrics: dict[str, int | float | None]
    frequency: Frequency | None = None
    max_weight: dict[str, PeakWeight] = Field(default_factory=dict)
    currency_parts: CurrencyParts | None = None
    yearly_fees: float | None = None
    last_withdrawal: LastWithdrawal | None = None
    tax: TaxFigures | None = None
    after_tax: AfterTax | None = None
    pre_tax: ValueAndGrowth | None = None

    @property
    def is_spent(self) -> bool:
        """Whether it ended because its money did (S11)."""
        return self.last_withdrawal is not None

    @model_validator(mode="before")
    @classmethod
    def _gather_metrics(cls, data: Any) -> Any:  # noqa: ANN401  (whatever the file holds)
        if not isinstance(data, Mapping) or "metrics" in data:
            return data
        named = {key: data[key] for key in cls.model_fields if key in data}
        return {**named, "metrics": {key: value for key, value in data.items() if key not in named}}

    @model_serializer(mode="wrap")
    def _spread_metrics(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        metrics, max_weight, parts = (plain.pop(name) for name in ("metrics", "max_weight", "currency_parts"))
        if plain["frequency"] is None:
            del plain["frequency"]
        found = {} if parts is None else {"currency_parts": parts}
        for name in ("yearly_fees", "last_withdrawal", "tax", "after_tax", "pre_tax"):
            if plain[name] is None:
                del plain[name]
        if self.last_withdrawal is not None:
            plain["last_withdrawal"] = self.last_withdrawal._asdict()
        return {**plain, **metrics, "max_weight": max_weight, **found}


class DataSummary(FileRecord):
    """Which prices a run saw."""

    source: str
    closes: str
    sha256: str


class PublishedSummary(FileRecord):
    """A published table beside the run's own figures."""

    source: str
    figures: tuple[PublishedDifference, ...]


def _leave_out_missing_parts(versus: RelativePerformance, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
    plain: dict[str, Any] = handler(versus)
    for name in ("parts", "after_tax"):
        if plain[name] is None:
            del plain[name]
    return plain


_OF_TAXES: Final = frozenset({"taxes", "worst_lot_residual", "worst_tax_residual"})
"""Keys of figures that only a taxed run has, wherever they stand."""


def _without_taxes(plain: Json) -> Json:
    """Return JSON-ready data without the figures of taxes where there are none."""
    if isinstance(plain, dict):
        return {key: _without_taxes(one) for key, one in plain.items() if one is not None or key not in _OF_TAXES}
    return [_without_taxes(one) for one in plain] if isinstance(plain, list) else plain


_MAY_BE_ABSENT: Final = frozenset({"interval_missing", "since", "until", "tax", "p", "tried"})
"""Figures of a verdict that most runs do not have."""


def _name_kind(found: object) -> object:
    """Read a verdict's ``class``, a word that no field can be called."""
    return {**found, "kind": found["class"]} if isinstance(found, Mapping) and "class" in found else found


def _name_class(verdict: PlanVerdict, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
    plain: dict[str, Any] = handler(verdict)
    figures = {key: value for key, value in plain["figures"].items() if value or key not in _MAY_BE_ABSENT}
    return {"class": plain["kind"], "sentence": plain["sentence"], "figures": figures}


VerdictRecord: TypeAlias = Annotated[PlanVerdict, BeforeValidator(_name_kind), WrapSerializer(_name_class)]
"""A verdict as it is written: ``class``, ``sentence`` and ``figures``."""


class RunSummary(FileRecord, BreakdownFigures):
    """The content of a run's ``summary.json``; what a run does not have is not in the file.

    ``plug_ins`` are the packages of others that took part, with their versions.
    ``verdict`` and ``plan_sentence`` are in no folder of an older version; ``tax_law`` says what all portfolios are
    taxed by, ``tax_sentence`` what is left of the difference to buy-and-hold.
    """

    name: str
    description: str = ""
    plan_sentence: str | None = None
    verdict: VerdictRecord | None = None
    window: WindowSummary
    account: AccountSummary
    portfolios: dict[str, PortfolioSummary] = Field(min_length=1)
    versus: dict[str, Annotated[RelativePerformance, WrapSerializer(_leave_out_missing_parts)]]
    checks: LedgerChecks
    data: DataSummary
    events: tuple[AssetEvent, ...] = ()
    gate: tuple[GateFinding, ...] | None = None
    fees: tuple[YearFees, ...] | None = None
    fee_terms: str | None = None
    warnings: tuple[str, ...]
    optimiser: WalkForward | None = None
    published: PublishedSummary | None = None
    limit_orders: LimitOrderFigures | None = None
    never_sold: NeverSoldFigures | None = None
    tax_sentence: str | None = None
    tax_law: str | None = None
    audit: dict[str, float] | None = None
    plug_ins: dict[str, str] | None = None

    def to_plain(self) -> dict[str, Json]:
        """Return the summary as JSON-ready data, the figures that the run was taken apart into last."""
        plain = super().to_plain()
        if self.portfolios["strategy"].tax is None:
            plain = {key: _without_taxes(one) for key, one in plain.items()}
        figures = {key: plain.pop(key) for key in FIGURES if key in plain}
        return {**plain, **figures}


class RunManifest(Manifest):
    """The content of a run's ``manifest.json``."""

    kind: str = "run"
    rates_sha256: str | None = None
    trades_sha256: str


def package_versions(others: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of Python and of the packages that shape a result, ``absent`` where one is not installed.

    ``others``: the packages of the plug-ins that took part.
    """
    names = dict.fromkeys((*RECORDED_PACKAGES, *sorted(others)))
    return {"python": platform.python_version(), **{name: _installed_version(name) for name in names}}


def _installed_version(name: str) -> str:
    """Return a package's version from the head of its metadata; parsing all of a description takes a millisecond."""
    try:
        text = distribution(name).read_text("METADATA") or ""
    except PackageNotFoundError:  # of an extra
        return "absent"
    found = re.search(r"^Version: (\S+)$", text, re.MULTILINE)
    return found[1] if found else version(name)
