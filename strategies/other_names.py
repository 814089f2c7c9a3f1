"""A plan with other names in it: the same core, as many names, the same weights and caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from engine.core.errors import DataError
from engine.data.research.universe import Universe
from engine.portfolio.policy import Policy
from strategies.base import SingleMix
from strategies.core_satellite import CoreSatellite
from strategies.satellite_selection import FromUniverse


def universe_of(policy: Policy) -> Universe | None:
    """Return the universe that a plan chooses its satellites from; None where it names them."""
    chosen = policy.satellites if isinstance(policy, CoreSatellite) else None
    return chosen.universe if isinstance(chosen, FromUniverse) else None


def name_weights(policy: Policy) -> Mapping[str, float]:
    """Return the weight of each name that a plan has picked, of one that chooses of each place it fills.

    The satellites; of a mix without a core all of it. Raises DataError for a plan that decides its weights.
    """
    if isinstance(policy, CoreSatellite):
        chosen = policy.satellites
        if isinstance(chosen, FromUniverse):
            return {f"place {number}": chosen.weight for number in range(1, chosen.satellite_count + 1)}
        return chosen
    if isinstance(policy, SingleMix):
        return {ticker: weight for ticker, weight in policy.weights.items() if weight > 0.0}
    raise DataError("the plan decides its weights, so there are none to give to other names")


def hold_names(policy: Policy, names: Sequence[str]) -> Policy:
    """Return a plan with ``names`` in place of its own, in their order; raises DataError when it cannot have them."""
    weights = name_weights(policy)
    given = dict(zip(names, weights.values(), strict=True))
    try:
        if isinstance(policy, CoreSatellite):
            instead = dict(zip(weights, names, strict=True))
            caps = {instead[own]: cap for own, cap in policy.caps_by_name.items() if own in instead}
            kept = tuple(instead.get(own, own) for own in policy.never_sell)
            changed = {"satellites": given, "caps_by_name": caps, "never_sell": kept}
            return CoreSatellite.model_validate({**_fields(policy), **changed})
        if isinstance(policy, SingleMix):
            return type(policy).model_validate({**_fields(policy), "weights": given})
    except ValidationError as error:
        raise DataError(f"the plan cannot hold {', '.join(names)}: {error.errors()[0]['msg']}") from None
    raise DataError("the plan decides its weights, so there are none to give to other names")


def _fields(policy: CoreSatellite | SingleMix) -> dict[str, object]:
    """Return the fields of a plan by the names that it is read from."""
    fields = type(policy).model_fields
    return {field.alias or name: getattr(policy, name) for name, field in fields.items()}
