"""Classes of plug-ins: what they must be, and methods that end in a line with the package's name when they fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from engine.core.errors import EngineError
from engine.core.plug_in_entries import PlugIn

Check: TypeAlias = Callable[..., str | None]
"""Given the model, an answer of it and what it was asked with: what is wrong with the answer, None for nothing."""
AnyClass = TypeVar("AnyClass", bound=type)


def require_model(found: object, plug_in: PlugIn, base: type, members: Iterable[str] = ()) -> None:
    """Raise TypeError where what was ``found`` is no model below ``base``, is not finished, or has another ``kind``."""
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(f"is no subclass of {base.__module__}.{base.__qualname__}")
    fields: Mapping[str, object] = getattr(found, "model_fields", {})
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    missing += [name for name in members if not hasattr(found, name) and name not in fields]
    if missing:
        raise TypeError(f"lacks {', '.join(dict.fromkeys(missing))}")
    if kind_of(found) != plug_in.kind:
        raise TypeError(
            f'its `kind` must be `kind: Literal["{plug_in.kind}"] = "{plug_in.kind}"`, as its entry is called'
        )


def model_preparer(
    base: type, names: Iterable[str], *, members: Iterable[str] = (), checks: Mapping[str, Check] | None = None
) -> Callable[[Any, PlugIn], type]:
    """Return what prepares a plug-in that is a model below ``base`` with ``members``: its methods ``names`` guarded."""

    def prepare(found: Any, plug_in: PlugIn) -> type:  # noqa: ANN401  (whatever a package names)
        require_model(found, plug_in, base, members)
        model: type = found
        return guard(model, plug_in, names, checks=checks)

    return prepare


def kind_of(model: object) -> object:
    """Return what the ``kind`` of a model's class is, None where it is not one word that is also the default."""
    field = getattr(model, "model_fields", {}).get("kind")
    return None if field is None or get_args(field.annotation) != (field.default,) else field.default


def guard(
    model: AnyClass,
    plug_in: PlugIn,
    names: Iterable[str],
    *,
    hand_over: Callable[[Any], Any] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> AnyClass:
    """Let the methods and properties ``names`` of a plug-in's class end in a line that names it when they fail.

    ``hand_over`` returns what is given to them in place of each argument. ``checks``, by name, return what is wrong
    with an answer, None for nothing, given the arguments as they are handed over and the answer.
    """
    for name in names:
        own = inspect.getattr_static(model, name, None)
        if getattr(own, "__guarded__", False) or getattr(getattr(own, "fget", None), "__guarded__", False):
            continue
        check = (checks or {}).get(name)
        if isinstance(own, property) and own.fget is not None:
            setattr(model, name, property(_guard_function(own.fget, plug_in, name, None, check), doc=own.__doc__))
        elif inspect.isfunction(own):
            setattr(model, name, _guard_function(own, plug_in, name, hand_over, check))
    return model


def _guard_function(
    function: Callable[..., Any],
    plug_in: PlugIn,
    name: str,
    hand_over: Callable[[Any], Any] | None,
    check: Check | None,
) -> Callable[..., Any]:
    @wraps(function)
    def call(self: object, *given: object, **named: object) -> object:
        if hand_over is not None:
            given = tuple(hand_over(one) for one in given)
            named = {key: hand_over(one) for key, one in named.items()}
        try:
            answer = function(self, *given, **named)
            wrong = check(self, answer, *given, **named) if check else None
        except (EngineError, ValidationError, PydanticCustomError, MemoryError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a SystemExit would end the process with code 0
            raise plug_in.fault(f"{name} failed", error) from error
        if wrong:
            raise plug_in.fault(f"{name} {wrong}")
        return answer

    call.__guarded__ = True  # type: ignore[attr-defined]
    return call
