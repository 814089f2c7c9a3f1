"""A cluster with certificates: the same bytes as here, and in one line who is not let in, who is not believed, and why."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.core.errors import OutputError
from engine.sweep.computation import write_results
from engine.sweep.dask_executor import DaskExecutor
from engine.sweep.executors import ThreadExecutor
from engine.sweep.journal import Journal
from engine.sweep.scheduler import Scheduler
from tests.support.cluster import Cluster, cluster, make_certificates
from tests.support.sweeps import QUICK, digest, engine, sweeping

ADDRESS = "tls://127.0.0.1:8786"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, a certificate of it, and an expired one beside."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    expired = "openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -days -1 -out expired.pem"
    subprocess.run(expired, shell=True, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates of another CA."""
    folder = tmp_path_factory.mktemp("strangers")
    make_certificates(folder)
    return folder


def files(folder: Path, ca: str = "ca.pem", cert: str = "cert.pem", key: str = "key.pem") -> tuple[Path, Path, Path]:
    return folder / ca, folder / cert, folder / key


def test_files_that_are_not_of_use_are_named_with_their_option(certificates: Path, strangers: Path) -> None:
    """Before anything is connected: missing, a folder, no PEM, another's key, a key with a pass phrase."""
    (certificates / "text.pem").write_text("no certificate")
    command = "openssl pkey -in key.pem -aes128 -passout pass:secret -out secret.pem"
    subprocess.run(command, shell=True, cwd=certificates, check=True, capture_output=True)
    for found, message in (
        (files(certificates, ca="none.pem"), "--tls-ca: .*none.pem: No such file or directory; check the path"),
        (files(certificates, cert="."), "--tls-cert: .*: Is a directory; check the path"),
        (files(certificates, ca="text.pem"), "--tls-ca: .*text.pem: holds no certificate that can be read"),
        (files(certificates, cert="text.pem"), "--tls-cert: .*text.pem: does not hold a certificate in PEM"),
        (files(certificates, key="text.pem"), "--tls-key: .*text.pem: does not hold a private key in PEM"),
        ((*files(certificates)[:2], strangers / "key.pem"), "--tls-key: .*key.pem: is not the key of --tls-cert"),
        (files(certificates, key="secret.pem"), "--tls-key: .*secret.pem: the key has a pass phrase"),
        ((certificates / "ca.pem", None, None), f"--tls-cert: is missing, {ADDRESS} is encrypted"),
    ):
        with pytest.raises(OutputError, match=message):
            Scheduler(ADDRESS, *found).security()
    with pytest.raises(OutputError, match=r"--tls-ca: tcp://127.0.0.1:8786 is not encrypted; write tls://"):
        Scheduler("tcp://127.0.0.1:8786", certificates / "ca.pem").warning()
    assert Scheduler("127.0.0.1:8786", *files(certificates)).url == ADDRESS


def test_files_of_dasks_own_configuration_are_used_and_named(certificates: Path) -> None:
    import dask

    keys = {"ca-file": "ca.pem", "client.cert": "cert.pem", "client.key": "none.pem"}
    with dask.config.set({f"distributed.comm.tls.{key}": str(certificates / name) for key, name in keys.items()}):
        with pytest.raises(OutputError, match=r"Dask's distributed.comm.tls.client.key: .*none.pem: No such file"):
            Scheduler(ADDRESS).security()
        security = Scheduler(ADDRESS, tls_key=certificates / "key.pem").security()
    assert security.require_encryption
    assert security.tls_ca_file == str(certificates / "ca.pem")


def test_a_plain_scheduler_elsewhere_is_warned_of_and_one_of_this_machine_is_not() -> None:
    """An address that is kept for documents is nobody's; the loopback's and names of it are this machine's."""
    assert "192.0.2.1:8786: is not encrypted: config, prices and results can be read" in (
        Scheduler("tcp://192.0.2.1:8786").warning()
    )
    for here in ("tcp://127.0.0.1:8786", "localhost:8786", "tcp://127.8.8.8:8786"):
        assert Scheduler(here).warning() == ""
    assert Scheduler("tls://192.0.2.1:8786").warning() == ""


