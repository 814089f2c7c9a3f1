"""Runs of a plug-in's strategy where the future does not exist: in a process that never saw the market as it was.

Code of others can find what it is not handed: arrays behind a view, objects that the collector lists, a market that its
own module kept. In the process that loaded all closes such a find is the same in every run of a certificate, and so
moves nothing. Here only the replaced market is there to be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

from engine.core.errors import AccountError, EngineError

if TYPE_CHECKING:
    from engine.data.market import Market
    from engine.portfolio.account import Account
    from engine.portfolio.cost_table import CostTable
    from engine.portfolio.policy import Policy
    from engine.simulation.ledger import Ledger
    from engine.tax.book import Taxation


class Terms(NamedTuple):
    """What ``simulate`` takes beside a market."""

    policy: Policy
    account: Account
    costs: CostTable
    start: int
    taxation: Taxation | None = None

    def run(self, market: Market) -> Ledger:
        """Return the run over ``market``."""
        from engine.simulation.simulate import simulate  # noqa: PLC0415  (whoever prints help needs no compiler)

        terms = (self.policy, self.account, self.costs)
        return simulate(market, *terms, start=self.start, taxation=self.taxation)

    def run_until_spent(self, market: Market) -> Ledger:
        """Return the run over ``market``, which ends where its money does: other closes may leave too little."""
        try:
            return self.run(market)
        except AccountError:
            return self._replace(account=self.account.model_copy(update={"when_spent": "stop"})).run(market)


@contextmanager
def fresh_process(terms: Terms, prepare: Callable[[], object] | None) -> Iterator[Callable[[Market], Ledger]]:
    """Yield what runs ``terms`` over a market in a process of its own, where ``prepare`` is called first.

    It raises EngineError as a run here does.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer_runs, args=(theirs,), daemon=True)
    process.start()
    theirs.close()

    def run(market: Market) -> Ledger:
        ours.send(market)
        answer: Ledger | EngineError | RuntimeError = ours.recv()
        if isinstance(answer, (EngineError, RuntimeError)):
            raise answer
        return answer

    try:
        ours.send(prepare)
        ours.send(terms)
        yield run
    except (EOFError, OSError) as error:
        raise EngineError("--certify: the process that runs the plug-in alone ended early; try again") from error
    finally:
        ours.close()
        process.kill()  # it holds nothing
        process.join()


def _answer_runs(connection: Connection) -> None:
    """Receive what prepares and the terms, then answer each market with its run until the connection closes."""
    try:
        prepare: Callable[[], object] | None = connection.recv()
        if prepare is not None:
            prepare()
        terms: Terms = connection.recv()
        while True:
            try:
                answer: object = terms.run_until_spent(connection.recv())
            except EngineError as error:
                answer = EngineError(*map(str, error.args))
            connection.send(answer)
            del answer  # nothing of one run is left for the next
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001  (whatever it is, the first process reports it)
        connection.send(RuntimeError(f"{type(error).__name__}: {error}"))
