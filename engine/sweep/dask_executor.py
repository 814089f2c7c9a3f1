"""A Dask cluster as an executor: chunks are tasks, a lost worker's are given to others, everything by one scheduler."""

from __future__ import annotations

import itertools
import logging
import platform
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from engine.core.errors import OutputError
from engine.portfolio.policy import PolicyT
from engine.sweep.chunk import Chunk
from engine.sweep.executors import MAX_RETRIES, ChunkTask
from engine.sweep.space import AxisIndices
from engine.sweep.worker import ChunkEvaluator, SweepJob

if TYPE_CHECKING:
    from distributed import Client, Future


CONNECT_TIMEOUT: Final = 5
"""How long a scheduler may take to answer, and a first worker to appear [s]."""

_ADDRESS: Final = re.compile(r"(?:tcp://)?(?P<place>(?:[^\s:/\[\]]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>[0-9]{1,5}))")
_MAX_PORT: Final = 65_535


class DaskExecutor:
    """The workers of a Dask scheduler."""

    def __init__(self, address: str) -> None:
        """Use the scheduler at ``address``, as tcp://host:8786."""
        self.address = address

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[Chunk]:
        """Yield the chunk of every task, as they come.

        Raises OutputError when no scheduler answers, it has no worker or one of other versions, or workers are lost
        again and again.
        """
        client = self._connect()
        try:
            slots = _check_workers(client, self.address)
            yield from _submit_tasks(client, job, iter(tasks), 2 * slots)
        finally:
            client.close(timeout=1)

    def _connect(self) -> Client:
        found = _ADDRESS.fullmatch(self.address)
        if found is None or int(found["port"]) > _MAX_PORT:
            raise self._address_error("is no address, as tcp://host:8786")
        try:
            from distributed import Client  # noqa: PLC0415  (an extra, and slow)
        except ImportError:
            raise OutputError("--scheduler: Dask is not installed; run `pip install '.[cluster]'`") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            return Client(f"tcp://{found['place']}", timeout=CONNECT_TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            why = "is no address, as tcp://host:8786" if isinstance(error, ValueError) else "does not answer"
            raise self._address_error(why) from None

    def _address_error(self, why: str) -> OutputError:
        return OutputError(f"--scheduler: {self.address}: {why}; start one with `dask scheduler`, or check the address")


def _check_workers(client: Client, address: str) -> int:
    """Return how many tasks the workers do at once, after a look at what they run."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_TIMEOUT)
    except TimeoutError:
        raise OutputError(f"--scheduler: {address}: has no worker; start one with `dask worker {address}`") from None
    here = _versions()
    for worker, there in client.run(_versions).items():
        differing = [f"{name} {there[name]} instead of {here[name]}" for name in here if there[name] != here[name]]
        if differing:
            raise OutputError(f"--scheduler: worker {worker} has {', '.join(differing)}; install the same there")
    return sum(client.nthreads().values())


def _versions() -> dict[str, str]:
    """Return what has to be equal for the bits to be equal."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("portfolio-engine", "numba", "numpy")},
    }


def _submit_tasks(client: Client, job: SweepJob[PolicyT], waiting: Iterator[ChunkTask], most: int) -> Iterator[Chunk]:
    """Keep ``most`` tasks under way; one that is lost with its workers is given out again, a few times."""
    from distributed import as_completed  # noqa: PLC0415

    shared = client.scatter(job, broadcast=True, hash=False)
    under_way: dict[Future, ChunkTask] = {}
    stream = as_completed([], loop=client.loop)
    lost = 0

    def give(task: ChunkTask) -> None:
        future = client.submit(_compute_chunk, shared, *task, pure=False, retries=MAX_RETRIES)
        under_way[future] = task
        stream.add(future)

    for task in itertools.islice(waiting, most):
        give(task)
    for future in stream:
        task = under_way.pop(future)
        if not _is_lost(future):
            yield future.result()
            future.release()
            if (following := next(waiting, None)) is not None:
                give(following)
            continue
        lost += 1
        if lost > MAX_RETRIES * most:
            raise OutputError("workers of the cluster are lost again and again; look at their logs, then --resume")
        if shared.status != "finished":  # the job went with them
            shared = client.scatter(job, broadcast=True, hash=False)
        give(task)


def _is_lost(future: Future) -> bool:
    """Tell a task that went down with its workers from one that ended, well or with a fault of its own."""
    from distributed.scheduler import KilledWorker  # noqa: PLC0415

    return future.status in {"cancelled", "lost"} or (
        future.status == "error" and isinstance(future.exception(), KilledWorker)
    )


@lru_cache(maxsize=1)
def _evaluator(job: SweepJob[PolicyT]) -> ChunkEvaluator[PolicyT]:
    """Return what computes a job: a worker keeps the one object that was scattered, so it prepares itself once."""
    return ChunkEvaluator(job)


def _compute_chunk(job: SweepJob[PolicyT], first: int, indices: AxisIndices) -> Chunk:
    """Return the chunk of a task."""
    return _evaluator(job).evaluate(first, indices)
