"""German taxes as tests ask for them: a law in short, a year from its sums, runs whose targets are written row by row."""

from __future__ import annotations

import numpy as np

from engine.data.market import Market
from engine.portfolio.policy import Decision
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.tax.germany.book import GermanBook
from engine.tax.germany.law import GermanTax
from engine.tax.germany.year import Assessment, LossPots, YearSums, YearTerms, assess_year
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free

STOCK = {"stock": "DE"}
EQUITY = {"fund": "equity", "income": "distributing"}
OTHER = {"fund": "other", "income": "distributing"}


def law(assets: dict[str, object], **keys: object) -> GermanTax:
    """Return the law for ``assets``, without an allowance unless one is given."""
    return GermanTax.model_validate({"allowance": "0", "assets": assets, **keys})


def year(
    stocks: float = 0.0,
    other: float = 0.0,
    credit: float = 0.0,
    *,
    pots: tuple[float, float] = (0.0, 0.0),
    allowance: float = 0.0,
    church: float = 0.0,
    one_pot: bool = False,
    cents: bool = False,
) -> Assessment:
    """Return the tax of a year of these sums."""
    terms = YearTerms(allowance, 0.25, church, one_pot, cents)
    return assess_year(YearSums(stocks, other, credit), LossPots(*pots), terms)


def market(dates: list[str], closes: list[list[float]], dividends: list[list[float]] | None = None) -> Market:
    """Return assets A, B, ... with these closes and dividends a unit, in euros."""
    names, sessions = tuple("ABCDEF"[: len(closes[0])]), np.array(dates, dtype="datetime64[D]")
    built = Market.build(sessions, names, np.array(closes), currency="EUR")
    if dividends is None:
        return built
    return Market(**{**vars(built), "dividends": np.array(dividends, dtype=float)})


def book(own: Market, terms: GermanTax, opening: int = 0) -> GermanBook:
    """Return the empty book of a law on a market."""
    return terms.taxation(reinvests=False).open_book(own, opening)


class Listed(FixedMix):
    """Holds at each row the weights that stand in ``rows``, and trades to them every week."""

    rows: dict[int, tuple[float, ...]]

    def fixed_targets(self):
        return None

    def target_weights(self, decision: Decision) -> np.ndarray:
        return np.array(self.rows[decision.row])


def run(own: Market, terms: GermanTax, rows: dict[int, tuple[float, ...]], capital: float, **keys: object) -> Ledger:
    """Return the run that holds ``rows`` of weights, without costs, after tax."""
    weights = {ticker: 1.0 / len(own.assets) for ticker in own.assets}
    policy = Listed(weights=weights, rebalance={"kind": "every", "period": "week"}, rows=rows)
    taxation = terms.taxation(reinvests=bool(keys.pop("reinvests", False)))
    return simulate(own, policy, account(capital=capital, **keys), free(len(own.assets)), taxation=taxation)
