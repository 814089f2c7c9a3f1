"""Criteria and measures: arithmetic over columns, written as text and never executed."""

from __future__ import annotations

import ast
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.data.research.formula import Criterion, Measure
from tests.support.research import message

FIGURES = {"net_income": 12.0, "equity": 100.0, "ebitda": 20.0, "net_debt": 39.0, "zero": 0.0, "missing": math.nan}
HOLDS = {
    "net_income > 0": True,
    "net_debt < 2 * ebitda": True,
    "net_debt<1.95*ebitda": False,
    "net_debt <= 1.95 * ebitda": True,
    "net_income / equity >= 12%": True,
    "net_income / equity > 12 %": False,
    "10 - net_income - 2 < -3.9e0": True,
    "equity / 2 / 5 >= 10": True,
    "-(net_income - 12) >= zero": True,
    "--net_income > +1": True,
    "2 * (equity - net_debt) > 122": False,
    "0 < net_income": True,
    "missing > 0": None,
    "zero * missing >= 0": None,
    "absent > 0": None,
    "net_income / zero > 0": None,
    "zero / zero < 1": None,
    "equity * 1e300 * 1e300 > 0": None,
}


@pytest.mark.parametrize("text", HOLDS)
def test_a_criterion_holds_fails_or_is_unknown(text: str) -> None:
    assert Criterion(text).holds(FIGURES) is HOLDS[text]


def test_a_measure_is_the_arithmetic_without_a_comparison() -> None:
    assert Measure("net_income / equity").value(FIGURES) == 0.12
    assert Measure("net_income / zero").value(FIGURES) is None
    assert Measure("net_income / equity - missing").columns == ("net_income", "equity", "missing")
    assert Criterion("a / b > a * c").columns == ("a", "b", "c")


REFUSED = {
    "f(a) > 0": "'f(...)' would call a function",
    "__import__('os') > 0": "would call a function",
    "a.b > 0": "a point belongs into a number",
    "a[0] > 0": "brackets have no place here",
    "'a' > 0": "text in quotes has no place here",
    "a == 1": "figures are hardly ever equal",
    "a = 1": "'=' compares nothing",
    "a != 1": "figures are hardly ever equal",
    "a > b > c": "has one comparison",
    "a > 1 and b > 2": "write each criterion for itself",
    "not a > 1": "write each criterion for itself",
    "a ** 2 > 0": "powers are not read",
    "a // 2 > 0": "'//' is not read",
    "a % 2 > 0": "'%' belongs behind a number",
    "a": "it compares nothing",
    "a >": "found its end",
    "": "found its end",
    "1 > 0": "it names no column",
    "2a > 0": "found 'a', expected an operator",
    "(a > 0": "expected a closing parenthesis",
    "1e999 > a": "out of all range",
    "é > 0": "other characters",
    f"{'a' * 200} > 0": "204 characters, at most 200",
    f"{'(' * 30}a{')' * 30} > 0": "more than 20 levels",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_criterion_is_refused_in_one_line_at_its_place(text: str) -> None:
    faults = message(f"criteria:\n- a > 0\n- {json.dumps(text)}")
    assert faults.startswith("plan.yaml:3: criteria.1: ")
    assert REFUSED[text] in faults
    assert len(faults.splitlines()) == 1


def test_a_measure_with_a_comparison_is_refused() -> None:
    assert "plan.yaml:1: rank: 'a > 0': found '>'" in message("rank: a > 0")


PIECES = ["a", "b", "1", "2.5", "10%", "+", "-", "*", "/", "(", ")", "<", ">=", " ", "%", ".", "e5", "'", "[", "and"]


@given(text=st.one_of(st.text(max_size=220), st.lists(st.sampled_from(PIECES), max_size=24).map("".join)))
def test_any_text_is_a_formula_or_a_message(text: str) -> None:
    for kind in (Criterion, Measure):
        try:
            found = kind(text)
        except ValidationError as error:
            assert [one["type"] for one in error.errors()] == ["formula"]
        else:
            assert found.columns
            assert all(column in text for column in found.columns)
            assert found.model_validate(found.model_dump()) == found


ARITHMETIC = st.recursive(
    st.sampled_from(["a", "b", "c", "2", "0.5", "7"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, st.sampled_from([" + ", "-", "* ", " / "]), inner).map("".join),
        inner.map(lambda part: f"-({part})"),
    ),
    max_leaves=8,
)


def by_python(node: ast.expr, figures: dict[str, float]) -> float:
    """Compute what Python's own grammar makes of the text."""
    match node:
        case ast.Constant(value):
            return float(value)
        case ast.Name(name):
            return figures[name]
        case ast.UnaryOp(ast.USub(), inner):
            return -by_python(inner, figures)
        case ast.BinOp(left, op, right):
            one, other = by_python(left, figures), by_python(right, figures)
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
            return one / other
    raise AssertionError(node)


@given(text=ARITHMETIC.filter(lambda text: len(text) < 190 and set(text) & set("abc")))
def test_arithmetic_means_what_it_means_in_python(text: str) -> None:
    figures = {"a": 3.0, "b": -1.25, "c": 0.0}
    try:
        expected = by_python(ast.parse(text, mode="eval").body, figures)
    except ZeroDivisionError:
        expected = None
    assert Measure(text).value(figures) == expected


@pytest.mark.parametrize(
    ("criterion", "figures", "said"),
    [
        ("a / b > 2.5%", (1.9, 100.0), "was 1.9 %"),
        ("a / b > 2.5%", (2.4999999, 100.0), "was 2.4999999 %"),
        ("a / b > 0.025", (1.9, 100.0), "was 0.019"),
        ("2.5% < a / b", (1.0, 3000.0), "was 0.03333 %"),
        ("a > 0", (-1234567.25, 1.0), "was -1,234,567"),
        ("a < b", (9.0, 4.0), "a was 9 and b was 4"),
        ("a <= 2 * b", (2.0000001, 1.0), "a was 2.0000001 and 2 * b was 2"),
        ("a > 2.5%", (math.nan, 1.0), ""),
    ],
)
def test_what_missed_a_criterion_is_said_in_its_unit(criterion: str, figures: tuple[float, float], said: str) -> None:
    """In percent where the bound is; rounded, but never to a figure that would have met it."""
    assert Criterion(criterion).describe_miss(dict(zip("ab", figures, strict=True))) == said
