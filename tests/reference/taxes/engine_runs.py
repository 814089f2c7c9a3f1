"""A taxed case, run by the engine, and by how much it differs from the reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.tax.law import TaxLaw
from engine.tax.record import OpenLot
from tests.reference.engine_runs import account_of, cost_table_of, market_of_case, plan_of
from tests.reference.ledger import Run
from tests.reference.taxes.attributes import TaxedCase
from tests.reference.taxes.book import KeptLot, TaxResult

LEAST_UNITS = 1e-9
ZERO = Fraction(0)


def engine_taxed(taxed: TaxedCase, law: TaxLaw) -> Ledger:
    """Return the engine's run of a case under its own law."""
    case = taxed.case
    market = replace(market_of_case(case), currency=law.currency or "EUR")
    taxation = law.taxation(reinvests=taxed.law.invests)
    return simulate(
        market, plan_of(case, market), account_of(case), cost_table_of(case), start=case.opening, taxation=taxation
    )


@dataclass(frozen=True)
class Gap:
    """The largest difference of a kind, as a part of the account's value then or of the capital, and where it is."""

    size: float
    what: str


def largest_gap(taxed: TaxedCase, run: Run, taxes: TaxResult, ledger: Ledger) -> Gap:
    """Return where engine and reference differ most."""
    gaps = [*_by_session(taxed, run, taxes, ledger), *_at_the_end(taxed, taxes, ledger)]
    return max(gaps, key=lambda gap: gap.size)


def _by_session(taxed: TaxedCase, run: Run, taxes: TaxResult, ledger: Ledger) -> list[Gap]:
    flows = ledger.taxes
    if flows is None:
        raise AssertionError("the run is not taxed")
    gaps = []
    for name, mine, wanted in (
        ("value", ledger.value, run.value),
        ("cash", ledger.cash, run.cash),
        ("withheld", flows.withheld, taxes.withheld),
        ("paid", flows.paid, taxes.paid),
        ("outside", flows.outside, taxes.outside),
    ):
        exact = np.array([float(x) for x in wanted])
        if len(mine) != len(exact):
            return [Gap(np.inf, f"{len(mine)} sessions, not {len(exact)}")]
        parts = np.abs(mine - exact) / np.array([float(v) for v in run.value])
        first = int(np.argmax(parts > 1e-9)) if (parts > 1e-9).any() else int(parts.argmax())
        day = taxed.days[taxed.case.opening + first]
        gaps.append(
            Gap(float(parts.max()), f"{name} of session {first} ({day}): {mine[first]!r}, not {exact[first]!r}")
        )
    return gaps


def _at_the_end(taxed: TaxedCase, taxes: TaxResult, ledger: Ledger) -> list[Gap]:
    flows, scale = ledger.taxes, float(taxed.case.capital)
    if flows is None:
        raise AssertionError("the run is not taxed")
    record = flows.record
    pairs = {"accrued": (record.accrued, taxes.accrued), "latent": (record.latent, taxes.latent)}
    pairs |= {f"tax of {year.year}": (year.total, taxes.by_year[year.year]) for year in record.years}
    pairs |= {f"gains of {year.year}": (year.gains, taxes.realised.get(year.year, (0, 0))[0]) for year in record.years}
    pairs |= {
        f"losses of {year.year}": (year.losses, taxes.realised.get(year.year, (0, 0))[1]) for year in record.years
    }
    if record.pots.keys() == taxes.pots.keys():
        pairs |= {f"pot {name}": (record.pots[name], money) for name, money in taxes.pots.items()}
    pairs["all pots"] = (sum(record.pots.values()), sum(taxes.pots.values(), ZERO))
    gaps = [_gap(mine, wanted, scale, name) for name, (mine, wanted) in pairs.items()]
    return [*gaps, *_of_lots(taxes, ledger, scale)]


def _of_lots(taxes: TaxResult, ledger: Ledger, scale: float) -> list[Gap]:
    """Compare what is left of each session's purchases of an asset; rounding may leave a lot of nothing."""
    record = ledger.taxes.record if ledger.taxes else None
    mine, wanted = _by_purchase(record.lots if record else ()), _by_purchase(taxes.lots)
    lots = {key for of in (mine, wanted) for key, (units, *_) in of.items() if units > LEAST_UNITS}
    nothing = (0.0, 0.0, 0.0)
    return [
        Gap(abs(one - other) / scale, f"{name} of the lot {key}: {one!r}, not {other!r}")
        for key in lots
        for name, one, other in zip(
            ("units", "cost", "deemed"), mine.get(key, nothing), wanted.get(key, nothing), strict=True
        )
    ]


def _by_purchase(lots: Iterable[OpenLot | KeptLot]) -> dict[tuple[int, int], tuple[float, float, float]]:
    sums: dict[tuple[int, int], tuple[float, float, float]] = {}
    for lot in lots:
        units, cost, deemed = sums.get((lot.asset, lot.row), (0.0, 0.0, 0.0))
        sums[lot.asset, lot.row] = (units + float(lot.units), cost + float(lot.cost), deemed + float(lot.deemed))
    return sums


def _gap(mine: float, wanted: Fraction, scale: float, name: str) -> Gap:
    return Gap(abs(mine - float(wanted)) / scale, f"{name}: {mine!r}, not {float(wanted)!r}")
