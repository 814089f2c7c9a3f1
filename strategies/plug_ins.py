"""Strategies of plug-ins: what their class must be, what they are handed, and what they may answer (S2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import ConfigModel
from engine.core.plug_in_entries import PlugIn
from engine.core.plug_in_models import Check, guard, require_model
from engine.portfolio.policy import Decision, Policy
from strategies.own_weights import OwnWeights

_MEMBERS: Final = tuple(name for name in vars(Policy) if not name.startswith("_"))
_OF_ABILITIES: Final = ("rules", "nominal_weights", "nominal_weights_at", "decide_weights", "group_limits", "choices")


def prepare_strategy(found: Any, plug_in: PlugIn) -> type[ConfigModel]:  # noqa: ANN401  (whatever a package names)
    """Return a plug-in's class as a config can name it; raises TypeError saying what it is not or lacks."""
    require_model(found, plug_in, ConfigModel, _MEMBERS)
    strategy: type[ConfigModel] = found
    checks: dict[str, Check] = {
        **({"decide_weights": _check_decided} if issubclass(strategy, OwnWeights) else {}),
        "target_weights": _check_weights,
        "weights_before_listing": _check_shares,
        "reallocation_weights": _check_shares,
        "tickers": _check_tickers,
        "opening_tickers": _check_tickers,
    }
    return guard(strategy, plug_in, (*_MEMBERS, *_OF_ABILITIES), hand_over=detach, checks=checks)


def detach(given: Any) -> Any:  # noqa: ANN401  (every argument of every method passes)
    """Return a decision whose arrays are copies: nothing that they are views of leads to later sessions (S2)."""
    if not isinstance(given, Decision):
        return given
    history = given.history
    own = {
        one.name: _copy(getattr(history, one.name))
        for one in dataclasses.fields(history)
        if isinstance(getattr(history, one.name), np.ndarray)
    }
    return dataclasses.replace(
        given,
        history=dataclasses.replace(history, columns=dict(history.columns), **own),
        weights=_copy(given.weights),
        eligible=_copy(given.eligible),
        barred=_copy(given.barred),
    )


def _copy(array: Any) -> Any:  # noqa: ANN401  (of any element)
    own = array.copy()
    own.flags.writeable = False  # the array itself: a read-only view has a base
    return own


def _check_decided(model: OwnWeights, answer: object, decision: Decision) -> str | None:
    if not isinstance(answer, Mapping):
        return f"answers {type(answer).__name__} {_when(decision)}; weights by ticker are expected, as {{'A': 0.5}}"
    unknown = [str(ticker) for ticker in answer if ticker not in model.assets]
    if unknown:
        return f"gives a weight to {', '.join(unknown[:3])} {_when(decision)}, which `assets` does not name"
    for ticker, weight in answer.items():
        if not isinstance(weight, (int, float, np.integer, np.floating)):
            return f"answers {str(weight)[:30]!r} for {ticker} {_when(decision)}; weights are numbers from 0 to 1"
    decided = decision.weight_vector({ticker: float(weight) for ticker, weight in answer.items()})
    return _check_shares(model, np.where(decision.buyable, decided, 0.0), decision)


def _check_weights(_: object, answer: object, decision: Decision) -> str | None:
    wrong = _check_shares(_, answer, decision)
    if wrong or not isinstance(answer, np.ndarray):
        return wrong
    absent = np.flatnonzero((answer != 0.0) & ~decision.buyable)
    if len(absent):
        names = ", ".join(decision.history.assets[j] for j in absent[:3].tolist())
        return f"gives weight to {names}, which cannot be bought {_when(decision)}; leave to 0 what is not in `buyable`"
    return None


def _check_shares(_: object, answer: object, decision: Decision) -> str | None:
    count = len(decision.history.assets)
    if not (isinstance(answer, np.ndarray) and answer.dtype == np.float64):
        return f"answers {type(answer).__name__} {_when(decision)}; a float64 array of {count} weights is expected"
    if answer.shape != (count,):
        return f"answers an array of shape {answer.shape} {_when(decision)}; ({count},) is expected"
    for j in np.flatnonzero(~(answer >= 0.0) | np.isinf(answer))[:1].tolist():
        found = f"answers a weight of {answer[j]:g} for {decision.history.assets[j]} {_when(decision)}"
        return f"{found}; weights are numbers from 0 to 1"
    total = float(answer.sum())
    if not total <= 1.0 + WEIGHT_SUM_TOLERANCE:
        return f"answers weights that add up to {100.0 * total:.6g} % {_when(decision)}; 100 % is all there is"
    return None


def _when(decision: Decision) -> str:
    return f"at the decision of {decision.day}"


def _check_tickers(_: object, answer: object) -> str | None:
    if isinstance(answer, tuple) and answer and all(isinstance(one, str) for one in answer):
        return None
    return "must be a tuple of tickers, at least one"
