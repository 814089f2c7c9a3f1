"""Price sources: the catalogue of what ``data.source`` can name."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from engine.data.sources.files import Files
from engine.data.sources.fx_files import FxFiles
from engine.data.sources.fx_rates import EcbRates
from engine.data.sources.fx_yahoo import YahooRates
from engine.data.sources.sample import Sample
from engine.data.sources.yahoo import Yahoo

AnyPriceSource: TypeAlias = Annotated[Sample | Files | Yahoo, Field(discriminator="kind")]
"""Every price source; a new one is a class in its own file and its name here."""

AnyFxSource: TypeAlias = Annotated[EcbRates | FxFiles | YahooRates, Field(discriminator="kind")]
"""Everything that ``data.fx`` can be; a new one is a class and its name here."""
