"""Where a Dask scheduler is, how a connection to it is encrypted, and what is wrong when there is none."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.core.errors import OutputError, escape_controls

if TYPE_CHECKING:
    from distributed.security import Security

CONNECT_TIMEOUT: Final = 5
"""How long a scheduler may take to answer, and a first worker to appear [s]."""

_ADDRESS: Final = re.compile(
    r"(?:(?P<protocol>tcp|tls)://)?(?P<host>[^\s:/\[\]]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>[0-9]{1,5})"
)
_MAX_PORT: Final = 65_535
_DASK_KEYS: Final = {"ca": "ca-file", "cert": "client.cert", "key": "client.key"}


@dataclass(frozen=True)
class Scheduler:
    """A scheduler's address, as ``tls://host:8786``, and the files of its encryption.

    Those that are not named are what Dask's own configuration says (``distributed.comm.tls``).
    """

    address: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @classmethod
    def from_options(cls, address: str, ca: Path | None, cert: Path | None, key: Path | None) -> Scheduler | None:
        """Return the scheduler that options name, if any; raises OutputError for an encryption of none."""
        if address:
            return cls(address, ca, cert, key)
        for name, path in (("ca", ca), ("cert", cert), ("key", key)):
            if path is not None:
                raise OutputError(f"--tls-{name}: is the encryption of a --scheduler, and none is named; name it too")
        return None

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is to be encrypted: what the address says, or else whether files for it are named."""
        protocol = self._parts()[0]
        named = [name for name in ("ca", "cert", "key") if self._option(name)]
        if protocol == "tcp" and named:
            raise OutputError(f"--tls-{named[0]}: {self.address} is not encrypted; write tls://, or leave it away")
        return protocol == "tls" or bool(named)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        _, host, port = self._parts()
        return host.strip("[]"), port

    @property
    def url(self) -> str:
        """The address as Dask writes it."""
        _, host, port = self._parts()
        return f"{'tls' if self.is_encrypted else 'tcp'}://{host}:{port}"

    def warning(self) -> str:
        """Return what is to be said of a connection that others can read; empty when there is nothing."""
        if self.is_encrypted or _is_this_machine(self.place[0]):
            return ""
        return (
            f"--scheduler: {escape_controls(self.address)}: is not encrypted: config, prices and results can "
            "be read and changed on the way, and whoever reaches the scheduler can run code on its workers; "
            "use tls://"
        )

    def security(self) -> Security:
        """Return what Dask needs for the connection; raises OutputError when its files are not of use.

        The names of Dask's roles: this process is a client.
        """
        from distributed.security import Security  # noqa: PLC0415  (an extra, and slow)

        if not self.is_encrypted:
            return Security()
        files = {"ca_file": self.tls_ca, "client_cert": self.tls_cert, "client_key": self.tls_key}
        named = {f"tls_{name}": str(path) for name, path in files.items() if path is not None}
        security = Security(require_encryption=True, **named)
        self._check_files(security)
        return security

    def error(self, why: str) -> OutputError:
        """Return the error that says what is wrong with it."""
        return OutputError(f"--scheduler: {escape_controls(self.address)}: {why}")

    def shake_hands(self, security: Security) -> None:
        """Raise OutputError where scheduler and client do not trust each other: Dask would say that nobody answers."""
        context = security.get_connection_args("client")["ssl_context"]
        try:
            with socket.create_connection(self.place, CONNECT_TIMEOUT) as plain, context.wrap_socket(plain) as wrapped:
                wrapped.recv(1)  # a client's certificate may be refused after the handshake
        except ssl.SSLCertVerificationError as error:
            raise self.error(
                f"its certificate is not trusted ({error.verify_message}); check --tls-ca, or renew the certificate"
            ) from None
        except ssl.SSLError as error:
            raise self.error(_explain(error)) from None
        except OSError:
            return  # Dask asks again for a while, and then says that nobody answers

    def speaks_tls(self) -> bool:
        """Return whether what answers at the address expects encryption."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with socket.create_connection(self.place, 1) as plain, context.wrap_socket(plain):
                return True
        except ssl.SSLError as error:
            return "ALERT" in (error.reason or "")
        except OSError:
            return False

    def _parts(self) -> tuple[str, str, int]:
        found = _ADDRESS.fullmatch(self.address)
        if found is None or int(found["port"]) > _MAX_PORT:
            raise self.error("is no address, as tls://host:8786 or tcp://host:8786")
        return found["protocol"] or "", found["host"], int(found["port"])

    def _option(self, name: str) -> Path | None:
        return {"ca": self.tls_ca, "cert": self.tls_cert, "key": self.tls_key}[name]

    def _check_files(self, security: Security) -> None:
        """Raise OutputError, with option and file, for a file that is missing or is not what it should be."""
        found = {"ca": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
        texts: dict[str, str] = {}
        for name in ("ca", "cert", "key"):
            if found[name] is None and name != "key":  # which may stand in the certificate's file
                raise OutputError(
                    f"--tls-{name}: is missing, {self.address} is encrypted; name a file, or set distributed.comm.tls."
                    f"{_DASK_KEYS[name]} in Dask's configuration"
                )
            if found[name] is not None:
                texts[name] = self._read_pem(name, str(found[name]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=texts["ca"])
        except (ssl.SSLError, ValueError):
            raise self._file_error("ca", found["ca"], "holds no certificate that can be read; name the CA's") from None
        if "ENCRYPTED" in texts.get("key", texts["cert"]):
            why = "the key has a pass phrase, which Dask cannot ask for; take it off with `openssl pkey`"
            raise self._file_error("key", found["key"] or found["cert"], why)
        if "\n" in str(found["cert"]):
            return  # given to Dask as text, which it checks itself
        try:
            context.load_cert_chain(str(found["cert"]), found["key"])
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None)
            if reason == "KEY_VALUES_MISMATCH":
                raise self._file_error(
                    "key", found["key"], "is not the key of --tls-cert; name the one that is"
                ) from None
            wrong = "cert" if "BEGIN CERTIFICATE" not in texts["cert"] else "key"
            what = {"cert": "a certificate", "key": "a private key"}[wrong]
            path = found[wrong] or found["cert"]
            raise self._file_error(wrong, path, f"does not hold {what} in PEM; make one as the README shows") from None

    def _read_pem(self, name: str, found: str) -> str:
        if "\n" in found:
            return found
        try:
            return Path(found).read_text(encoding="ascii", errors="replace")
        except OSError as error:
            why = f"{error.strerror or type(error).__name__}; check the path and its permissions"
            raise self._file_error(name, found, why) from None

    def _file_error(self, name: str, path: object, why: str) -> OutputError:
        option = f"--tls-{name}" if self._option(name) else f"Dask's distributed.comm.tls.{_DASK_KEYS[name]}"
        return OutputError(f"{option}: {escape_controls(str(path))}: {why}")


def _explain(error: ssl.SSLError) -> str:
    """Return what a handshake that failed means, and what to do."""
    reason = error.reason or str(error)
    if "ALERT" not in reason:
        return "does not speak TLS; write tcp://, or start it with --tls-ca-file, --tls-cert and --tls-key"
    said = reason.partition("ALERT_")[2].replace("_", " ").lower() or reason
    return f"refuses the certificate of this client ({said}); take one that the scheduler's CA signed and that is valid"


def _is_this_machine(host: str) -> bool:
    """Return whether an address is one of this machine, on which a socket can be opened; unknown names are none."""
    try:
        places = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, protocol, _, place in places:
        try:
            with socket.socket(family, kind, protocol) as own:
                own.bind(place)
        except OSError:
            return False
    return True
