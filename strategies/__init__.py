"""AnyStrategy is everything `strategy:` can be: the catalogue, and the strategies of plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from strategies.catalogue import BuiltInStrategy

    AnyStrategy: TypeAlias = BuiltInStrategy
else:

    def _catalogue() -> object:
        from strategies.catalogue import BuiltInStrategy  # noqa: PLC0415  (a plug-in's base class needs none of them)

        return BuiltInStrategy

    def __getattr__(name: str) -> object:
        """Make the union when it is asked for: a plug-in imports its base class from this package."""
        if name != "AnyStrategy":
            raise AttributeError(name)
        from engine.core.plug_ins import lazy_union  # noqa: PLC0415
        from strategies.plug_ins import prepare_strategy  # noqa: PLC0415

        globals()["AnyStrategy"] = made = lazy_union(name, "strategies", _catalogue, prepare_strategy)(name)
        return made
