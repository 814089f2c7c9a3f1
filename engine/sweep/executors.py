"""Who computes the chunks: this process or several on this machine. All give the same chunks."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Queue
from typing import Final, Protocol, TypeAlias

from engine.core.errors import OutputError
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.planner import clear_caches
from engine.sweep.space import AxisIndices
from engine.sweep.worker import ChunkEvaluator, SweepJob

MAX_RETRIES: Final = 3
"""How often workers may be lost while the same chunks are computed."""

_TRACEBACK_MARK: Final = b"!"
"""What an answer begins with that is no chunk but a traceback."""

ChunkTask: TypeAlias = tuple[int, AxisIndices]
"""The first point, and (n, D) the indices of it and those after it."""


class Executor(Protocol):
    """Computes tasks in any order, each one until it is done."""

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task."""


class ThreadExecutor:
    """Threads of this process, each with a chunk of its own: for variants that run in batches."""

    def __init__(self, threads: int = 1) -> None:
        """Use ``threads`` of them; one is the caller's."""
        self.threads = threads

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task, in order."""
        evaluator = ChunkEvaluator(job)

        def compute(task: ChunkTask) -> bytes:
            return evaluator.evaluate(*task).encode()

        if self.threads == 1:
            yield from map(compute, tasks)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                yield from _map_ahead(pool, compute, iter(tasks), self.threads + 1)
        clear_caches()  # what follows a sweep needs the memory


def _map_ahead(
    pool: ThreadPoolExecutor, compute: Callable[[ChunkTask], bytes], tasks: Iterator[ChunkTask], ahead: int
) -> Iterator[bytes]:
    """Yield what ``compute`` makes of each task, in order, ``ahead`` of them under way."""
    under_way = deque(pool.submit(compute, task) for task in islice(tasks, ahead))
    try:
        while under_way:
            content = under_way.popleft().result()
            under_way.extend(pool.submit(compute, task) for task in islice(tasks, 1))
            yield content
    finally:
        for future in under_way:
            future.cancel()


class ProcessExecutor:
    """Several processes of this machine; one that dies is replaced, and its chunk is done again."""

    def __init__(self, workers: int) -> None:
        """Use ``workers`` processes, which share the machine's cores."""
        self.workers = workers

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task, as they come.

        Raises OutputError when processes are lost again and again.
        """
        dispatcher = Dispatcher(iter(tasks), Queue(2 * self.workers))
        for _ in range(self.workers):
            threading.Thread(target=_supervise_worker, args=(job, dispatcher), daemon=True).start()
        try:
            for _ in range(self.workers):
                while (content := dispatcher.results.get()) is not None:
                    if isinstance(content, BaseException):
                        raise content
                    yield content
        finally:
            with dispatcher.lock:  # from here on no process is started
                dispatcher.closed.set()
            for process in dispatcher.processes:
                process.kill()  # it holds nothing; an orderly exit would take half a second
                process.join()


@dataclass
class Dispatcher:
    """What the threads that look after processes share: tasks to take, chunks done, processes started and lost."""

    tasks: Iterator[ChunkTask]
    results: Queue[bytes | BaseException | None]
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)
    processes: list[BaseProcess] = field(default_factory=list)
    lost_count: int = 0

    def next_task(self) -> ChunkTask | None:
        """Return a task that nobody has taken."""
        with self.lock:
            return next(self.tasks, None)

    def count_lost_worker(self) -> None:
        """Count a lost process; raises OutputError when there are too many."""
        with self.lock:
            self.lost_count += 1
            if self.lost_count > MAX_RETRIES:
                why = f"a worker process died {self.lost_count} times, killed or out of memory"
                raise OutputError(f"{why}; take fewer --workers or less --memory, then --resume")


def _supervise_worker(job: SweepJob[PolicyT], dispatcher: Dispatcher) -> None:
    """Look after one process: give it tasks one by one, and pass on what it answers; the end is None, or the fault.

    It is started when there is a task for it, so that there are never more processes than tasks.
    """
    connection: Connection | None = None
    try:
        while (task := dispatcher.next_task()) is not None:
            content = None
            while content is None:
                connection = connection or _start_worker(job, dispatcher)
                content = _request_chunk(connection, task) if connection else None
                if dispatcher.closed.is_set():
                    return
                if content is None:
                    connection = None
                    dispatcher.count_lost_worker()
            dispatcher.results.put(content)
    except BaseException as error:  # noqa: BLE001  (whoever reads the queue raises it)
        dispatcher.results.put(error)
    else:
        dispatcher.results.put(None)


def _start_worker(job: SweepJob[PolicyT], dispatcher: Dispatcher) -> Connection | None:
    """Start a process, give it the job, and return the connection to it; None when it is gone before it has the job.

    The job goes through the connection, whose other end is closed here: what starts a process writes its arguments into
    a pipe whose other end stays open, and would wait for ever for one that died.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_worker_main, args=(theirs,), daemon=True)
    with dispatcher.lock:
        if dispatcher.closed.is_set():
            return None
        try:
            process.start()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OutputError(f"--workers: a worker process cannot be started: {reason}; take fewer") from error
        dispatcher.processes.append(process)
    theirs.close()
    try:
        ours.send(job)
    except OSError:
        return None
    return ours


def _request_chunk(connection: Connection, task: ChunkTask) -> bytes | None:
    """Return the chunk of a task, or None when the process is gone; a bug that it met is raised here."""
    try:
        connection.send(task)
        content = connection.recv_bytes()
    except (EOFError, OSError):
        return None
    if content.startswith(_TRACEBACK_MARK):
        raise RuntimeError(content.removeprefix(_TRACEBACK_MARK).decode())
    return content


def _exit_with_parent() -> None:
    """End this process as soon as the one that started it is gone, however it went."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)  # from a thread beside a computation, which nothing else would end


def _worker_main(connection: Connection) -> None:
    """Receive a job and answer its tasks until the connection closes, or the process that asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's to answer
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        evaluator = ChunkEvaluator(connection.recv())
        while True:
            first, indices = connection.recv()
            connection.send_bytes(evaluator.evaluate(first, indices).encode())
    except EOFError:
        return
    except Exception:  # noqa: BLE001  (whatever it is, it is ours, and the first process reports it)
        connection.send_bytes(_TRACEBACK_MARK + traceback.format_exc().encode())
