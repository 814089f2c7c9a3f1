"""What a run leaves behind: summary, tables and manifest, as data and as files.

Same config, data and version give the same bytes: no clock, no host name, no random order.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from engine.analysis.comparison import Comparison, PortfolioResult, RelativePerformance
from engine.analysis.walk_forward import FilledDecision, WalkForward, walk_forward
from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import OutputError
from engine.core.files import atomic_write

MANIFEST_FILE: Final = "manifest.json"
RUN_KIND, SWEEP_KIND = "run", "sweep"
"""What a folder can hold, as its manifest says under ``kind``."""

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

RECORDED_PACKAGES: Final = (
    "portfolio-engine",
    "exchange_calendars",
    "jinja2",
    "numba",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "pydantic",
    "scipy",
    "skfolio",
    "yfinance",
)


@dataclasses.dataclass(frozen=True)
class RunResult:
    """A finished run: its comparison, what it cannot know, and the resolved config it answers to."""

    name: str
    description: str
    config: Mapping[str, object]
    config_sha256: str
    comparison: Comparison
    warnings: tuple[str, ...]
    published_source: str = ""
    audit: Mapping[str, float] | None = None
    rates_sha256: str = ""

    def summary(self) -> dict[str, Json]:
        """Return the content of ``summary.json``."""
        first = self.comparison.strategy.ledger
        market = self.comparison.market
        result: dict[str, Json] = {
            "name": self.name,
            "description": self.description,
            "window": {"start": str(first.dates[0]), "end": str(first.dates[-1]), "sessions": len(first.dates)},
            "account": {"capital": first.capital, "currency": market.currency},
            "portfolios": {name: _portfolio_summary(item) for name, item in self.comparison.portfolios.items()},
            "versus": {name: _relative_summary(item) for name, item in self.comparison.versus.items()},
            "checks": dataclasses.asdict(self.comparison.checks),
            "data": {
                "source": market.provenance.source,
                "closes": market.provenance.closes,
                "sha256": data_sha256(self.comparison),
            },
            "events": [
                {"date": str(one.date), "kind": one.kind, "asset": one.asset, "text": one.text}
                for one in self.comparison.events
            ],
            "warnings": list(self.warnings),
        }
        walk = walk_forward(first, market)
        if walk is not None:
            result["optimiser"] = walk_forward_summary(walk)
        if self.comparison.cap_effect:
            result["caps_always"] = dataclasses.asdict(self.comparison.cap_effect)
        if self.comparison.published:
            result["published"] = {
                "source": self.published_source,
                "figures": [
                    {"portfolio": d.portfolio, "metric": d.metric, "published": d.published, "here": d.here}
                    for d in self.comparison.published
                ],
            }
        if self.audit is not None:
            result["audit"] = dict(self.audit)
        return result

    def manifest(self) -> dict[str, Json]:
        """Return the content of ``manifest.json``: what must be equal for the bytes to be equal."""
        return {
            "kind": RUN_KIND,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in RECORDED_PACKAGES}},
            "config_sha256": self.config_sha256,
            "data_sha256": data_sha256(self.comparison),
            **({"rates_sha256": self.rates_sha256} if self.rates_sha256 else {}),
            "trades_sha256": hashlib.sha256(trades_csv(self.comparison).encode()).hexdigest(),
        }

    def write(self, folder: Path) -> None:
        """Write every file but the report into ``folder``, each whole or not at all.

        Raises
        ------
        OutputError
            When ``folder`` cannot be written to; files of an earlier run stay as they were or are replaced whole.

        """
        files = {
            "equity.parquet": _portfolio_table(
                self.comparison, {n: p.ledger.value for n, p in self.comparison.portfolios.items()}
            ),
            "levels.parquet": _portfolio_table(
                self.comparison, {n: p.performance.level[1:] for n, p in self.comparison.portfolios.items()}
            ),
            "weights.parquet": _weight_table(self.comparison),
            "trades.csv": trades_csv(self.comparison).encode(),
            "config.resolved.yaml": yaml.safe_dump(dict(self.config), sort_keys=False, allow_unicode=True).encode(),
            "summary.json": to_json(self.summary()),
        }
        signatures: dict[str, Json] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        files[MANIFEST_FILE] = to_json({**self.manifest(), "files": signatures})
        for name, content in files.items():
            atomic_write(folder / name, content)


def to_json(data: Json) -> bytes:
    """Return ``data`` as indented JSON; NaN and infinity are a bug here and raise ValueError."""
    return (json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def output_folder(out: Path, name: str) -> Path:
    """Return ``out/name``, refusing a path that leaves ``out`` through a link."""
    folder = (out / name).resolve()
    if out.resolve() != folder.parent:
        raise OutputError(f"{out / name}: leads outside {out}; remove the link or choose another --out")
    return folder


def folder_kind(folder: Path) -> str:
    """Return what ``folder`` holds, ``run`` or ``sweep``, finished or not; empty when it is neither."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
        found = manifest.get("kind")
    except (OSError, ValueError, AttributeError, RecursionError):  # none, or a damaged one
        found = None
    if found in {RUN_KIND, SWEEP_KIND}:
        return str(found)
    if any((folder / name).exists() for name in ("results.parquet", "unfinished/sweep.journal")):
        return SWEEP_KIND
    return RUN_KIND if (folder / "equity.parquet").exists() else ""


def refuse_other_kind(folder: Path, kind: str) -> None:
    """Raise OutputError when ``folder`` holds the other kind: its files would be replaced in part."""
    found = folder_kind(folder)
    if found and found != kind:
        raise OutputError(f"{folder}: holds a {found}; give the {kind} another name or another --out")


