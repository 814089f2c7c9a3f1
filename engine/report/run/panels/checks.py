"""Does it add up? What was checked, in sentences, and the digests of what went in and came out."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.phrases import plural
from engine.report.run.panel import Panel

_EXACT = 1e-9
"""Up to here a residual is rounding."""


def checks_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    content = {"sentences": _sentences(run), "digests": _digests(run)}
    return Panel("checks", "Checks", "Does it add up?", "checks", content=content)


def _sentences(run: FinishedRun) -> list[str]:
    checks, audit = run.summary.checks, run.summary.audit
    whole = "; whole shares meet no target exactly" if checks.worst_weight_residual > _EXACT else ""
    told = [
        f"Cash, shares and costs add up to every close's value, to {fmt.residual(checks.worst_cash_residual)} of it.",
        f"Right after a rebalance weights were their targets, to {fmt.residual(checks.worst_weight_residual)}{whole}.",
        f"{_count(checks.as_of_fills, 'order was', 'orders were')} filled at a price older than the session"
        + (f"; the oldest was {plural(int(checks.oldest_price_age), 'session')} old." if checks.as_of_fills else "."),
    ]
    if checks.worst_lot_residual is not None and checks.worst_tax_residual is not None:
        lots, taxes = fmt.residual(checks.worst_lot_residual), fmt.residual(checks.worst_tax_residual)
        told.append(f"Tax lots add up to what is held, to {lots} of it, and bookings to the taxes paid, to {taxes}.")
    if audit:
        worst = fmt.residual(max(audit.values()))
        told.append(
            f"Replayed in vectorbt, {plural(len(audit), 'portfolio')} came out the same, to {worst} of their values."
        )
    return told


def _count(number: float, one: str, many: str) -> str:
    return f"{fmt.count(number) if number else 'No'} {one if number in (0, 1) else many}"


def _digests(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    manifest = run.manifest
    return (
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Trades SHA-256", f"{manifest.trades_sha256} (checked against trades.csv)"),
        *((f"{name} SHA-256", digest) for name, digest in sorted(manifest.files.items()) if name != "report.html"),
    )
