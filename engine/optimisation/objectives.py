"""What an optimiser aims at: each objective becomes one of three convex forms, in annual units.

``QuadraticForm`` minimises ``|F'w - d|^2 + c'w``, ``RatioForm`` maximises ``e'w / sqrt(w' Sigma w)``, ``TailLossForm``
minimises the conditional value at risk of a session. A form is numbers: each kind is compiled once, then re-solved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.conventions import SESSIONS_PER_YEAR, WEIGHT_SUM_TOLERANCE
from engine.core.errors import DataError
from engine.core.fields import (
    ConfigModel,
    FieldFault,
    NonNegative,
    Positive,
    Rate,
    Ticker,
    Weight,
    format_percent,
    validates_fields,
)
from engine.core.plug_in_models import model_preparer
from engine.core.plug_ins import lazy_union
from engine.optimisation.estimates import Moments
from engine.optimisation.risk_parity import risk_parity_weights


@dataclass(frozen=True)
class ObjectiveInputs:
    """What an objective may use.

    ``assets``: N names in the order of all arrays; ``returns`` (S, N): scenarios of one session's simple returns;
    ``risk_free``: annual effective rate [1/yr].
    """

    assets: tuple[str, ...]
    moments: Moments
    returns: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    risk_free: float = 0.0


def covariance_factor(covariance: FloatArray) -> FloatArray:
    """Return F (N, N) with ``F F' = covariance``: a Cholesky factor, by eigenvectors where there is none."""
    try:
        return np.asarray(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2.0)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


@dataclass(frozen=True)
class QuadraticForm:
    """Minimise ``|F'w - d|^2 + c'w``; F (N, N) [1/yr]^.5, d (N,) [1/yr]^.5, c (N,) [1/yr].

    ``unconstrained`` (N,) are the best weights without limits where these are known: admissible, they are the solution.
    """

    factor: FloatArray
    shift: FloatArray
    linear: FloatArray
    unconstrained: FloatArray | None = None

    def value(self, w: FloatArray) -> float:
        """Return the objective at ``w`` (N,)."""
        return self.convex_part(w)[0] + float(self.linear @ w)

    def convex_part(self, w: FloatArray) -> tuple[float, FloatArray]:
        """Return the convex part at ``w`` and its gradient (N,)."""
        off = self.factor.T @ w - self.shift
        return float(off @ off), 2.0 * (self.factor @ off)

    def scale(self) -> float:
        """Return the mean variance, or the largest slope when there is none."""
        variance = float(np.square(self.factor).sum()) / len(self.linear)
        return variance or float(np.abs(self.linear).max(initial=0.0)) or 1.0

    def parameters(self) -> dict[str, FloatArray]:
        """Return the numbers, scaled so that the curvature is about 1."""
        size = self.scale()
        root = np.sqrt(size) if np.any(self.factor) else 1.0
        return {"factor": self.factor / root, "shift": self.shift / root, "linear": self.linear / size}


@dataclass(frozen=True)
class RatioForm:
    """Maximise ``e'w / |F'w|``; e (N,) [1/yr], F (N, N) [1/yr]^.5; e'w must be positive for some weights."""

    factor: FloatArray
    excess: FloatArray

    def value(self, w: FloatArray) -> float:
        """Return minus the ratio at ``w`` (N,)."""
        return -float(self.excess @ w) / self.convex_part(w)[0]

    def convex_part(self, w: FloatArray) -> tuple[float, FloatArray]:
        """Return the volatility at ``w`` and its gradient (N,)."""
        off = self.factor.T @ w
        volatility = float(np.sqrt(off @ off))
        return volatility, (self.factor @ off) / volatility

    def scale(self) -> float:
        """Return the mean variance."""
        return float(np.square(self.factor).sum()) / len(self.excess)

    def parameters(self) -> dict[str, FloatArray]:
        """Return the numbers, scaled so that the curvature is about 1."""
        return {"factor": self.factor / np.sqrt(self.scale()), "excess": self.excess / np.abs(self.excess).max()}


@dataclass(frozen=True)
class TailLossForm:
    """Minimise the mean loss of the worst ``1 - level`` of the scenarios ``returns`` (S, N) [1/session]."""

    returns: FloatArray
    level: float

    def value(self, w: FloatArray) -> float:
        """Return the conditional value at risk at ``w`` (N,), a loss being positive."""
        return self.convex_part(w)[0]

    def convex_part(self, w: FloatArray) -> tuple[float, FloatArray]:
        """Return the value at ``w`` and a subgradient (N,); the scenario on the edge counts in part."""
        losses = -(self.returns @ w)
        order = np.argsort(-losses, kind="stable")
        tail_count = len(losses) * (1.0 - self.level)
        share = np.clip(tail_count - np.arange(len(losses)), 0.0, 1.0) / tail_count
        return float(share @ losses[order]), -(share @ self.returns[order])

    def scale(self) -> float:
        """Return the mean absolute return."""
        return float(np.abs(self.returns).mean()) or 1.0

    def parameters(self) -> dict[str, FloatArray]:
        """Return the scenarios, of about 1."""
        return {"returns": self.returns / self.scale()}