def data_sha256(comparison: Comparison) -> str:
    """Return the SHA-256 of the dates, tickers and prices that the run saw."""
    market = comparison.market
    digest = hashlib.sha256()
    digest.update(market.dates.astype("datetime64[D]").astype(np.int64).tobytes())
    digest.update("\n".join(market.assets).encode())
    digest.update(np.nan_to_num(market.prices, nan=-1.0).tobytes())
    return digest.hexdigest()


def trades_csv(comparison: Comparison) -> str:
    """Return the strategy's trades: date, asset, quantity, price, value, cost, reason."""
    ledger = comparison.strategy.ledger
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", "asset", "quantity", "price", "value", "cost", "reason"])
    for event, row in enumerate(ledger.rows):
        for j in np.flatnonzero(ledger.trades[event]):
            numbers = (
                ledger.trades[event, j],
                ledger.prices[event, j],
                ledger.order_values[event, j],
                ledger.costs[event, j],
            )
            writer.writerow(
                [ledger.dates[row], ledger.assets[j], *(repr(float(x)) for x in numbers), ledger.reason(event, int(j))]
            )
    return text.getvalue()


def _portfolio_summary(portfolio: PortfolioResult) -> dict[str, Json]:
    dates = portfolio.ledger.dates
    return {
        "start": str(dates[0]),
        "end": str(dates[-1]),
        "sessions": len(dates),
        **portfolio.metrics(),
        "max_weight": {
            ticker: {
                "weight": peak.weight,
                "date": str(peak.date),
                "sessions_over_cap": peak.sessions_over_cap,
                "cap": peak.cap,
            }
            for ticker, peak in portfolio.peak_weights.items()
        },
    }


def walk_forward_summary(walk: WalkForward) -> dict[str, Json]:
    """Return the part ``optimiser`` of ``summary.json``."""
    steps, residuals = [stride.step for stride in walk.steps], [step.residual for step in walk.solved]
    named = next((step for step in steps if step.metric), steps[0])
    mean, highest = walk.turnover
    worst = walk.worst_fallback
    return {
        "figure": named.metric,
        "percent": named.percent,
        "decisions": len(steps),
        "solved": len(walk.solved),
        "turnover_mean": mean,
        "turnover_highest": highest,
        "worst_residual": max(residuals, default=None),
        "worst_fallback_residual": worst.residual if worst else None,
        "solvers": dict(walk.solvers),
        "fallbacks": dict(walk.fallbacks),
        "weights": {asset: dataclasses.asdict(spread) for asset, spread in walk.weights.items()},
        "bound": {name: dataclasses.asdict(bound) for name, bound in walk.bound.items()},
        "steps": [decision_summary(stride) for stride in walk.steps],
    }


def decision_summary(stride: FilledDecision) -> dict[str, Json]:
    """Return one decision as data."""
    step = stride.step
    numbers = {"value": step.value, "residual": step.residual, "gap": step.gap}
    return {
        "date": str(stride.date),
        "decided": str(stride.decided),
        "train_first": str(step.train[0]) if step.train else None,
        "train_last": str(step.train[1]) if step.train else None,
        "observations": step.observations,
        "assets": step.assets,
        "status": step.status,
        "solver": step.solver,
        **{name: number if np.isfinite(number) else None for name, number in numbers.items()},
        "binding": dict(step.binding),
        "turnover": stride.turnover,
        "fallback": step.fallback,
        "broken": step.broken_limit,
        "remark": step.remark,
    }


def _relative_summary(versus: RelativePerformance) -> dict[str, Json]:
    return {
        "start": str(versus.start),
        "sessions": versus.sessions,
        "cagr_difference": versus.cagr_difference,
        "cagr_difference_ci95": list(versus.cagr_difference_ci95) if versus.cagr_difference_ci95 else None,
        "tracking_error": versus.tracking_error,
        "information_ratio": versus.information_ratio,
        "beta": versus.beta,
        "correlation": versus.correlation,
    }


def _portfolio_table(comparison: Comparison, series: Mapping[str, FloatArray]) -> bytes:
    """Return a table with a date column and one column a portfolio, empty before its first session."""
    dates = comparison.market.dates[-max(len(column) for column in series.values()) :]
    return _parquet_bytes(dates, series)


def _weight_table(comparison: Comparison) -> bytes:
    ledger = comparison.strategy.ledger
    weights = ledger.weights(comparison.market)
    held = [j for j in range(len(ledger.assets)) if ledger.units[:, j].any() or ledger.targets[:, j].any()]
    columns = {ledger.assets[j]: weights[:, j] for j in held}
    return _parquet_bytes(
        ledger.dates,
        {
            **columns,
            "cash": np.divide(ledger.cash, ledger.value, out=np.zeros_like(ledger.cash), where=ledger.value != 0.0),
        },
    )


def _parquet_bytes(dates: DateArray, columns: Mapping[str, FloatArray]) -> bytes:
    """Return Parquet bytes with page checksums; a column shorter than ``dates`` is empty at its start."""
    days = np.ascontiguousarray(dates.astype("datetime64[D]").astype(np.int32))
    arrays = [pa.Array.from_buffers(pa.date32(), len(days), [None, pa.py_buffer(days)])]
    for column in columns.values():
        missing = len(days) - len(column)
        values = np.concatenate([np.zeros(missing), column])
        present = np.packbits(np.arange(len(days)) >= missing, bitorder="little")
        # from buffers, as pa.array() would import pandas to ask whether this is one of its series
        arrays.append(pa.Array.from_buffers(pa.float64(), len(days), [pa.py_buffer(present), pa.py_buffer(values)]))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=["date", *columns]), sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())
