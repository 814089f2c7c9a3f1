"""The certificate of no look-ahead on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.console import print_bullet, print_heading
from engine.report.phrases import plural

if TYPE_CHECKING:
    from rich.console import Console

    from engine.evidence.look_ahead import LookAheadCertificate


def print_certificate(out: Console, certificate: LookAheadCertificate) -> None:
    """Print what replacing later closes showed, and what was replaced."""
    print_heading(out, "Look-ahead")
    if certificate.moved is not None:
        print_bullet(out, str(certificate.moved), style="red")
        return
    tests = f"{plural(certificate.sessions, 'session')} x {plural(len(certificate.replacements), 'replacement')}"
    decisions = plural(certificate.decisions, "decision")
    print_bullet(out, f"No decision or trade up to t moved when every later close was replaced: {tests}, {decisions}.")
    print_bullet(
        out,
        f"Replaced were closes and dividends ({', '.join(certificate.replacements)}), not what is read by its date: "
        "rates of cash and currencies, dated lists, filings.",
    )