ObjectiveForm: TypeAlias = QuadraticForm | RatioForm | TailLossForm
"""The convex forms an objective can take."""


@dataclass(frozen=True)
class Penalty:
    """A penalty ``rate @ |w - previous|`` on trades; rate (N,) in units of the objective for a whole weight."""

    rate: FloatArray
    previous: FloatArray


def distance_form(target: FloatArray) -> QuadraticForm:
    """Return the form whose solution is the admissible vector nearest to ``target`` (N,), by squared distance."""
    return QuadraticForm(np.eye(len(target)), target, np.zeros(len(target)), target)


class ObjectiveMetric(NamedTuple):
    """The figure of an objective for people: its ``title``, and how it follows from the form's value.

    ``root``: its square root; ``sign``: -1 where the form minimises its negative; ``percent``: shown as a percentage.
    ``cost_unit``: what trading costs are weighed against: a variance, a return of a year or of a session; "" for none.
    """

    title: str
    root: bool = False
    sign: float = 1.0
    percent: bool = True
    cost_unit: Literal["", "variance", "year", "session"] = ""

    def figure(self, value: float) -> float:
        """Return the figure where the form's value is ``value``."""
        return float(np.sqrt(max(value, 0.0))) if self.root else self.sign * value

    def slope(self, value: float) -> float:
        """Return by how much the figure improves for each unit that the form's value falls."""
        return 0.5 / self.figure(value) if self.root and value > 0.0 else 1.0

    def cost_weight(self, a_year: float, risk_aversion: float, periods: float = SESSIONS_PER_YEAR) -> float:
        """Return what a cost of 1, paid ``a_year`` times, weighs in units of the form.

        A variance is worth ``risk_aversion`` / 2 returns, as in ``mean_variance``.
        """
        units = {"variance": 2.0 / risk_aversion, "year": 1.0, "session": 1.0 / periods, "": np.nan}
        return a_year * units[self.cost_unit]


_DISTANCE_TITLE: Final = "distance from its aim"


class MinVariance(ConfigModel):
    """The least volatile weights."""

    kind: Literal["min_variance"] = "min_variance"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("volatility", root=True, cost_unit="variance")

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return ``w' Sigma w``."""
        n = len(inputs.assets)
        return QuadraticForm(covariance_factor(inputs.moments.covariance), np.zeros(n), np.zeros(n))


class MaxSharpe(ConfigModel):
    """The highest expected return above ``risk_free`` [1/yr] for each unit of volatility (Sharpe 1966)."""

    kind: Literal["max_sharpe"] = "max_sharpe"
    risk_free: Rate | None = None
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("Sharpe ratio", sign=-1.0, percent=False, cost_unit="year")

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the ratio; raises DataError when no expected return is above the risk-free rate."""
        rate = inputs.risk_free if self.risk_free is None else self.risk_free
        excess = inputs.moments.mean - rate
        if not np.max(excess) > 0.0:
            best = f"{100.0 * float(np.max(inputs.moments.mean)):.4g} % at most"
            message = f"objective max_sharpe: no expected return is above the risk-free rate ({best}, "
            raise DataError(f"{message}{100.0 * rate:.4g} %); choose min_variance, or mean: shrunk")
        return RatioForm(covariance_factor(inputs.moments.covariance), excess)


class MeanVariance(ConfigModel):
    """The highest expected return less ``risk_aversion`` / 2 times the variance (Markowitz 1952)."""

    kind: Literal["mean_variance"] = "mean_variance"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("utility a year", sign=-1.0, cost_unit="year")
    risk_aversion: Positive = 4.0

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return ``risk_aversion / 2 w' Sigma w - mean'w``."""
        root = np.sqrt(self.risk_aversion / 2.0)
        mean = inputs.moments.mean
        return QuadraticForm(root * covariance_factor(inputs.moments.covariance), np.zeros(len(mean)), -mean)


class RiskParity(ConfigModel):
    """Every asset contributes its ``budgets`` share of the variance (equal shares: none named).

    Limits are no part of that problem; where they bind, the admissible weights nearest to the answer are taken.
    """

    kind: Literal["risk_parity"] = "risk_parity"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric(_DISTANCE_TITLE, root=True)
    budgets: dict[Ticker, Positive] | None = None

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the distance to the weights of equal (or budgeted) risk; raises DataError for a missing budget."""
        budgets = (
            np.ones(len(inputs.assets)) if self.budgets is None else _vector_by_ticker(self.budgets, inputs.assets)
        )
        if not np.all(budgets > 0.0):
            missing = ", ".join(a for a, b in zip(inputs.assets, budgets, strict=True) if not b > 0.0)
            raise DataError(f"objective.budgets: none for {missing}; every asset needs one above 0")
        return distance_form(risk_parity_weights(inputs.moments.covariance, budgets))


class MinCvar(ConfigModel):
    """The smallest mean loss on the worst ``1 - level`` of the sessions (Rockafellar and Uryasev 2000).

    Source: doi:10.21314/JOR.2000.038.
    """

    kind: Literal["min_cvar"] = "min_cvar"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("tail loss a session", cost_unit="session")
    level: Annotated[Weight, Field(gt=0.0, lt=1.0)] = 0.95

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the tail's mean loss over the scenarios; raises DataError when there are none."""
        if inputs.returns.shape[0] == 0:
            raise DataError("objective min_cvar: there are no scenarios; give the returns of the lookback")
        return TailLossForm(inputs.returns, self.level)


