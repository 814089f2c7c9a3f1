"""Does it add up? What was checked, and the digests of what went in and came out."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.run.panel import Panel


def checks_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    return Panel("checks", "Checks", "Does it add up?", "checks", content={"checks": _checks(run)})


def _checks(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    checks, manifest, audit = run.summary.checks, run.manifest, run.summary.audit
    lines = [
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Worst cash residual", f"{fmt.residual(checks.worst_cash_residual)} of the value"),
        (
            "Worst weight residual",
            f"{fmt.residual(checks.worst_weight_residual)} right after a rebalance"
            + ("; whole shares meet no target exactly" if checks.worst_weight_residual > 1e-9 else ""),
        ),
        ("As-of fills", f"{fmt.count(checks.as_of_fills)} orders at a price older than their session"),
        ("Oldest price used", f"{fmt.count(checks.oldest_price_age)} sessions old"),
    ]
    if audit:
        worst = fmt.residual(max(audit.values()))
        lines.append(("Replayed in vectorbt", f"largest relative difference {worst}, over {len(audit)} portfolios"))
    return (
        *lines,
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Trades SHA-256", f"{manifest.trades_sha256} (checked against trades.csv)"),
    )
