"""Price sources: the catalogue of what ``data.source`` can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from engine.core.fields import ConfigModel
from engine.core.plug_in_models import model_preparer
from engine.core.plug_ins import lazy_union
from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from engine.data.sources.frame import Frame
from engine.data.sources.fx_files import FxFiles
from engine.data.sources.fx_rates import EcbRates
from engine.data.sources.fx_yahoo import YahooRates
from engine.data.sources.sample import Sample
from engine.data.sources.yahoo import Yahoo


def _check_closes(_: object, answer: object, request: PriceRequest) -> str | None:
    """Return what is wrong with the closes that a plug-in's source answers, None for nothing."""
    if not isinstance(answer, Closes):
        return f"answers {type(answer).__name__}; Closes are expected"
    missing = [one for one in request.tickers if one not in answer.tickers and one not in request.optional]
    return f"answers no closes of {', '.join(missing[:5])}; raise UnknownTickerError for those" if missing else None


BuiltInSource: TypeAlias = Annotated[Sample | Files | Yahoo | Frame, Field(discriminator="kind")]
"""Every price source but those of plug-ins; a new one is a class in its own file and its name here."""

if TYPE_CHECKING:
    AnyPriceSource: TypeAlias = BuiltInSource
else:
    _prepare = model_preparer(ConfigModel, ("load",), members=("load",), checks={"load": _check_closes})
    __getattr__ = lazy_union("AnyPriceSource", "sources", lambda: BuiltInSource, _prepare)

AnyFxSource: TypeAlias = Annotated[EcbRates | FxFiles | YahooRates, Field(discriminator="kind")]
"""Everything that ``data.fx`` can be; a new one is a class and its name here."""
