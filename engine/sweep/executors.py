"""Who computes the chunks: this process or several on this machine. All give the same chunks."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final, Generic, Protocol, TypeAlias

from engine.core.errors import OutputError
from engine.core.interrupts import raised_interrupts
from engine.core.plug_in_entries import PlugInError
from engine.core.plug_ins import culprit_of
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.planner import clear_caches
from engine.sweep.chunk import Chunk
from engine.sweep.space import AxisIndices
from engine.sweep.worker import ChunkEvaluator, SweepJob

MAX_RETRIES: Final = 3
"""How often workers may be lost while the same chunks are computed."""

ChunkTask: TypeAlias = tuple[int, AxisIndices]
"""The first point, and (n, D) the indices of it and those after it."""


class Executor(Protocol):
    """Computes tasks in any order, each one until it is done."""

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[Chunk]:
        """Yield the chunk of every task."""


class ThreadExecutor:
    """Threads of this process, each with a chunk of its own: for variants that run in batches."""

    def __init__(self, threads: int = 1) -> None:
        """Use ``threads`` of them; one is the caller's."""
        self.threads = threads

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[Chunk]:
        """Yield the chunk of every task, in order."""
        evaluator = ChunkEvaluator(job)
        if self.threads == 1:
            yield from (evaluator.evaluate(*task) for task in tasks)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                yield from _map_ahead(pool, evaluator.evaluate, iter(tasks), self.threads + 1)
        clear_caches()  # what follows a sweep needs the memory


class ProcessExecutor:
    """Several processes of this machine; one that dies is replaced, and its chunk is done again."""

    def __init__(self, workers: int) -> None:
        """Use ``workers`` processes, which share the machine's cores."""
        self.workers = workers

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[Chunk]:
        """Yield the chunk of every task, in order.

        Raises OutputError when processes are lost again and again.
        """
        with (
            raised_interrupts(),  # or processes that are still starting would tell that this one is gone
            ThreadPoolExecutor(self.workers) as pool,
            closing(WorkerProcesses(job)) as processes,
        ):
            yield from _map_ahead(pool, processes.compute, iter(tasks), 2 * self.workers)


def _map_ahead(
    pool: ThreadPoolExecutor, compute: Callable[[int, AxisIndices], Chunk], tasks: Iterator[ChunkTask], ahead: int
) -> Iterator[Chunk]:
    """Yield what ``compute`` makes of each task, in order, ``ahead`` of them under way."""
    under_way = deque(pool.submit(compute, *task) for task in islice(tasks, ahead))
    try:
        while under_way:
            chunk = under_way.popleft().result()
            under_way.extend(pool.submit(compute, *task) for task in islice(tasks, 1))
            yield chunk
    finally:
        for future in under_way:
            future.cancel()


class WorkerProcesses(Generic[PolicyT]):
    """Processes that compute chunks of a job; as many as threads ask at a time."""

    def __init__(self, job: SweepJob[PolicyT]) -> None:
        """Start none yet, so that there are never more processes than tasks."""
        self.job = job
        self._lock = threading.Lock()
        self._is_closed = False
        self._started: list[BaseProcess] = []
        self._idle: list[Connection] = []
        self._lost_count = 0

    def compute(self, first: int, indices: AxisIndices) -> Chunk:
        """Return the chunk of a task; raises OutputError when too many are lost, and a bug that one of them met."""
        while True:
            try:
                connection = self._idle_or_new()
                connection.send((first, indices))
                answer: Chunk | RuntimeError | PlugInError = connection.recv()
            except (EOFError, OSError):
                self._count_lost()
                continue
            if isinstance(answer, (RuntimeError, PlugInError)):
                raise answer
            self._idle.append(connection)
            return answer

    def close(self) -> None:
        """Kill all, and start no more."""
        with self._lock:
            self._is_closed = True
        for process in self._started:
            process.kill()  # it holds nothing; an orderly exit would take half a second
            process.join()

    def _idle_or_new(self) -> Connection:
        """Return the connection to a process without a task; raises OSError when it is gone before it has the job.

        The job goes through the connection, whose other end is closed here: what starts a process writes its arguments
        into a pipe whose other end stays open, and would wait for ever for one that died.
        """
        context = get_context("spawn")
        with self._lock:
            if self._is_closed:
                raise CancelledError
            if self._idle:
                return self._idle.pop()
            ours, theirs = context.Pipe()
            process = context.Process(target=_worker_main, args=(theirs,), daemon=True)
            try:
                with _interrupts_blocked():
                    process.start()
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise OutputError(f"--workers: a worker process cannot be started: {reason}; take fewer") from error
            self._started.append(process)
        theirs.close()
        ours.send(self.job)
        return ours

    def _count_lost(self) -> None:
        with self._lock:
            self._lost_count += 1
            if self._lost_count > MAX_RETRIES:
                why = f"a worker process died {self._lost_count} times, killed or out of memory"
                raise OutputError(f"{why}; take fewer --workers or less --memory, then --resume")


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Let a process that is started here meet no interrupt, not even early on: it is the first process's to answer."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # the first start would do it, and let interrupts through again
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _exit_with_parent() -> None:
    """End this process as soon as the one that started it is gone, however it went."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)  # from a thread beside a computation, which nothing else would end


def _worker_main(connection: Connection) -> None:
    """Receive a job and answer its tasks until the connection closes, or the process that asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where interrupts cannot be blocked
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        evaluator = ChunkEvaluator(connection.recv())
        while True:
            connection.send(evaluator.evaluate(*connection.recv()))
    except EOFError:
        return
    except PlugInError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001  (whatever it is, the first process reports it)
        culprit = culprit_of(error)
        answer = RuntimeError(traceback.format_exc()) if culprit is None else culprit.fault("failed", error)
        connection.send(answer)
