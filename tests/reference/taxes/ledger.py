"""The taxed reference ledger: the reference ledger, whose orders also bring the tax that they cause (S19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from tests.reference.ledger import DUST, GRACE, SNAP, ExactLedger, LedgerError, Plan, Run
from tests.reference.rules import ONE, ZERO, tidy
from tests.reference.taxes.american_book import AmericanBook
from tests.reference.taxes.attributes import Germany, TaxedCase
from tests.reference.taxes.book import Book, TaxResult
from tests.reference.taxes.german_book import GermanBook
from tests.reference.taxes.roots import settled_tax


def run_taxed(taxed: TaxedCase) -> tuple[Run, TaxResult]:
    """Keep the books of one case under its law, from its opening to the last row."""
    ledger = TaxedLedger(taxed)
    for t in range(taxed.case.opening, len(taxed.case.prices)):
        ledger.session(t)
    ledger.finish()
    return ledger.run, ledger.taxes


class TaxedLedger(ExactLedger):
    """An account whose sales, dividends and interest are taxed."""

    def __init__(self, taxed: TaxedCase) -> None:
        super().__init__(taxed.case)
        self.law, self.days = taxed.law, taxed.days
        self.book: Book = (
            GermanBook(taxed, taxed.law) if isinstance(taxed.law, Germany) else AmericanBook(taxed, taxed.law)
        )
        self.taxes = TaxResult()
        self.earned = ZERO  # interest of the calendar year
        self.raises, self.to_raise = False, ZERO  # whether a sale is for money, and the tax on it that it raises too
        self.order_tax = ZERO  # of the vector that is being solved
        self.kept_back = ZERO  # of the vector that is filled next, whole shares are rounded beside it

    # -- orders

    def worth_placing(
        self,
        t: int,
        goals: Callable[[set[int]], dict[int, Fraction]],
        buyers: Iterable[int] = (),
        owed: bool = False,
    ) -> dict[int, Fraction]:
        """Solve the vector with the tax that it causes: money that is not there, or more that a sale has to raise."""
        if not self.book.at_once:
            return super().worth_placing(t, goals, buyers, owed)
        cash, left_out, unsolved = self.cash, list(self.run.left_out), list(self.run.unsolved)
        placed: dict[int, Fraction] = {}

        def tax_when(tax: Fraction) -> Fraction:
            nonlocal placed
            self.run.left_out, self.run.unsolved = list(left_out), list(unsolved)
            self.cash, self.to_raise = (cash, tax) if self.raises else (cash - tax, ZERO)
            self.order_tax = tax
            placed = super(TaxedLedger, self).worth_placing(t, goals, buyers, owed)
            wanted = self.quantities(placed)
            self.cash, self.to_raise, self.order_tax = cash, ZERO, ZERO
            return self.book.preview(t, *self._vector({i: q - self.units[i] for i, q in wanted.items()}))

        whole, self.case = self.case, replace(self.case, whole=False)
        tax = settled_tax(tax_when, self.book.least())
        self.case = whole
        tax_when(tax)
        self.kept_back = tax if whole.whole and not self.raises else ZERO
        return placed

    def bought_with(self, money: Fraction, shares: Mapping[int, Fraction], left_out: set[int]) -> Fraction:
        """What an exit brings buys after the tax on it."""
        return super().bought_with(max(money - self.order_tax, ZERO), shares, left_out)

    def with_partners(
        self, goals: Mapping[int, Fraction], shares: Mapping[int, Fraction], left_out: Iterable[int] = ()
    ) -> dict[int, Fraction]:
        """Partners of drifted assets bear the tax as they bear costs: cash does not change."""
        tax, self.cash = self.order_tax, self.cash + self.order_tax
        fixpoint = self.fixpoint

        def after_tax(lines: Mapping[int, tuple[Fraction, Fraction]]) -> Fraction:
            self.cash -= tax
            after = fixpoint(lines)
            self.cash += tax
            return after

        self.fixpoint = after_tax  # type: ignore[method-assign]
        money = super().with_partners(goals, shares, left_out)
        self.cash -= tax
        del self.fixpoint
        return money

    def sell_for(self, t: int, amount: Fraction, need: Callable[[Fraction], Fraction], *, owed: bool = False) -> None:
        """Sell the largest excess first for what is needed and the tax on it, then the same part of all."""

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            whole = amount + self.to_raise

            def sold(y: Fraction) -> Plan:
                return self.sales(t, y, need(y) + self.to_raise, left_out)

            moves, fees, _ = self.settled(self.value() - whole, sold)
            if self.cash - sum(moves.values()) - fees < whole * (1 - SNAP):
                moves, _, _ = self.settled(
                    self.value() - whole, lambda y: self.of_all_that_is_left(t, whole, sold(y), left_out)
                )
            return self.judged(moves)

        self.raises = True
        self.fill(t, "flow", self.worth_placing(t, goals, owed=owed))
        self.raises = False

    def sell_pro_rata(self, t: int, need: Fraction) -> None:
        """Sell all assets with a close pro rata to their holdings, for what is needed and the tax on it."""
        holdings = {i: self.money(i) for i in self.assets if self.fresh(t, i) and self.units[i]}
        total, dust = sum(holdings.values(), ZERO), DUST * (self.value() - need)

        def goals(left_out: set[int]) -> dict[int, Fraction]:
            kept = 1 - self.raised(need + self.to_raise, holdings, dust) / total
            return {i: h * kept for i, h in holdings.items()}

        if holdings:
            self.raises = True
            self.fill(t, "flow", self.worth_placing(t, goals))
            self.raises = False

    def _vector(self, moves: dict[int, Fraction]) -> tuple[list[Fraction], list[Fraction], list[Fraction]]:
        trades = [moves.get(i, ZERO) for i in self.assets]
        fees = [self.fee(i, trades[i] * self.price[i], ZERO)[0] for i in self.assets]
        return trades, list(self.price), fees

    def fill(self, t: int, kind: str, goals: dict[int, Fraction], label: str = "") -> None:  # type: ignore[override]
        """Fill a vector, then book its lots and pay its tax."""
        before = len(self.run.events)
        if self.case.whole and self.book.at_once:
            self.cash, kept = self.cash - self.kept_back, self.kept_back
            wanted = self.quantities(goals)
            self.cash, self.kept_back = self.cash + kept, ZERO
            goals = {i: q * self.price[i] for i, q in self.affordable_shares(wanted).items()}
        super().fill(t, kind, goals, label)
        for event in self.run.events[before:]:
            self.pay(self.book.trade(t, event.quantities, event.prices, event.costs))
        self.snap()

    def affordable_shares(self, wanted: dict[int, Fraction]) -> dict[int, Fraction]:
        """S10: where cash does not pay for the tax on what is traded, the largest purchase is one share less."""
        while True:
            vector = self._vector({i: q - self.units[i] for i, q in wanted.items()})
            cash = self.cash_after(wanted, ZERO) - self.book.preview(0, *vector)
            bought = {i: (q - self.units[i]) * self.price[i] for i, q in wanted.items() if q > self.units[i]}
            if cash >= -SNAP * self.value() or not bought:
                return wanted
            largest = max(bought, key=lambda i: bought[i])
            wanted = {**wanted, largest: wanted[largest] - 1 / self.per_unit[largest]}

    def pay(self, tax: Fraction) -> None:
        """Take tax out of cash, or pay it back."""
        self.cash -= tax
        self.taxes.paid[-1] += tax

    # -- one session

    def session(self, t: int) -> None:
        """Interest, new year, assessment, dividends, delistings, year's interest, flow, trading, mark."""
        for of in (self.taxes.paid, self.taxes.withheld, self.taxes.outside):
            of.append(ZERO)
        case, opening = self.case, t == self.case.opening
        if opening:
            self.price = [old if new is None else new for old, new in zip(self.price, case.prices[t], strict=True)]
            self.run.before_flow.append(case.capital)
            self.rebalance(t, "opening", "opening")
            self.mark(t)
            return
        self.price = [old if new is None else new for old, new in zip(self.price, case.prices[t], strict=True)]
        grown = tidy(self.cash * self.growth.get(t, ONE))
        new_year = self.days[t].year != self.days[t - 1].year
        self.earned = (ZERO if new_year else self.earned) + grown - self.cash
        self.cash = grown
        gross = self.dividends_of(t)
        if new_year:
            self.settle(t, self.book.begin_year(t))
        self.settle(t, self.book.assessed(t))
        self.receive_dividends(t, gross)
        if t + 1 < len(self.days) and self.days[t + 1].year != self.days[t].year:
            self.settle(t, self.book.interest(t, self.earned))
        payout = self.delist(t)
        self.move_targets(t)
        flow = self.run.flows[t] = self.flow_due(t, self.value())
        self.run.before_flow.append(self.value())
        if t in self.due:
            self.bar_before_rebalance(t)
            self.cash += flow
            self.rebalance(t, "rebalance", self.due[t])
        else:
            self.cash += max(flow, ZERO)
            self.spend(t, "reinvest", min(payout, self.cash), self.recipients(t, case.after_delisting))
            self.partial_trades(t)
            if flow > 0:
                self.contribute(t, flow)
            elif flow < 0:
                self.withdraw(t, -flow)
        self.mark(t)

    def partial_trades(self, t: int) -> None:
        """Fill what waited, answer reviews and bands, trim: each taxed by itself, in the order of a session (S9)."""
        if self.waiting:
            self.fill_waiting(t)
        if t in self.verdicts:
            self.answer_breaches(t)
        above = self.trims.get(t, set())
        if t in self.broken:
            self.partial_rebalance(t)
            above = {i for i in above if self.money(i) > (self.caps[i] or ONE) * self.value() * (1 + GRACE)}
        if above:
            self.trim(t, above)

    def settle(self, t: int, due: Fraction) -> None:
        """Pay a tax that no order raises; what cash lacks is paid from elsewhere, or all is sold pro rata for it."""
        self.pay(due)
        lacking, self.cash = max(-self.cash, ZERO), max(self.cash, ZERO)
        if lacking and isinstance(self.law, Germany) and self.law.outside:
            self.taxes.outside[-1] += lacking
            self.taxes.paid[-1] -= lacking
        elif lacking:
            self.sell_pro_rata(t, lacking)
            self.cash -= lacking
            self.snap()

    def dividends_of(self, t: int) -> list[Fraction]:
        """Return what is paid for the units that were held at the close before."""
        of = self.case.dividends.get(t, {})
        return [self.units[i] * of.get(name, ZERO) for i, name in enumerate(self.case.tickers)]

    def receive_dividends(self, t: int, gross: list[Fraction]) -> None:
        """Dividends after tax buy more of what paid them at the close, or wait in cash."""
        if not any(gross):
            return
        leaves = self.book.income(t, gross)
        self.taxes.paid[-1] += sum(leaves.tax, ZERO)
        self.taxes.withheld[-1] += sum(leaves.withheld, ZERO)
        net = [g - tax - kept for g, tax, kept in zip(gross, leaves.tax, leaves.withheld, strict=True)]
        if not self.law.invests:
            self.cash += sum(net, ZERO)
            return
        more = [tidy(money / self.price[i]) if money else ZERO for i, money in enumerate(net)]
        self.book.trade(t, more, list(self.price), [ZERO for _ in more])
        self.units = [units + new for units, new in zip(self.units, more, strict=True)]

    def delist(self, t: int) -> Fraction:
        """S8: a payout is a sale, whose tax leaves it at once where sales are taxed at once."""
        before = len(self.run.events)
        paid = super().delist(t)
        for event in self.run.events[before:]:
            prices = [price * (1 - self.case.haircut) for price in self.price]
            tax = self.book.trade(t, event.quantities, prices, event.costs)
            self.pay(tax)
            paid -= tax
        return paid

    def finish(self) -> None:
        """Write value held and value sold at the last close."""
        last = len(self.days) - 1
        self.book.close(last, list(self.price), self.earned, self.taxes)
        value = self.run.value[-1]
        self.taxes.held = value - self.taxes.accrued
        self.taxes.sold = self.taxes.held - self.taxes.latent
        if value <= 0:
            raise LedgerError("nothing is left")
