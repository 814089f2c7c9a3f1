"""No ticker is ever changed into a number, a date, a truth value or nothing (R18)."""

from __future__ import annotations

import itertools
import random
from string import ascii_uppercase

import pytest

from tests.support.configs import config, message

ODD = "NO ON OFF YES Y N T F TRUE FALSE NULL NA NAN N.A INF 1E5 1E-5 007 000001 0x10 0o17 1_000 1.5 2024-01-01 123 = ~".split()  # noqa: SIM905


def read_back(tickers: list[str]) -> list[str]:
    """Return the tickers of a plan and of a universe as the engine has them."""
    weights = ", ".join(f"{ticker}: 0.1%" for ticker in tickers)
    plan = config(f"name: t\ndata: {{source: {{kind: sample}}}}\nstrategy: {{kind: fixed_mix, weights: {{{weights}}}}}")
    return list(plan.strategy.weights)


def chosen_from(tickers: list[str]) -> list[str]:
    """Return the tickers of a universe that is written out."""
    chosen = f"{{universe: [{', '.join(tickers)}], choose: {{kind: top, count: 3, by: momentum}}, weight: 2%}}"
    strategy = f"{{kind: core_satellite, core: {{CORE.X: rest}}, cap: 3%, satellites: {chosen}}}"
    plan = config(f"name: t\ndata: {{source: {{kind: sample}}}}\nstrategy: {strategy}")
    return list(plan.strategy.satellites.universe.tickers)


@pytest.mark.parametrize("ticker", ODD)
def test_what_reads_like_a_number_or_a_word_survives_or_is_refused(ticker: str) -> None:
    """As a key and in a list."""
    if ticker in {"=", "~"}:
        assert "is not a ticker" in message(
            f"name: t\ndata: {{source: {{kind: sample}}}}\nstrategy: {{kind: fixed_mix, weights: {{{ticker}: 1%}}}}"
        )
        return
    assert read_back([ticker]) == [ticker]
    assert ticker in chosen_from(["AAA", "BBB", "CCC", ticker])


@pytest.mark.slow
def test_all_tickers_of_up_to_four_letters_survive() -> None:
    """475,254 of them, and a hundred thousand of five letters or digits."""
    letters = [map("".join, itertools.product(ascii_uppercase, repeat=size)) for size in (1, 2, 3, 4)]
    rng = random.Random(0)
    five = {"".join(rng.choices(ascii_uppercase + "0123456789", k=5)) for _ in range(100_000)}
    every = [*itertools.chain(*letters), *five]
    assert len(every) > 475_254 + 99_000
    for at in range(0, len(every), 1000):
        some = every[at : at + 1000]
        assert read_back(some) == some
        assert chosen_from(some) == sorted(some)
