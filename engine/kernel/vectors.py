"""Eight lanes in one register: a numba type on which ordinary arithmetic is done for eight variants at once.

A loop that numba compiles is vectorised by LLVM only where its innermost loop runs over lanes; its state then lives in
memory, and a session costs more loads and stores than sums. Here the state of eight variants lives in registers for as
long as nothing is traded, and code reads as it would for one. Strict IEEE: each operation is the scalar one, eight
times; no contraction, no reassociation.

Without a compiler (``NUMBA_DISABLE_JIT=1``) eight lanes are an (8,) array and the same code runs on numpy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic, lower_builtin, models, register_model
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature

from engine.arrays import BoolArray, FloatArray

WIDTH: Final = 8
"""Lanes of one register."""

Lanes: TypeAlias = FloatArray
"""(8,) one number for each of eight variants."""

Mask: TypeAlias = BoolArray
"""(8,) a statement that is true of some of eight variants."""


class LanesType(types.Type):  # type: ignore[misc]
    """Numba's type of eight float64."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__(name="lanes")


class MaskType(types.Type):  # type: ignore[misc]
    """Numba's type of eight booleans."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__(name="mask")


LANES, MASK = LanesType(), MaskType()
_NUMBERS: Final = ir.VectorType(ir.DoubleType(), WIDTH)
_BITS: Final = ir.VectorType(ir.IntType(1), WIDTH)


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: types.Type) -> None:
        super().__init__(dmm, fe_type, _NUMBERS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: types.Type) -> None:
        super().__init__(dmm, fe_type, _BITS)


def _operate(symbol: Callable[..., Any], of: types.Type, result: types.Type, emit: Callable[..., Any]) -> None:
    """Let ``symbol`` act on two values of a type, each lane by itself."""

    @infer_global(symbol)
    class _Typing(ConcreteTemplate):  # type: ignore[misc]
        cases = [signature(result, of, of)]  # noqa: RUF012

    @lower_builtin(symbol, of, of)
    def _lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> Any:  # noqa: ARG001
        return emit(builder, *args)


_operate(operator.add, LANES, LANES, lambda builder, x, y: builder.fadd(x, y))
_operate(operator.sub, LANES, LANES, lambda builder, x, y: builder.fsub(x, y))
_operate(operator.mul, LANES, LANES, lambda builder, x, y: builder.fmul(x, y))
_operate(operator.truediv, LANES, LANES, lambda builder, x, y: builder.fdiv(x, y))
_operate(operator.gt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">", x, y))
_operate(operator.ge, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">=", x, y))
_operate(operator.lt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<", x, y))
_operate(operator.le, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<=", x, y))
_operate(operator.eq, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("==", x, y))
_operate(operator.and_, MASK, MASK, lambda builder, x, y: builder.and_(x, y))
_operate(operator.or_, MASK, MASK, lambda builder, x, y: builder.or_(x, y))


def _splat(builder: ir.IRBuilder, value: Any) -> Any:
    """Return a scalar in every lane."""
    one = builder.insert_element(ir.Constant(_NUMBERS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(one, ir.Constant(_NUMBERS, ir.Undefined), order)


def _pointer(context: Any, builder: ir.IRBuilder, array_type: Any, array: Any, index: Any) -> Any:
    """Return where eight numbers of a C-contiguous array begin."""
    struct = context.make_array(array_type)(context, builder, array)
    address = builder.gep(struct.data, [index])
    return builder.bitcast(address, _NUMBERS.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def every(typing: Any, x: Any) -> Any:  # noqa: ARG001
    """Return a scalar in every lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        return _splat(builder, args[0])

    return LANES(types.float64), emit


@intrinsic  # type: ignore[untyped-decorator]
def spread(typing: Any, array: Any, at: Any) -> Any:  # noqa: ARG001
    """Return the number at index ``at`` of a flat array in every lane; the index is not negative."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        struct = context.make_array(sig.args[0])(context, builder, args[0])
        return _splat(builder, builder.load(builder.gep(struct.data, [args[1]])))

    return LANES(array, types.intp), emit


@intrinsic  # type: ignore[untyped-decorator]
def load(typing: Any, array: Any, at: Any) -> Any:  # noqa: ARG001
    """Return eight neighbours of a flat array from index ``at`` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = builder.load(_pointer(context, builder, sig.args[0], args[0], args[1]), typ=_NUMBERS)
        vector.align = 8
        return vector

    return LANES(array, types.intp), emit


@intrinsic  # type: ignore[untyped-decorator]
def store(typing: Any, array: Any, at: Any, x: Any) -> Any:  # noqa: ARG001
    """Write eight numbers into a flat array from index ``at`` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        written = builder.store(args[2], _pointer(context, builder, sig.args[0], args[0], args[1]))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), emit


@intrinsic  # type: ignore[untyped-decorator]
def where(typing: Any, mask: Any, x: Any, y: Any) -> Any:  # noqa: ARG001
    """Return ``x`` in the lanes of ``mask`` and ``y`` in the others."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.select(*args)

    return LANES(MASK, LANES, LANES), emit


@intrinsic  # type: ignore[untyped-decorator]
def some(typing: Any, mask: Any) -> Any:  # noqa: ARG001
    """Return whether ``mask`` is true in any lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(MASK), emit


@intrinsic  # type: ignore[untyped-decorator]
def none_of(typing: Any, mask: Any) -> Any:  # noqa: ARG001
    """Return the lanes that are not in ``mask``."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.not_(args[0])

    return MASK(MASK), emit


@intrinsic  # type: ignore[untyped-decorator]
def size_of(typing: Any, x: Any) -> Any:  # noqa: ARG001
    """Return absolute values."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        bits = ir.VectorType(ir.IntType(64), WIDTH)
        unsigned = ir.Constant(bits, [2**63 - 1] * WIDTH)
        return builder.bitcast(builder.and_(builder.bitcast(args[0], bits), unsigned), _NUMBERS)

    return LANES(LANES), emit
