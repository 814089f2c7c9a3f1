"""A Dask cluster as an executor: chunks are tasks, a lost worker's are given to others, everything by one scheduler."""

from __future__ import annotations

import itertools
import logging
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from engine.core.errors import OutputError
from engine.core.extras import install_command
from engine.portfolio.policy import PolicyT
from engine.sweep.chunk import Chunk
from engine.sweep.cluster_answer import compute_answer, encode_versions, open_answer, require_equal_versions
from engine.sweep.executors import MAX_RETRIES, ChunkTask
from engine.sweep.foreign_pickles import refuse_foreign_pickles
from engine.sweep.scheduler import CONNECT_TIMEOUT, Scheduler
from engine.sweep.space import AxisIndices
from engine.sweep.worker import SweepJob

if TYPE_CHECKING:
    from distributed import Client, Future

WORKERLESS_TIMEOUT: Final = 60
"""How long a scheduler may be without any worker while there is work [s]."""

_LOST: Final = "loses its workers again and again; look at their logs, then --resume"


class DaskExecutor:
    """The workers of a Dask scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        """Use the workers of ``scheduler``."""
        self.scheduler = scheduler

    def chunks(self, job: SweepJob[PolicyT], tasks: Iterable[ChunkTask]) -> Iterator[Chunk]:
        """Yield the chunk of every task, as they come.

        Raises OutputError when no scheduler answers, it has no worker or one of other versions, what one sends is not
        the chunk it was asked for, or workers are lost again and again.
        """
        with _quiet_dask(), refuse_foreign_pickles():
            client = self._connect()
            try:
                slots = self._check_workers(client)
                yield from _Sender(client, job, self.scheduler).compute(iter(tasks), 2 * slots)
            finally:
                client.close(timeout=1)

    def _connect(self) -> Client:
        scheduler = self.scheduler
        try:
            from distributed import Client  # noqa: PLC0415  (an extra, and slow)
        except ImportError:
            raise OutputError(f"--scheduler: Dask is not installed; run `{install_command('cluster')}`") from None
        security = scheduler.security()
        if scheduler.is_encrypted:
            scheduler.shake_hands(security)
        families = ["dask", "error"]  # none for pickles; Dask sees to some of the ways back, foreign_pickles to all
        options = {"timeout": CONNECT_TIMEOUT, "set_as_default": False, "deserializers": families}
        try:
            client = Client(scheduler.url, security=security, **options)
        except RuntimeError:
            raise scheduler.error("Dask's configuration requires encryption; write tls://") from None
        except ValueError:
            raise scheduler.error("is no address, as tls://host:8786 or tcp://host:8786") from None
        except OSError:
            if not scheduler.is_encrypted and scheduler.speaks_tls():
                raise scheduler.error("speaks TLS; write tls://, with --tls-ca, --tls-cert and --tls-key") from None
            raise scheduler.error("does not answer; start one with `dask scheduler`, or check the address") from None
        for topic in ("print", "warn"):  # what a worker prints is not this terminal's
            client.unsubscribe_topic(topic)
        return client

    def _check_workers(self, client: Client) -> int:
        """Return how many tasks the workers do at once, after a look at what they run."""
        try:
            client.wait_for_workers(1, timeout=CONNECT_TIMEOUT)
        except TimeoutError:
            start = f"dask worker {self.scheduler.url}"
            raise self.scheduler.error(f"has no worker; start one with `{start}`") from None
        for worker, answer in client.run(encode_versions, on_error="return").items():
            require_equal_versions(worker, answer)
        return sum(client.nthreads().values())


class _Sender:
    """Gives tasks to a cluster and takes their answers; what is lost with a worker or a connection is given again."""

    def __init__(self, client: Client, job: SweepJob[PolicyT], scheduler: Scheduler) -> None:
        """Send the job to every worker."""
        self._client, self._job, self._scheduler = client, job, scheduler
        self._shared = self._share()
        self._under_way: dict[Future, ChunkTask] = {}
        self._ended: SimpleQueue[Future] = SimpleQueue()

    def compute(self, waiting: Iterator[ChunkTask], most: int) -> Iterator[Chunk]:
        """Keep ``most`` tasks under way; yield their chunks."""
        lost = 0
        for task in itertools.islice(waiting, most):
            self._give(task)
        while self._under_way:
            future = self._next_ended()
            task = self._under_way.pop(future)
            answer = self._gather(future)
            if answer is not None:
                yield open_answer(answer, *task)
                future.release()
                for following in itertools.islice(waiting, 1):
                    self._give(following)
                continue
            lost += 1
            if lost > MAX_RETRIES * most:
                raise self._scheduler.error(_LOST)
            self._await_scheduler()
            if self._shared.status != "finished":  # the job went with them
                self._shared = self._share()
            self._give(task)

    def _share(self) -> Future:
        """Return the job as every worker has it; raises OutputError when there are none for long."""
        for _ in range(MAX_RETRIES):
            try:
                self._client.wait_for_workers(1, timeout=WORKERLESS_TIMEOUT)
            except TimeoutError:
                raise self._workerless_error() from None
            with suppress(Exception):  # Dask's own, of a worker that went just now
                return self._client.scatter(self._job, broadcast=True, hash=False)
        raise self._scheduler.error(_LOST)

    def _give(self, task: ChunkTask) -> None:
        future = self._client.submit(_compute, self._shared, *task, pure=False, retries=MAX_RETRIES)
        self._under_way[future] = task
        future.add_done_callback(self._ended.put)

    def _next_ended(self) -> Future:
        """Return a task that ended, well or not; raises OutputError when no worker is there to end one."""
        seen_worker = time.monotonic()
        while time.monotonic() - seen_worker <= WORKERLESS_TIMEOUT:
            try:
                return self._ended.get(timeout=1)
            except Empty:
                with suppress(OSError):
                    if self._client.nthreads():
                        seen_worker = time.monotonic()
        raise self._workerless_error()

    def _workerless_error(self) -> OutputError:
        return self._scheduler.error(f"has had no worker for {WORKERLESS_TIMEOUT} seconds; start some, then --resume")

    def _gather(self, future: Future) -> bytes | None:
        """Return what came back, empty when it is no bytes; None when it is lost, also after it was finished."""
        if future.status != "finished":
            return None
        try:
            answer = future.result(timeout=WORKERLESS_TIMEOUT)
        except OSError:  # a connection that broke, or a worker that does not send
            return None
        except Exception:  # noqa: BLE001  (what Dask makes of a lost task, or of an answer it may not take apart)
            return b"" if future.status == "finished" else None
        return answer if isinstance(answer, bytes) else b""

    def _await_scheduler(self) -> None:
        """Give a lost connection the time that Dask takes to find it again; raises OutputError when it does not."""
        while self._client.status == "connecting":
            time.sleep(0.05)
        if self._client.status != "running":
            raise self._scheduler.error("is gone; start it and its workers again, then --resume")


def _compute(job: SweepJob[PolicyT], first: int, indices: AxisIndices) -> bytes:
    """Return the answer to a task: this is what runs on a worker."""
    from distributed import get_worker  # noqa: PLC0415

    return compute_answer(job, str(get_worker().address), first, indices)


@contextmanager
def _quiet_dask() -> Iterator[None]:
    """Leave what Dask logs and warns of a connection unsaid: what matters of it is an error of ours."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
