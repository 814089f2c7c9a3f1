"""``AnyTax``: every kind of tax that a config can name."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from engine.tax.flat import FlatTax
from engine.tax.germany.law import GermanTax
from engine.tax.none import NoTax
from engine.tax.united_states.law import UnitedStatesTax

AnyTax: TypeAlias = Annotated[NoTax | FlatTax | GermanTax | UnitedStatesTax, Field(discriminator="kind")]
"""Everything `tax:` can be."""
