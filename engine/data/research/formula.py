"""Criterion and Measure: arithmetic over the columns of a table, written as text and never executed.

::

    criterion = sum comparison sum          comparison = < | <= | > | >=
    measure   = sum
    sum       = product { (+ | -) product }
    product   = signed { (* | /) signed }
    signed    = { + | - } ( number [%] | column | "(" sum ")" )

A program is the formula in postfix order: numbers, columns and operators. Division by zero, a missing figure and a
result too large for a float are all "unknown".
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Annotated, Final, NoReturn, TypeAlias

from pydantic import AfterValidator, ConfigDict, RootModel
from pydantic_core import PydanticCustomError

Program: TypeAlias = tuple[float | str, ...]

MAX_FORMULA_CHARACTERS: Final = 200
_MAX_DEPTH: Final = 20
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<column>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|==|!=|\*\*|//|.))",
    re.DOTALL,
)
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LOGICAL_WORDS: Final = frozenset({"and", "or", "not"})
_REFUSED_SIGNS: Final = {
    "'": "text in quotes has no place here; compare numbers",
    '"': "text in quotes has no place here; compare numbers",
    "[": "brackets have no place here; name a column",
    ".": "a point belongs into a number; name a column",
    "=": "'=' compares nothing here; write <, <=, > or >=",
    "==": "figures are hardly ever equal; write <, <=, > or >=",
    "!=": "figures are hardly ever equal; write <, <=, > or >=",
    "**": "powers are not read here; write a * a",
    "//": "'//' is not read here; write /",
    "%": "'%' belongs behind a number; write 10%",
}


def _divide(left: float, right: float) -> float:
    return left / right if right else math.nan


_OPERATIONS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}


@dataclass
class _Parser:
    """Reads one formula from left to right; ``text`` is consumed token by token."""

    text: str
    position: int = 0
    program: list[float | str] = field(default_factory=list)

    def peek(self) -> tuple[str, str]:
        """Return kind and text of the next token; ("end", "") after the last."""
        match = _TOKEN.match(self.text, self.position)
        return (str(match.lastgroup), match[str(match.lastgroup)]) if match else ("end", "")

    def take(self) -> str:
        token = self.peek()[1]
        self.position = self.text.index(token, self.position) + len(token)
        return token

    def parse_sum(self, depth: int = 0) -> None:
        self.parse_chain(("+", "-"), lambda: self.parse_chain(("*", "/"), lambda: self.parse_signed(depth)))

    def parse_chain(self, signs: tuple[str, str], part: Callable[[], None]) -> None:
        part()
        while (sign := self.peek()[1]) in signs:
            self.take()
            part()
            if sign == "/" and isinstance(self.program[-1], float) and not self.program[-1]:
                self.fail("a division by 0 is no number; write another divisor")
            self.program.append(sign)

    def parse_signed(self, depth: int) -> None:
        negative = False
        while (sign := self.peek()[1]) in {"+", "-"}:
            negative ^= sign == "-"
            self.take()
        self.parse_primary(depth)
        if negative:
            self.program += [-1.0, "*"]

    def parse_primary(self, depth: int) -> None:
        kind, token = self.peek()
        if kind == "number":
            self.program.append(self.parse_number(float(self.take())))
        elif kind == "column" and token.lower() not in _LOGICAL_WORDS:
            self.program.append(self.take())
            if self.peek()[1] == "(":
                self.fail(f"'{token}(...)' would call a function; name columns only")
        elif token == "(":  # noqa: S105  (no password)
            if depth == _MAX_DEPTH:
                self.fail(f"more than {_MAX_DEPTH} levels of parentheses; write it more simply")
            self.take()
            self.parse_sum(depth + 1)
            if self.peek()[1] != ")":
                self.fail_at_token("a closing parenthesis or an operator")
            self.take()
        else:
            self.fail_at_token("a number, a column or a parenthesis")

    def parse_number(self, value: float) -> float:
        if not math.isfinite(value):
            self.fail("a number out of all range; write a smaller one")
        if self.peek()[1] != "%":
            return value
        self.take()
        return value / 100.0

    def fail_at_token(self, wanted: str) -> NoReturn:
        kind, token = self.peek()
        if kind == "column" and token.lower() in _LOGICAL_WORDS:
            self.fail(f"'{token}' joins criteria; write each criterion for itself")
        if token in _COMPARISONS:
            self.fail(f"found '{token}', expected {wanted}; a criterion has one comparison, a measure none")
        if token in _REFUSED_SIGNS:
            self.fail(_REFUSED_SIGNS[token])
        found = f"'{token}'" if token else "its end"
        self.fail(f"found {found}, expected {wanted}; as net_income / equity")

    def fail(self, text: str) -> NoReturn:
        message, _, remedy = text.partition("; ")
        raise _formula_error(f"'{self.text}': {message}; {remedy}")


def _formula_error(text: str) -> PydanticCustomError:
    return PydanticCustomError("formula", "{text}", {"text": text})


@lru_cache(maxsize=1024)
def _parse_formula(text: str, *, compares: bool) -> tuple[Program, str, Program]:
    """Return the programs left and right of the comparison and its sign; without one, the right is empty."""
    if len(text) > MAX_FORMULA_CHARACTERS:
        raise _formula_error(f"{len(text)} characters, at most {MAX_FORMULA_CHARACTERS} are read; write it more simply")
    if not text.isascii() or not text.isprintable():
        raise _formula_error(f"{text!r} has other characters than columns, numbers and operators; write those only")
    left = _Parser(text)
    left.parse_sum()
    sign = left.peek()[1]
    right = _Parser(text, left.position)
    if compares:
        if not sign:
            left.fail("it compares nothing; write <, <=, > or >= and a number, as net_income > 0")
        if sign not in _COMPARISONS:
            left.fail_at_token("an operator or a comparison")
        right.take()
        right.parse_sum()
    if right.peek()[0] != "end":
        right.fail_at_token("an operator or its end")
    if not any(_is_column(item) for item in (*left.program, *right.program)):
        left.fail("it names no column; write one, as net_income > 0" if compares else "it names no column; name one")
    return tuple(left.program), sign, tuple(right.program)


def _is_column(item: float | str) -> bool:
    return isinstance(item, str) and item not in _OPERATIONS


def _columns(program: Program) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for item in program if isinstance(item, str) and _is_column(item)))


def _evaluate(program: Program, figures: Mapping[str, float]) -> float | None:
    stack: list[float] = []
    for item in program:
        if not isinstance(item, str):
            stack.append(item)
        elif item in _OPERATIONS:
            right, left = stack.pop(), stack.pop()
            stack.append(_OPERATIONS[item](left, right))
        else:
            stack.append(figures.get(item, math.nan))
        if not math.isfinite(stack[-1]):
            return None
    return stack.pop()


def _order(one: float, other: float) -> int:
    return (one > other) - (one < other)


def _round(value: float, digits: int) -> tuple[float, str]:
    """Return ``value`` with so many digits, whole numbers with all of theirs, and as text."""
    rounded = float(f"{value:.{max(digits, len(f'{abs(value):.0f}'))}g}")
    return rounded, f"{rounded:,.{max(digits, len(f'{abs(rounded):.0f}'))}g}"


def _validate(text: str, *, compares: bool) -> str:
    text = " ".join(text.split())
    _parse_formula(text, compares=compares)
    return text


class Criterion(RootModel[Annotated[str, AfterValidator(partial(_validate, compares=True))]]):
    """A comparison of figures, as ``net_debt < 2 * ebitda`` or ``net_income / equity >= 10%``."""

    model_config = ConfigDict(frozen=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it uses, each once, in their order."""
        left, _, right = _parse_formula(self.root, compares=True)
        return _columns(left + right)

    def beside_number(self) -> tuple[Measure, float] | None:
        """Return what is compared with a plain number, and that number; None where the right side is anything else."""
        sides = re.fullmatch(r"(.*?)\s*[<>]=?\s*([0-9.]+)", self.root)
        return (
            (Measure(sides[1]), float(sides[2]))
            if sides and _columns(_parse_formula(self.root, compares=True)[0])
            else None
        )

    def holds(self, figures: Mapping[str, float]) -> bool | None:
        """Return whether it holds; None when a figure is missing (absent or NaN) or something is divided by zero.

        >>> Criterion("net_income / equity >= 10%").holds({"net_income": 12.0, "equity": 100.0})
        True
        """
        left, sign, right = _parse_formula(self.root, compares=True)
        one, other = _evaluate(left, figures), _evaluate(right, figures)
        return None if one is None or other is None else _COMPARISONS[sign](one, other)

    def describe_miss(self, figures: Mapping[str, float]) -> str:
        """Return what its sides were that are no plain numbers, where it does not hold; "" where that is not known.

        Four digits, or as many as the miss needs to be seen.

        >>> Criterion("net_income / equity >= 10%").describe_miss({"net_income": 9.0, "equity": 100.0})
        'was 9 %'
        """
        left, _, right = _parse_formula(self.root, compares=True)
        named = [bool(_columns(program)) for program in (left, right)]
        texts = [text.strip() for text in re.split("[<>]=?", self.root)]
        percent = any(text.endswith("%") and not one for text, one in zip(texts, named, strict=True))
        values = [value for program in (left, right) if (value := _evaluate(program, figures)) is not None]
        if len(values) < len(named):
            return ""
        values = [100.0 * value if percent else value for value in values]
        for digits in range(4, 18):
            shown = [_round(value, digits) if one else (value, "") for value, one in zip(values, named, strict=True)]
            if _order(shown[0][0], shown[1][0]) == _order(values[0], values[1]):
                break
        found = [(text, word) for text, (_, word), one in zip(texts, shown, named, strict=True) if one]
        beside = " and ".join(f"{text} was {word}" for text, word in found) if all(named) else f"was {found[0][1]}"
        return f"{beside} %" if percent else beside


class Measure(RootModel[Annotated[str, AfterValidator(partial(_validate, compares=False))]]):
    """A figure to rank by, as ``net_income / equity``."""

    model_config = ConfigDict(frozen=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it uses, each once, in their order."""
        return _columns(_parse_formula(self.root, compares=False)[0])

    def value(self, figures: Mapping[str, float]) -> float | None:
        """Return its value; None when a figure is missing (absent or NaN) or something is divided by zero."""
        return _evaluate(_parse_formula(self.root, compares=False)[0], figures)
