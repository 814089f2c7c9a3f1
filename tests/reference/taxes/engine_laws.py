"""The laws of a taxed case as a config has them."""

from __future__ import annotations

from engine.tax.germany.law import GermanTax
from engine.tax.law import TaxLaw
from engine.tax.united_states.law import UnitedStatesTax
from tests.reference.taxes.attributes import Asset, Fund, Germany, Law, UnitedStates


def law_of(law: Law) -> TaxLaw:
    """Return the engine's law."""
    return _german(law) if isinstance(law, Germany) else _american(law)


def _german(law: Germany) -> GermanTax:
    return GermanTax.model_validate(
        {
            "kind": "germany",
            "law": "of_the_year" if law.of_the_year else "current",
            "allowance": law.allowance if isinstance(law.allowance, str) else float(law.allowance),
            "church": f"{int(law.church * 100)}%" if law.church else "none",
            "pots": "one" if law.one_pot else "two",
            "opening_pots": {"stocks": float(law.opening_stocks), "other": float(law.opening_other)},
            "base_rate": {str(year): float(rate) for year, rate in law.base_rate.items()},
            "collect": "assessment" if law.assessed else "bank",
            "pay_on": _day(law.pay_on),
            "short_of_cash": "outside" if law.outside else "sell",
            "assets": {name: _german_asset(asset) for name, asset in law.assets.items()},
        }
    )


def _german_asset(asset: Asset) -> dict[str, object]:
    if isinstance(asset, Fund):
        return {"fund": asset.type, "income": "distributing"}
    return {"stock": {"withheld": float(asset.withheld), "creditable": float(asset.creditable)}}


def _american(law: UnitedStates) -> UnitedStatesTax:
    rates = {name: float(getattr(law, name)) for name in ("ordinary", "long_term", "net_investment", "state")}
    return UnitedStatesTax.model_validate(
        {
            "kind": "united_states",
            "rates": rates,
            "lots": law.lots,
            "wash_sales": law.wash_sales,
            "loss_against_income": float(law.against_income),
            "pay_on": _day(law.pay_on),
            "assets": {name: _american_asset(asset) for name, asset in law.assets.items()},
        }
    )


def _american_asset(asset: Asset) -> dict[str, object]:
    return {"fund": "us", "qualified": float(asset.qualified)} if isinstance(asset, Fund) else {"stock": "US"}


def _day(month_day: tuple[int, int]) -> str:
    return f"{month_day[0]:02}-{month_day[1]:02}"
