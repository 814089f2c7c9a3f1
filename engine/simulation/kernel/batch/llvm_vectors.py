"""Eight lanes in one register, for the compiler: types of eight float64 and of eight booleans, and what acts on them.

Each operation emits one instruction of LLVM on a vector of eight; nothing is contracted or reassociated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from llvmlite import ir
from numba.core import types
from numba.core.base import BaseContext
from numba.core.datamodel.manager import DataModelManager
from numba.core.extending import intrinsic, lower_builtin, models, register_model
from numba.core.typing.context import BaseContext as TypingContext
from numba.core.typing.templates import ConcreteTemplate, Signature, infer_global, signature

from engine.simulation.kernel.records import WIDTH

Values: TypeAlias = Sequence[ir.Value]
Emit: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, Values], ir.Value]
Typed: TypeAlias = tuple[Signature, Emit]

_NUMBERS: Final = ir.VectorType(ir.DoubleType(), WIDTH)
_BITS: Final = ir.VectorType(ir.IntType(1), WIDTH)
_WORDS: Final = ir.VectorType(ir.IntType(64), WIDTH)


class LanesType(types.Type):
    """Numba's type of eight float64."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__(name="lanes")


class MaskType(types.Type):
    """Numba's type of eight booleans."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__(name="mask")


LANES: Final = LanesType()
MASK: Final = MaskType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: DataModelManager, of: types.Type) -> None:
        super().__init__(manager, of, _NUMBERS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: DataModelManager, of: types.Type) -> None:
        super().__init__(manager, of, _BITS)


def _operate(symbol: Callable[..., object], of: types.Type, result: types.Type, emit: Callable[..., ir.Value]) -> None:
    """Let ``symbol`` act on two values of a type, each lane by itself."""

    @infer_global(symbol)
    class _Typing(ConcreteTemplate):
        cases = (signature(result, of, of),)

    @lower_builtin(symbol, of, of)
    def _lower(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: Values) -> ir.Value:
        return emit(builder, *args)


_operate(operator.add, LANES, LANES, ir.IRBuilder.fadd)
_operate(operator.sub, LANES, LANES, ir.IRBuilder.fsub)
_operate(operator.mul, LANES, LANES, ir.IRBuilder.fmul)
_operate(operator.truediv, LANES, LANES, ir.IRBuilder.fdiv)
_operate(operator.gt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">", x, y))
_operate(operator.ge, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">=", x, y))
_operate(operator.lt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<", x, y))
_operate(operator.le, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<=", x, y))
_operate(operator.eq, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("==", x, y))
_operate(operator.and_, MASK, MASK, ir.IRBuilder.and_)
_operate(operator.or_, MASK, MASK, ir.IRBuilder.or_)


def _splat(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """Return a number in every lane."""
    nothing = ir.Constant(_NUMBERS, ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))


def _place(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Values) -> ir.Value:
    """Return the address of the element of an array, the first argument, at an index, the second; it is not checked."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def borrowed(_typing: TypingContext, array: types.Type) -> Typed:
    """Return an array without its reference count: for what a caller keeps alive all the while.

    Counts are kept by atomic operations. Threads that share an array would wait for each other at every call that
    takes it, and one alone pays for a count more than for a session.
    """

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Values) -> ir.Value:
        lent = context.make_array(sig.args[0])(context, builder, args[0])
        lent.meminfo = ir.Constant(lent.meminfo.type, None)
        lent.parent = ir.Constant(lent.parent.type, None)
        return lent._getvalue()  # noqa: SLF001  (numba's own name for it)

    return array(array), emit


@intrinsic
def every(_typing: TypingContext, number: types.Type) -> Typed:  # noqa: ARG001
    """Return a number in every lane."""
    return LANES(types.float64), lambda _context, builder, _sig, args: _splat(builder, args[0])


@intrinsic
def spread(_typing: TypingContext, array: types.Type, at: types.Type) -> Typed:  # noqa: ARG001
    """Return the element of a flat array at index ``at`` in every lane; the index is not negative."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Values) -> ir.Value:
        return _splat(builder, builder.load(_place(context, builder, sig, args)))

    return LANES(array, types.intp), emit


@intrinsic
def load(_typing: TypingContext, array: types.Type, at: types.Type) -> Typed:  # noqa: ARG001
    """Return eight neighbours of a flat array from index ``at`` on."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Values) -> ir.Value:
        place = builder.bitcast(_place(context, builder, sig, args), _NUMBERS.as_pointer())
        return builder.load(place, align=8, typ=_NUMBERS)

    return LANES(array, types.intp), emit


@intrinsic
def store(_typing: TypingContext, array: types.Type, at: types.Type, x: types.Type) -> Typed:  # noqa: ARG001
    """Write eight numbers into a flat array from index ``at`` on."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Values) -> ir.Value:
        place = builder.bitcast(_place(context, builder, sig, args), _NUMBERS.as_pointer())
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), emit


@intrinsic
def where(_typing: TypingContext, mask: types.Type, x: types.Type, y: types.Type) -> Typed:  # noqa: ARG001
    """Return ``x`` in the lanes of ``mask`` and ``y`` in the others."""
    return LANES(MASK, LANES, LANES), lambda _context, builder, _sig, args: builder.select(*args)


@intrinsic
def some(_typing: TypingContext, mask: types.Type) -> Typed:  # noqa: ARG001
    """Return whether ``mask`` is true in any lane."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: Values) -> ir.Value:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(MASK), emit


@intrinsic
def none_of(_typing: TypingContext, mask: types.Type) -> Typed:  # noqa: ARG001
    """Return the lanes that are not in ``mask``."""
    return MASK(MASK), lambda _context, builder, _sig, args: builder.not_(args[0])


@intrinsic
def size_of(_typing: TypingContext, x: types.Type) -> Typed:  # noqa: ARG001
    """Return absolute values: the sign bit cleared."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: Values) -> ir.Value:
        unsigned = builder.and_(builder.bitcast(args[0], _WORDS), ir.Constant(_WORDS, [2**63 - 1] * WIDTH))
        return builder.bitcast(unsigned, _NUMBERS)

    return LANES(LANES), emit
