"""``GermanBook``: lots, pots and years of a private investor with one depot (EStG § 20, InvStG)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.core.ordered_sum import add_in_order
from engine.data.market import Market
from engine.tax.book import IncomeTax, OrderCost
from engine.tax.budget import GainLimit, SaleLot
from engine.tax.fifo_lots import ALL_HELD, FifoLots
from engine.tax.germany.advance_lump_sum import AdvanceTable
from engine.tax.germany.fund_lots import FundLots
from engine.tax.germany.notes import late_prices_note, notes_of
from engine.tax.germany.running_year import RunningYear
from engine.tax.germany.terms import GermanTerms
from engine.tax.germany.year import sale_gain, tax_of_income_tax, total_rate
from engine.tax.germany.year_end import Holdings, LotPiece, Room, gains_within, losses_worth_taking
from engine.tax.record import EntryKind, OpenLot, TaxEntry, TaxRecord, TaxYear


class GermanBook:
    """What one portfolio owes in Germany: first in, first out, two loss pots, funds taxed in advance."""

    def __init__(self, terms: GermanTerms, market: Market, opening: int) -> None:
        """Open the book at row ``opening``; raises DataError for a year whose base rate is not known."""
        self.at_once, self._terms, self._market = terms.at_once, terms, market
        self._assets = [terms.assets[ticker] for ticker in market.assets]
        self._is_fund = [one.fund for one in self._assets]
        self._table = AdvanceTable.build(market, self._is_fund, terms.base_rate, opening)
        self._funds = [FundLots() for _ in self._assets]
        self._lots: list[FifoLots] = [fund.lots for fund in self._funds]
        year = self._table.first_year
        self._year = RunningYear(year, terms.pots, terms.of_year(year))
        self._before = list(self._table.before[0])
        self._entries: list[TaxEntry] = []
        self._closed: list[TaxYear] = []
        self._unassessed: list[tuple[int, float]] = []

    def begin_year(self, row: int) -> float:
        """Roll the pots, and book what funds are deemed to have paid for the year that ended (InvStG § 18 (3))."""
        ended, year = self._year, self._table.years[row]
        self._closed.append(ended.summary())
        self._unassessed.append((ended.year, ended.assessed.tax))
        self._year = RunningYear(year, ended.left(), self._terms.of_year(year))
        drafts = [
            draft for j, asset in enumerate(self._assets) if asset.fund for draft in self._advance(row, j, ended.year)
        ]
        for j in range(len(self._assets)):
            self._before[j] = self._table.sum_before(year, j)
        moved = self._year.book("advance", 0.0, add_in_order(draft.taxable for draft in drafts))
        self._write(drafts, moved)
        return moved if self.at_once else 0.0

    def assessed(self, row: int) -> float:
        """Return the tax of the years before that of ``row`` which no bank has withheld."""
        if self.at_once:
            return 0.0
        due = [(year, tax) for year, tax in self._unassessed if tax]
        self._unassessed.clear()
        self._entries += [TaxEntry(row, year, -1, "assessment", tax=tax) for year, tax in due]
        return add_in_order(tax for _, tax in due)

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Book dividends: of funds what is not exempt, of stocks all, with what may be set off of foreign tax."""
        drafts, credit, withheld = [], 0.0, [0.0] * len(gross)
        for j, money in enumerate(gross):
            if money:
                asset = self._assets[j]
                withheld[j] = asset.withheld * money
                credit += min(asset.creditable, self._terms.rate) * money
                drafts.append(self._draft(row, j, "dividend", money, (-1, units[j]), withheld[j]))
        moved = self._year.book("dividend", 0.0, add_in_order(draft.taxable for draft in drafts), credit)
        taxes = [0.0] * len(gross)
        for draft, tax in zip(drafts, self._write(drafts, moved), strict=True):
            taxes[draft.asset] = tax
        return IncomeTax(taxes, withheld)

    def take_interest(self, row: int, amount: float) -> float:
        """Book the year's interest; what cash has cost is no loss (EStG § 20 (9))."""
        if amount <= 0.0:
            return 0.0
        moved = self._year.book("interest", 0.0, amount)
        self._write([TaxEntry(row, self._year.year, -1, "interest", gain=amount, taxable=amount)], moved)
        return moved if self.at_once else 0.0

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return how far the sales among ``trades`` move the tax; purchases owe nothing."""
        if not self.at_once:
            return 0.0
        return self._year.tax_of(*self._gains(trades, prices, fees))

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Take sales from the oldest lots, all of them as one; make a lot of each purchase."""
        gains = self._gains(trades, prices, fees)
        drafts: list[TaxEntry] = []
        for j, units in enumerate(trades):
            if units < 0.0:
                drafts += self._sell(row, j, -units, prices[j], fees[j])
            elif units > 0.0:
                self._lots[j].buy(row, units, units * prices[j] + fees[j])
        if not drafts:
            return 0.0
        moved = self._year.book("sale", *gains)
        self._year.realise([draft.gain for draft in drafts])
        self._write(drafts, moved)
        return moved if self.at_once else 0.0

    def tax_of_year(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return the tax of the running year with these ``trades``."""
        return self._year.assess_with(*self._gains(trades, prices, fees)).tax

    def lots_for_sale(self, row: int, asset: int, price: float) -> list[SaleLot]:
        """Return the lots of a column, oldest first, with the gains of stocks and other ones."""
        pieces = self._pieces(asset, price)
        if self._is_fund[asset]:
            return [SaleLot(piece.units, 0.0, piece.gain) for piece in pieces]
        return [SaleLot(piece.units, piece.gain, 0.0) for piece in pieces]

    def gain_limits(self, row: int, most: float) -> list[list[GainLimit]]:
        """Return how far the year's base may rise: gains of stocks count only where they are left after losses."""
        year, terms = self._year, self._year.terms
        taxable = (most / tax_of_income_tax(terms) + year.sums.credit) / terms.rate
        base = terms.allowance + taxable
        stocks, other = year.sums.stocks - year.pots.stocks, year.sums.other - year.pots.other
        together = GainLimit(1.0, 1.0, base - stocks - other)
        return [[together]] if terms.one_pot else [[together, GainLimit(0.0, 1.0, base - other)]]

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return what gains until the allowance is used, else what loses as far as that lowers the tax."""
        terms, year, now = self._terms, self._year, self._year.assessed
        if not terms.use_allowance and not terms.harvest:
            return ()
        holdings = Holdings(
            [self._pieces(j, price) for j, price in enumerate(prices)], prices, [not fund for fund in self._is_fund]
        )
        room = Room(year.terms.allowance - now.base + now.other_pot, now.stock_pot)
        if room.base > 0.0:
            rate = total_rate(terms.rate, terms.church)
            taxed = [1.0 - asset.exempt for asset in self._assets]
            return gains_within(holdings, room, rate, taxed, cost) if terms.use_allowance else ()
        if not terms.harvest:
            return ()

        def tax_of(units: Sequence[float], fees: Sequence[float]) -> float:
            return year.tax_of(*self._gains([-one for one in units], prices, fees))

        return losses_worth_taking(holdings, tax_of, cost)

    def _pieces(self, j: int, price: float) -> list[LotPiece]:
        """Return the lots of column ``j``, oldest first, with what a unit at ``price`` gains after its exemption."""
        asset, before, fund, lots = self._assets[j], self._before[j], self._funds[j], self._lots[j]
        pieces = []
        for part in lots.parts_held():
            deemed = fund.deemed_of_lot(part.lot, before) if asset.fund else 0.0
            pieces.append(LotPiece(part.units, (1.0 - asset.exempt) * (price - lots.price[part.lot] - deemed)))
        return pieces

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Make lots of what is bought back; a loss stays one, there is no wash sale (BFH IX R 60/07)."""
        self.take_trades(row, units, prices, fees)

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Do nothing: money taken out is no income."""

    def wealth_tax(self, row: int, value: float) -> float:
        """Return 0: Germany taxes no wealth."""
        return 0.0

    def forget_years(self, row: int) -> None:
        """Keep the lots and what was taxed of them in advance; begin the year of ``row`` with the opening's pots."""
        year = self._table.years[row]
        self._year = RunningYear(year, self._terms.pots, self._terms.of_year(year))
        self._entries, self._closed, self._unassessed = [], [], []

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return all that was booked; selling everything at ``prices`` would owe ``latent``, with the year's state."""
        accrued, running = self.take_interest(row, interest), self._year
        owed = running.assessed.tax
        stocks, other = self._gains([-lots.held for lots in self._lots], prices, [0.0] * len(prices))
        latent = running.assess_with(stocks, other).tax - owed
        if not self.at_once:
            accrued = owed + add_in_order(tax for _, tax in self._unassessed)
        years, left = (*self._closed, running.summary()), running.left()
        pots = {"stocks": left.stocks, "other": left.other}
        entries, lots = tuple(self._entries), tuple(self._open_lots())
        late = late_prices_note(self._market.dates, self._table.first_year) if any(self._is_fund) else ()
        return TaxRecord(entries, years, lots, pots, accrued, latent, (*notes_of(years, pots), *late))

    def _gains(self, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> tuple[float, float]:
        """Return the gains of the sales among ``trades``: of stocks, and of funds after their exemption [EUR]."""
        stocks = other = 0.0
        for j, traded in enumerate(trades):
            if traded < 0.0:
                lots, asset = self._lots[j], self._assets[j]
                end = lots.end_of_sale(-traded, lots.held * ALL_HELD)
                cost = lots.cost_until(end) - lots.cost_until(lots.sold)
                if asset.fund:
                    deemed = self._funds[j].deemed(end, self._before[j])
                    other += (1.0 - asset.exempt) * sale_gain(-traded, prices[j], fees[j], cost, deemed)
                else:
                    stocks += sale_gain(-traded, prices[j], fees[j], cost, 0.0)
        return stocks, other

    def _sell(self, row: int, j: int, units: float, price: float, fee: float) -> Iterator[TaxEntry]:
        """Take ``units`` from the oldest lots of column ``j``; yield what of it comes from each."""
        lots, fund = self._lots[j], self._funds[j] if self._assets[j].fund else None
        end, before = lots.end_of_sale(units, lots.held * ALL_HELD), self._before[j]
        for part in list(lots.parts_until(end)):
            deemed = part.units * fund.deemed_of_lot(part.lot, before) if fund else 0.0
            gain = sale_gain(part.units, price, fee * (part.units / units), part.cost, deemed)
            yield self._draft(row, j, "sale", gain, (lots.rows[part.lot], -part.units))
        lots.sell_until(end)

    def _advance(self, row: int, j: int, ended: int) -> Iterator[TaxEntry]:
        """Yield what each lot of the fund in column ``j`` is deemed to have earned in the year that ``ended``."""
        fund, table = self._funds[j], self._table
        months = [table.months[bought] for bought in fund.lots.rows[len(fund.missed) :]]
        for lot, units, money in fund.close_year(table.of(ended, j), table.sum_before(ended, j), months):
            yield self._draft(row, j, "advance", money, (fund.lots.rows[lot], units))

    def _draft(
        self, row: int, j: int, kind: EntryKind, gain: float, lot: tuple[int, float], withheld: float = 0.0
    ) -> TaxEntry:
        """Return an entry of ``gain`` by column ``j``, with what of it is exempt, and no tax yet.

        ``lot``: the row in which it was bought, and units.
        """
        exempt = self._assets[j].exempt * gain
        return TaxEntry(row, self._year.year, j, kind, *lot, gain, exempt, gain - exempt, 0.0, withheld)

    def _write(self, drafts: Sequence[TaxEntry], moved: float) -> list[float]:
        """Keep entries that moved the tax together, each with its part of it; return these [EUR]."""
        if not (moved and self.at_once):
            self._entries += drafts
            return [0.0] * len(drafts)
        taxes = _allot(moved, [draft.taxable for draft in drafts])
        self._entries += [draft._replace(tax=tax) if tax else draft for draft, tax in zip(drafts, taxes, strict=True)]
        return taxes

    def _open_lots(self) -> Iterator[OpenLot]:
        for j, (fund, lots) in enumerate(zip(self._funds, self._lots, strict=True)):
            for part in lots.parts_held():
                per_unit = fund.deemed_of_lot(part.lot, self._before[j]) if self._assets[j].fund else 0.0
                yield OpenLot(j, lots.rows[part.lot], part.units, part.cost, part.units * per_unit)


def _allot(moved: float, taxable: Sequence[float]) -> list[float]:
    """Return a tax by what it is due to, pro rata: to income where tax is due, to losses where it comes back."""
    parts = [max(one, 0.0) if moved > 0.0 else max(-one, 0.0) for one in taxable]
    whole = add_in_order(parts)
    if not whole:
        parts = [abs(one) for one in taxable]
        whole = add_in_order(parts)
    return [moved * (part / whole) if whole else 0.0 for part in parts]
