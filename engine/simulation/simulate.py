"""``simulate``: a policy looks at the market up to yesterday, the account trades, the ledger remembers."""

from __future__ import annotations

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.fixed_targets import needs_no_decision, run_in_one_call
from engine.simulation.kernel.jit import is_compiled
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, PolicyVersion, RunSetup
from engine.simulation.spine import Spine
from engine.tax.book import Taxation


def simulate(  # noqa: PLR0913  (all that a run is made of)
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    *,
    start: int = 0,
    version: PolicyVersion = AS_WRITTEN,
    taxation: Taxation | None = None,
) -> Ledger:
    """Run ``policy`` over ``market`` from the first session at or after row ``start`` that has a price for it.

    Parameters
    ----------
    market : closes up to the end of the run; rows before the opening are history
    policy : which weights, and when
    account : capital, flows, execution
    costs : per asset, (N,) each
    start : first row of the window
    version : how much of the policy runs; one that never decides again still has flows and delistings
    taxation : by what law its gains are taxed; closes are those as traded then, dividends paid (S19)

    Raises
    ------
    DataError
        When no asset with a positive target has a price in the window, or an order waits too long for one.
    AccountError
        When a yearly fee exceeds what can be raised, or a withdrawal in an account that does not end with it.

    """
    setup = RunSetup.build(market, policy, account, costs, start, version, taxation)
    if setup.fixed_targets is not None and needs_no_decision(setup):
        ledger = run_in_one_call(setup, setup.fixed_targets) if setup.taxation is None else _run_taxed(setup)
        if ledger is not None:
            return ledger
    return _run_with_decisions(setup)


def _run_taxed(setup: RunSetup) -> Ledger | None:
    """Return the ledger of a taxed run in one call; None where it has to be made decision by decision.

    So it is also before a sweep has had the taxed lanes compiled: that takes longer than a hundred runs.
    """
    from engine.simulation.kernel.batch.run_taxed_lanes import run_taxed_lanes  # noqa: PLC0415  (others need no lanes)
    from engine.simulation.taxed_targets import run_taxed_in_one_call  # noqa: PLC0415

    return run_taxed_in_one_call(setup) if is_compiled(run_taxed_lanes) else None


def _run_with_decisions(setup: RunSetup) -> Ledger:
    """Run ``setup`` decision by decision."""
    spine, sessions, row = Spine.open(setup), len(setup.market.dates), setup.opening
    while row < sessions:
        spine.trade(row)
        row = spine.advance(row, sessions)
        if spine.state.last_withdrawal is not None:
            break
    return spine.state.to_ledger(row)
