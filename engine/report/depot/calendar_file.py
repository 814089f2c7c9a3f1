"""The next decisions of a plan as entries of a calendar (iCalendar, RFC 5545)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Final

from engine.core.errors import spell_out_controls
from engine.depot.orders.answer_orders import OrderAnswer
from engine.report.depot.due_words import describe_due
from engine.report.depot.order_rows import ADVICE

PRODUCT: Final = "-//portfolio-engine//orders//EN"
"""Whose file it is."""
_LINE: Final = 75
"""Bytes of a line, its end not counted (RFC 5545, 3.1)."""


def calendar_file(answer: OrderAnswer) -> bytes:
    """Return one all-day entry a decision; the same plan and day give the same bytes.

    An entry that is imported again takes the place of the earlier one: its UID is that of plan, day and reason.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    for day, why in answer.coming:
        lines += _entry(answer, dt.date.fromisoformat(day), why)
    lines.append("END:VCALENDAR")
    return "".join(part + "\r\n" for line in lines for part in _folded(line)).encode()


def _entry(answer: OrderAnswer, day: dt.date, why: str) -> Iterator[str]:
    plan = answer.plan
    name, reason = spell_out_controls(plan.name), spell_out_controls(why)
    uid = hashlib.sha256(f"{plan.name}\n{day}\n{why}".encode()).hexdigest()[:32]
    rule = answer.rule or reason
    words = f"The plan {name} decides what to hold ({rule}, {answer.exchange}): engine orders. {ADVICE}"
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}@portfolio-engine"
    yield f"DTSTAMP:{plan.day.replace('-', '')}T000000Z"  # the day of the orders: no clock, so the same bytes again
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + dt.timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_escaped(f'{name}: {describe_due(reason)}')}"
    yield f"DESCRIPTION:{_escaped(words)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _escaped(text: str) -> str:
    r"""Return text as the value of a property.

    >>> _escaped("a, b; c")
    'a\\, b\\; c'
    """
    for char in ("\\", ";", ","):
        text = text.replace(char, f"\\{char}")
    return text


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most 75 bytes, all but the first after a space; no character is cut in two."""
    part, size = "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _LINE:
            yield part
            part, size = " ", 1
        part, size = part + char, size + width
    yield part
