"""Who computes the chunks: this process, several on this machine, or a Dask cluster. All give the same chunks."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Queue
from typing import Final, Protocol, TypeAlias, TypeVar

from engine.analysis.bootstrap_process import leave_with_parent
from engine.core.errors import OutputError
from engine.portfolio.policy import Policy
from engine.sweep.batch import run_batch as lanes
from engine.sweep.space import Digits
from engine.sweep.worker import Job, Worker

PolicyT = TypeVar("PolicyT", bound=Policy)

RETRIES: Final = 3
"""How often workers may be lost while the same chunks are computed."""

_BUG: Final = b"!"
"""What an answer begins with that is no chunk but a traceback."""

Task: TypeAlias = tuple[int, Digits]
"""The first point, and (n, D) the digits of it and those after it."""


class Crew(Protocol):
    """Computes tasks in any order, each one until it is done."""

    def chunks(self, job: Job[PolicyT], tasks: Iterable[Task]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task."""


class Here:
    """The process itself, with a thread a core where variants run side by side."""

    def chunks(self, job: Job[PolicyT], tasks: Iterable[Task]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task, in order."""
        worker = Worker(job, threads=os.cpu_count() or 1)
        for first, digits in tasks:
            yield worker.chunk(first, digits).encode()
        lanes.forget()  # what follows a sweep needs the memory


class Processes:
    """Several processes of this machine; one that dies is replaced, and its chunk is done again."""

    def __init__(self, count: int) -> None:
        """Use ``count`` processes, which share the machine's cores."""
        self.count = count

    def chunks(self, job: Job[PolicyT], tasks: Iterable[Task]) -> Iterator[bytes]:
        """Yield the encoded chunk of every task, as they come.

        Raises
        ------
        OutputError
            When processes are lost again and again.

        """
        desk = Desk(iter(tasks), Queue(2 * self.count))
        hands = [threading.Thread(target=_serve, args=(job, desk), daemon=True) for _ in range(self.count)]
        for hand in hands:
            hand.start()
        try:
            for _ in range(self.count):
                while (content := desk.done.get()) is not None:
                    if isinstance(content, BaseException):
                        raise content
                    yield content
        finally:
            with desk.lock:  # from here on no process is started
                desk.closed.set()
            for child in desk.children:
                child.kill()  # it holds nothing; an orderly exit would take half a second
                child.join()


@dataclass
class Desk:
    """What the threads that look after processes share: tasks to take, chunks done, processes started and lost."""

    tasks: Iterator[Task]
    done: Queue[bytes | BaseException | None]
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)
    children: list[BaseProcess] = field(default_factory=list)
    lost: int = 0

    def take(self) -> Task | None:
        """Return a task that nobody has taken."""
        with self.lock:
            return next(self.tasks, None)

    def lose(self) -> None:
        """Count a lost process; raises OutputError when there are too many."""
        with self.lock:
            self.lost += 1
            if self.lost > RETRIES:
                raise OutputError(
                    f"a worker process died {self.lost} times, killed or out of memory; take fewer --workers or less "
                    "--memory, then --resume"
                )


def _serve(job: Job[PolicyT], desk: Desk) -> None:
    """Look after one process: give it tasks one by one, and pass on what it answers; the end is None, or the fault.

    It is started when there is a task for it, so that there are never more processes than tasks.
    """
    line: Connection | None = None
    try:
        while (task := desk.take()) is not None:
            content = None
            while content is None:
                line = line or _start(job, desk)
                content = _asked(line, task) if line else None
                if desk.closed.is_set():
                    return
                if content is None:
                    line = None
                    desk.lose()
            desk.done.put(content)
    except BaseException as error:  # noqa: BLE001  (whoever reads the queue raises it)
        desk.done.put(error)
    else:
        desk.done.put(None)


def _start(job: Job[PolicyT], desk: Desk) -> Connection | None:
    """Start a process, give it the job, and return the line to it; None when it is gone before it has the job.

    The job goes through the line, whose other end is closed here: what starts a process writes its arguments into a
    pipe whose other end stays open, and would wait for ever for one that died.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_compute, args=(there,), daemon=True)
    with desk.lock:
        if desk.closed.is_set():
            return None
        try:
            child.start()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OutputError(f"--workers: a worker process cannot be started: {reason}; take fewer") from error
        desk.children.append(child)
    there.close()
    try:
        here.send(job)
    except OSError:
        return None
    return here


def _asked(line: Connection, task: Task) -> bytes | None:
    """Return the chunk of a task, or None when the process is gone; a bug that it met is raised here."""
    try:
        line.send(task)
        content = line.recv_bytes()
    except (EOFError, OSError):
        return None
    if content.startswith(_BUG):
        raise RuntimeError(content.removeprefix(_BUG).decode())
    return content


def _compute(line: Connection) -> None:
    """Receive a job and answer its tasks until the line closes, or the process that asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's to answer
    threading.Thread(target=leave_with_parent, daemon=True).start()
    try:
        worker = Worker(line.recv())
        while True:
            first, digits = line.recv()
            line.send_bytes(worker.chunk(first, digits).encode())
    except EOFError:
        return
    except Exception:  # noqa: BLE001  (whatever it is, it is ours, and the first process reports it)
        line.send_bytes(_BUG + traceback.format_exc().encode())
