"""Portfolio allocation and rebalancing: YAML in, an audited comparison with buy-and-hold out.

>>> import engine
>>> run = engine.run("configs/quickstart.yaml")  # doctest: +SKIP
>>> run.summary.loc["cagr"]                      # doctest: +SKIP

Nothing is imported before it is used: ``import engine`` and ``engine --help`` are instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path
    from typing import Literal

    from engine.core.errors import ConfigError, DataError, EngineError
    from engine.library.allocation_frames import AllocationFrames
    from engine.library.luck_frames import LuckFrames
    from engine.library.opened_configs import Config
    from engine.library.order_frames import OrderFrames
    from engine.library.order_verb import Holdings
    from engine.library.price_frames import PriceFrames
    from engine.library.price_tables import Prices
    from engine.library.sweep_frames import SweepFrames
    from engine.library.validation import Validation
    from engine.report.run.frames import RunFrames

__all__ = [
    "AllocationFrames",
    "ConfigError",
    "DataError",
    "EngineError",
    "LuckFrames",
    "OrderFrames",
    "PriceFrames",
    "RunFrames",
    "SweepFrames",
    "Validation",
    "data",
    "luck",
    "optimise",
    "orders",
    "run",
    "sweep",
    "validate",
]

_HOMES = {
    "AllocationFrames": "engine.library.allocation_frames",
    "ConfigError": "engine.core.errors",
    "DataError": "engine.core.errors",
    "EngineError": "engine.core.errors",
    "LuckFrames": "engine.library.luck_frames",
    "OrderFrames": "engine.library.order_frames",
    "PriceFrames": "engine.library.price_frames",
    "RunFrames": "engine.report.run.frames",
    "SweepFrames": "engine.library.sweep_frames",
    "Validation": "engine.library.validation",
}
"""Where the classes of results and errors are, which are imported when they are asked for."""


def run(
    config: Config,
    *overrides: str,
    prices: Prices | None = None,
    out: str | Path | None = None,
    variant: str | int = "",
    keep_prices: bool = False,
) -> RunFrames:
    """Run a config and return its tables as pandas frames; writes nothing unless ``out`` says where.

    Parameters
    ----------
    config : path of a YAML file, a mapping of the same keys, or a config that was validated
    overrides : ``"window.end=2024-12-31"``, as ``--set`` on the command line
    prices : read in place of the config's source: a pandas or polars frame (dates x tickers, or long with date,
        ticker, close), Series by ticker, or a market; read exactly as a Parquet file of the same columns is: closes
        in USD, and sessions of New York, unless ``"data.source.currency=EUR"`` and ``"data.calendar=XETR"`` say others
    out : where ``engine run`` would write; a folder of the config's name in it
    variant : of a sweep the id of a variant, or the number of its point
    keep_prices : with ``out``, put all that was read into the folder too

    Returns
    -------
    RunFrames
        with ``.summary``, ``.verdict``, ``.returns``, ``.equity``, ``.weights``, ``.trades``, ``.warnings``,
        ``.plot()`` and more

    Raises
    ------
    EngineError
        When the config, the prices or the account do not allow the run; the message says what to change.

    """
    from engine.library import verbs

    return verbs.run(config, overrides, prices, out, variant=variant, keep_prices=keep_prices)


def sweep(
    config: Config,
    *overrides: str,
    prices: Prices | None = None,
    out: str | Path | None = None,
    workers: int = 0,
    evidence: bool = True,
) -> SweepFrames:
    """Run every variant of a config's sweep, as ``engine sweep`` does; raises EngineError as :func:`run` does.

    ``workers`` 0 takes one a core; without ``evidence`` nobody asks whether the best is better than luck.
    """
    from engine.library import verbs

    return verbs.sweep(config, overrides, prices, out, workers=workers, evidence=evidence)


def optimise(
    config: Config,
    *overrides: str,
    as_of: str | dt.date | None = None,
    prices: Prices | None = None,
    out: str | Path | None = None,
) -> AllocationFrames:
    """Return the weights of an optimised plan for a decision ``as_of`` a day, without it for one after the window.

    Raises EngineError as :func:`run` does.
    """
    from engine.library import verbs

    return verbs.optimise(config, overrides, prices, out, as_of=as_of)


def validate(config: Config, *overrides: str) -> Validation:
    """Check a config and say what it means; no prices are read. Raises ConfigError with every fault."""
    from engine.library import verbs

    return verbs.validate(config, overrides)


def data(
    config: Config, *overrides: str, prices: Prices | None = None, fetch: bool = False, refresh: bool = False
) -> PriceFrames:
    """Return the closes that a config asks for, and what is wrong with them, as ``engine data check`` does.

    With ``fetch`` the price store is filled first, with ``refresh`` also what it has is read again. Raises EngineError
    where there are no closes; faults of theirs are in ``.quality``, and a run would refuse them unless ``.usable``.
    """
    from engine.library import verbs

    return verbs.data(config, overrides, prices, fetch=fetch, refresh=refresh)


def orders(
    config: Config,
    *overrides: str,
    holdings: Holdings,
    cash: str | float = "",
    as_of: str | dt.date | None = None,
    share_prices: str | Path | None = None,
    fx: tuple[str, ...] = (),
    contribute: float = 0.0,
    withdraw: float = 0.0,
    now: bool = False,
    exact: bool = False,
    stale_ok: bool = False,
    state: str | Path | None = None,
    pending: str | Path | None = None,
    rounding: Literal["plan", "best"] = "plan",
    prices: Prices | None = None,
    out: str | Path | None = None,
) -> OrderFrames:
    """Say what the tested plan orders in your own depot, as ``engine orders`` does; nothing is sent to anyone.

    ``holdings`` are a broker's file, shares by ticker, or a frame of ticker and quantity; ``prices`` the closes that
    the plan decides by, ``share_prices`` a file of those at which orders are sized; the others are the options of the
    verb. Raises EngineError as :func:`run` does.
    """
    import datetime as dt
    from pathlib import Path as File

    from engine.depot.orders.order_flags import OrderFlags
    from engine.library import order_verb

    flags = OrderFlags(
        cash=str(cash),
        as_of=str(as_of or dt.datetime.now(tz=dt.UTC).date()),
        prices=File(share_prices) if share_prices else None,
        contribute=contribute,
        withdraw=withdraw,
        now=now,
        exact=exact,
        state=File(state) if state else None,
        fx=tuple(fx),
        stale_ok=stale_ok,
        pending=File(pending) if pending else None,
        rounding=rounding,
    )
    return order_verb.orders(config, overrides, holdings, flags, prices, out)


def luck(
    config: Config,
    *overrides: str,
    universe: str | Path = "",
    prices: Prices | None = None,
    out: str | Path | None = None,
) -> LuckFrames:
    """Say how much of a plan's result is luck: of its dates, start, names and history, as ``engine luck`` does.

    ``universe`` is a file of names that others are drawn from, without it the plan's own list. Raises EngineError as
    :func:`run` does.
    """
    from engine.library import verbs

    return verbs.luck(config, overrides, prices, out, universe=universe)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def _make_packages_callable() -> None:
    """Let the packages ``engine.sweep`` and ``engine.data`` be called as the functions of their names.

    An import of any module in them, which ``engine.run`` makes too, binds the package to the name: the function would
    be gone, and a program that worked would fail with "'module' object is not callable" after its first run. The
    import system binds by setting an attribute, so a class of this module is what hears of it.
    """
    import sys
    from types import FunctionType, ModuleType

    functions: dict[str, FunctionType] = {name: globals()[name] for name in ("sweep", "data")}

    class CallablePackage(ModuleType):
        """A package that is called as the function of its name."""

        def __call__(self, *args: object, **options: object) -> object:
            return functions[self.__name__.rpartition(".")[2]](*args, **options)

    class EnginePackage(ModuleType):
        """The package ``engine``, which makes such a package callable when it is bound."""

        def __setattr__(self, name: str, value: object) -> None:
            if name in functions and isinstance(value, ModuleType):
                value.__class__ = CallablePackage
            super().__setattr__(name, value)

    sys.modules[__name__].__class__ = EnginePackage


_make_packages_callable()
