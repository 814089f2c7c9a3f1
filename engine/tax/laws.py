"""``AnyTax``: every kind of tax that a config can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from engine.core.plug_in_models import model_preparer
from engine.core.plug_ins import lazy_union
from engine.tax.flat import FlatTax
from engine.tax.germany.law import GermanTax
from engine.tax.law import TaxLaw
from engine.tax.none import NoTax
from engine.tax.united_states.law import UnitedStatesTax

BuiltInTax: TypeAlias = Annotated[NoTax | FlatTax | GermanTax | UnitedStatesTax, Field(discriminator="kind")]
"""Everything `tax:` can be without plug-ins."""

if TYPE_CHECKING:
    AnyTax: TypeAlias = BuiltInTax
else:
    _prepare = model_preparer(TaxLaw, sorted(TaxLaw.__abstractmethods__))
    __getattr__ = lazy_union("AnyTax", "taxes", lambda: BuiltInTax, _prepare)