class MaxDiversification(ConfigModel):
    """The most volatility diversified away: mean volatility over volatility (Choueifaty and Coignard 2008).

    Source: doi:10.3905/JPM.2008.35.1.40.
    """

    kind: Literal["max_diversification"] = "max_diversification"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("diversification ratio", sign=-1.0, percent=False)

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the diversification ratio."""
        return RatioForm(covariance_factor(inputs.moments.covariance), np.sqrt(np.diag(inputs.moments.covariance)))


class MinTrackingError(ConfigModel):
    """The least volatile difference ``to`` the weights of a benchmark made of the same assets."""

    kind: Literal["min_tracking_error"] = "min_tracking_error"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric("tracking error", root=True, cost_unit="variance")
    to: Annotated[dict[Ticker, Weight], Field(min_length=1)]

    @validates_fields
    def _sum_faults(self) -> Iterator[FieldFault]:
        total = math.fsum(self.to.values())
        if abs(total - 1.0) > WEIGHT_SUM_TOLERANCE:
            yield ("to",), f"adds up to {format_percent(total)}; a benchmark's weights make 100 %, change them"

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return ``(w - to)' Sigma (w - to)``; raises DataError when ``to`` names an asset that is not estimated."""
        foreign = ", ".join(sorted(set(self.to) - set(inputs.assets)))
        if foreign:
            raise DataError(f"objective.to: {foreign} is not among the assets estimated; name others, or start later")
        root = covariance_factor(inputs.moments.covariance)
        benchmark = _vector_by_ticker(self.to, inputs.assets)
        return QuadraticForm(root, root.T @ benchmark, np.zeros(len(benchmark)), benchmark)


class EqualWeight(ConfigModel):
    """The same weight for each asset, or as near to it as the limits allow."""

    kind: Literal["equal_weight"] = "equal_weight"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric(_DISTANCE_TITLE, root=True)

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the distance to 1 / N."""
        n = len(inputs.assets)
        return distance_form(np.full(n, 1.0 / n))


class InverseVolatility(ConfigModel):
    """Weights in proportion to 1 / volatility to the ``power``, or as near to it as the limits allow."""

    kind: Literal["inverse_volatility"] = "inverse_volatility"
    metric: ClassVar[ObjectiveMetric] = ObjectiveMetric(_DISTANCE_TITLE, root=True)
    power: NonNegative = 1.0

    def form(self, inputs: ObjectiveInputs) -> ObjectiveForm:
        """Return the distance to the weights by inverse volatility."""
        inverse = np.diag(inputs.moments.covariance) ** (-self.power / 2.0)
        return distance_form(inverse / inverse.sum())


def _vector_by_ticker(shares: Mapping[str, float], assets: tuple[str, ...]) -> FloatArray:
    return np.array([shares.get(asset, 0.0) for asset in assets], dtype=np.float64)


def _check_form(_: object, answer: object, inputs: ObjectiveInputs) -> str | None:
    """Return what is wrong with the form that a plug-in's objective answers, None for nothing."""
    if not isinstance(answer, (QuadraticForm, RatioForm, TailLossForm)):
        return f"answers {type(answer).__name__}; a QuadraticForm, a RatioForm or a TailLossForm is expected"
    count = len(inputs.assets)
    shapes = {"factor": (count, count), "returns": inputs.returns.shape}
    for name, array in vars(answer).items():
        if name == "level":
            if not 0.0 < array < 1.0:
                return f"answers a level of {array}; a share between 0 and 1 is expected"
        elif array is not None and (not isinstance(array, np.ndarray) or array.shape != shapes.get(name, (count,))):
            return f"answers a {name} that is no array of shape {shapes.get(name, (count,))}"
        elif array is not None and not np.isfinite(array).all():
            return f"answers a {name} with what is no number"
    return None


BuiltInObjective: TypeAlias = Annotated[
    MinVariance
    | MaxSharpe
    | MeanVariance
    | RiskParity
    | MinCvar
    | MaxDiversification
    | MinTrackingError
    | EqualWeight
    | InverseVolatility,
    Field(discriminator="kind"),
]
"""Everything ``objective:`` can be without plug-ins."""

if TYPE_CHECKING:
    Objective: TypeAlias = BuiltInObjective
else:
    _prepare = model_preparer(ConfigModel, ("form",), members=("form", "metric"), checks={"form": _check_form})
    __getattr__ = lazy_union("Objective", "objectives", lambda: BuiltInObjective, _prepare)