def test_tls_files_without_a_scheduler_are_one_line(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from engine.cli import app

    done = CliRunner().invoke(app, ["sweep", str(QUICK), "--tls-key", "key.pem", "--out", str(tmp_path)])
    assert str(done.exception) == "--tls-key: is the encryption of a --scheduler, and none is named; name it too"


def compute(sweep, folder: Path, scheduler: Scheduler) -> str:
    with Journal.open(folder / "sweep.journal", sweep.identity, resume=False) as journal:
        write_results(sweep, journal, DaskExecutor(scheduler), 4, lambda done, total: None)
    return digest(folder / "results.parquet")


@pytest.fixture(scope="module")
def running(certificates: Path, tmp_path_factory: pytest.TempPathFactory):
    with cluster(tmp_path_factory.mktemp("cluster"), 2, certificates) as found:
        yield found


@pytest.mark.slow
def test_an_encrypted_cluster_gives_the_same_bytes(running: Cluster, tmp_path: Path) -> None:
    """By the command, with two workers, beside threads of this machine."""
    names = [
        f"--tls-{name}={path}" for name, path in zip(("ca", "cert", "key"), files(running.certificates), strict=True)
    ]
    options = ("--scheduler", running.scheduler.address, *names)
    done = engine("sweep", QUICK, *options, "--out", tmp_path / "cluster", cwd=tmp_path)
    engine("sweep", QUICK, "--out", tmp_path / "here", cwd=tmp_path)
    assert all("compiling" in line for line in done.stderr.splitlines()), done.stderr
    there, here = (tmp_path / name / "quickstart-sweep.sweep" for name in ("cluster", "here"))
    for name in ("results.parquet", "summary.json", "config.resolved.yaml"):
        assert digest(there / name) == digest(here / name), name


@pytest.mark.slow
def test_who_is_not_of_the_ca_is_refused_in_one_line(running: Cluster, strangers: Path, tmp_path: Path) -> None:
    """A client without encryption, with another CA's certificate, with an expired one, and one that trusts another CA."""
    own = running.certificates
    for scheduler, message in (
        (Scheduler(f"tcp://127.0.0.1:{running.port}"), "speaks TLS; write tls://, with --tls-ca, --tls-cert and"),
        (
            Scheduler(running.scheduler.address, own / "ca.pem", strangers / "cert.pem", strangers / "key.pem"),
            "refuses the certificate of this client (",
        ),
        (
            Scheduler(running.scheduler.address, *files(own, cert="expired.pem")),
            "refuses the certificate of this client (certificate expired)",
        ),
        (
            Scheduler(running.scheduler.address, strangers / "ca.pem", own / "cert.pem", own / "key.pem"),
            "its certificate is not trusted (certificate signature failure)",
        ),
    ):
        named = zip(("ca", "cert", "key"), (scheduler.tls_ca, scheduler.tls_cert, scheduler.tls_key), strict=True)
        options = [f"--tls-{name}={path}" for name, path in named if path]
        arguments = ("--scheduler", scheduler.address, *options, "--out", tmp_path)
        done = engine("sweep", QUICK, *arguments, cwd=tmp_path, check=1)
        assert done.stderr.count("\n") == 1, done.stderr
        assert message in done.stderr


@pytest.mark.slow
def test_a_plain_cluster_is_not_asked_for_encryption(certificates: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, 0) as plain, pytest.raises(OutputError, match="does not speak TLS; write tcp://"):
        compute(sweeping(), tmp_path, Scheduler(f"tls://127.0.0.1:{plain.port}", *files(certificates)))


HOSTILE = """
from engine.sweep import cluster_answer, dask_executor

class Hostile(Exception):
    def __reduce__(self):
        return exec, ("import os, pathlib; pathlib.Path(f'PLACE-{os.getpid()}').touch()",)

def changed(job, worker, first, indices):
    from distributed import get_worker
    how = open("PLACE.how").read()
    if how == "result":
        return Hostile()
    if how == "collection":
        return [b"", {"a": Hostile()}]
    if how == "exception":
        raise Hostile
    if how == "event":
        import pickle
        get_worker().log_event("warn", {"message": pickle.dumps(Hostile())})
        get_worker().log_event("print", {"args": ("printed there",)})
    found = honest(job, worker, first, indices)
    if how == "array":
        import numpy
        return numpy.array([Hostile()], dtype=object)
    if how == "bit":
        return found[:-1] + bytes([found[-1] ^ 1])
    if how == "versions":
        return found.replace(b'"numpy": "', b'"numpy": "0')
    return honest(job, worker, first + 1, indices) if how == "range" else found

honest, dask_executor.compute_answer = cluster_answer.compute_answer, changed
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory):
    """A cluster whose worker does what the file ``run.how`` says, and makes a file ``run-PID`` where it is believed."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.py").write_text(HOSTILE.replace("PLACE", str(folder / "run")))
    with cluster(folder, 1, preload=folder / "hostile.py") as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("result", "worker .* sent what is no chunk"),
        ("collection", "worker .* sent what is no chunk"),
        ("array", "worker .* sent what is no chunk"),
        ("exception", "^--scheduler: tcp://.*: loses its workers again and again; "),
        ("bit", "worker tcp://.* sent a chunk that was changed on the way"),
        ("range", "worker tcp://.* sent what is not the chunk of points "),
        ("versions", "worker tcp://.* has numpy 0.* instead of "),
        ("event", ""),
    ],
)
def test_nothing_that_a_hostile_worker_sends_is_run(
    how: str, message: str, hostile: Cluster, tmp_path: Path, capfd
) -> None:
    """It looks like any other when the sweep begins. What is finished by then is kept, and goes on without it."""
    sweep = sweeping()
    (hostile.folder / "run.how").write_text(how)
    if message:
        with pytest.raises(OutputError, match=message):
            compute(sweep, tmp_path, hostile.scheduler)
    else:
        compute(sweep, tmp_path, hostile.scheduler)
    assert not (hostile.folder / f"run-{os.getpid()}").exists(), "what a worker sent was run here"
    assert capfd.readouterr() == ("", "")
    with Journal.open(tmp_path / "sweep.journal", sweep.identity, resume=True) as journal:
        write_results(sweep, journal, ThreadExecutor(), 4, lambda done, total: None)
