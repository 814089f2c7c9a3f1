"""Estimator: weights of a skfolio or scikit-learn estimator, fitted at each decision on what was known then.

``path`` imports code that the config names. The engine itself never does that: a config is data, and whoever is sent
one may run it. Installing this package is how a user says that configs of his own may name code of his own.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from engine.core.errors import DataError
from engine.core.fields import DisplayText, FieldFault, WholeNumber, validates_fields
from engine.portfolio.policy import Decision
from strategies.own_weights import OwnWeights


class Estimator(OwnWeights):
    """Hold ``weights_`` of the estimator ``path``, as ``skfolio.optimization:MeanRisk``, with its ``parameters``.

    It is fitted on the last ``lookback`` returns before each decision, of the assets that have all of them; with none
    that has, everything is cash.
    """

    kind: Literal["estimator"] = "estimator"
    path: Annotated[DisplayText, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    lookback: Annotated[WholeNumber, Field(ge=20, le=5000)] = 252
    parameters: dict[str, str] = Field(default_factory=dict)

    def decide_weights(self, decision: Decision) -> Mapping[str, float]:
        """Return the weights that the estimator finds, what rounding left below 0 as 0."""
        columns = [decision.column(one) for one in self.assets]
        prices = decision.history.prices[-self.lookback - 1 :, columns]
        known = np.isfinite(prices).all(axis=0) & decision.buyable[columns] & (len(prices) == self.lookback + 1)
        assets = [one for one, is_known in zip(self.assets, known.tolist(), strict=True) if is_known]
        if not assets:
            return {}
        returns = prices[1:, known] / prices[:-1, known] - 1.0
        found = np.asarray(self.estimator().fit(returns).weights_, dtype=np.float64)
        if found.shape != (len(assets),) or not found.min() >= -1e-6:
            raise DataError(f"{self.path}: weights_ are not {len(assets)} shares from 0 on; forbid short positions")
        found = np.maximum(found, 0.0)
        return dict(zip(assets, (found / max(float(found.sum()), 1.0)).tolist(), strict=True))

    def estimator(self) -> Any:  # noqa: ANN401  (of any library)
        """Return the estimator, not fitted."""
        module, _, name = self.path.partition(":")
        return getattr(importlib.import_module(module), name)(
            **{key: _value(one) for key, one in self.parameters.items()}
        )

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""
        given = "".join(f", {key} {value}" for key, value in self.parameters.items())
        fitted = f"{self.path}{given}, fitted on the last {self.lookback} returns before each decision"
        return {"Estimator": (fitted,), **super().rules()}

    @validates_fields
    def _path_faults(self) -> Iterator[FieldFault]:
        try:
            self.estimator()
        except Exception as error:  # noqa: BLE001  (whatever code of others raises is a fault of the value)
            yield ("path",), f"{self.path} cannot be made ({type(error).__name__}: {error}); correct path or parameters"


def _value(text: str) -> object:
    """Return what a parameter's text says: a whole number, a number, true or false, or itself."""
    if text in {"true", "false"}:
        return text == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
