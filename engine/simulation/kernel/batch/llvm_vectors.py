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

from engine.simulation.kernel.batch.state_layout import ASSETS_BEGIN
from engine.simulation.kernel.records import LANE_COUNT

IrValues: TypeAlias = Sequence[ir.Value]
Emitter: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, IrValues], ir.Value]
TypedEmitter: TypeAlias = tuple[Signature, Emitter]

_FLOAT_VECTOR: Final = ir.VectorType(ir.DoubleType(), LANE_COUNT)
_BOOL_VECTOR: Final = ir.VectorType(ir.IntType(1), LANE_COUNT)
_INT_VECTOR: Final = ir.VectorType(ir.IntType(64), LANE_COUNT)


def _vector_type(name: str, vector: ir.VectorType) -> types.Type:
    """Return a type of numba's whose values are LLVM vectors."""

    class VectorType(types.Type):
        pass

    @register_model(VectorType)
    class _Model(models.PrimitiveModel):
        def __init__(self, manager: DataModelManager, of: types.Type) -> None:
            super().__init__(manager, of, vector)

    return VectorType(name)


LANES: Final = _vector_type("lanes", _FLOAT_VECTOR)
MASK: Final = _vector_type("mask", _BOOL_VECTOR)


def _register_operator(
    symbol: Callable[..., object], of: types.Type, result: types.Type, emit: Callable[..., ir.Value]
) -> None:
    """Let ``symbol`` act on two values of a type, each lane by itself."""

    @infer_global(symbol)
    class _Typing(ConcreteTemplate):
        cases = (signature(result, of, of),)

    @lower_builtin(symbol, of, of)
    def _lower(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: IrValues) -> ir.Value:
        return emit(builder, *args)


_register_operator(operator.add, LANES, LANES, ir.IRBuilder.fadd)
_register_operator(operator.sub, LANES, LANES, ir.IRBuilder.fsub)
_register_operator(operator.mul, LANES, LANES, ir.IRBuilder.fmul)
_register_operator(operator.truediv, LANES, LANES, ir.IRBuilder.fdiv)
_register_operator(operator.gt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">", x, y))
_register_operator(operator.ge, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered(">=", x, y))
_register_operator(operator.lt, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<", x, y))
_register_operator(operator.le, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("<=", x, y))
_register_operator(operator.eq, LANES, MASK, lambda builder, x, y: builder.fcmp_ordered("==", x, y))
_register_operator(operator.and_, MASK, MASK, ir.IRBuilder.and_)
_register_operator(operator.or_, MASK, MASK, ir.IRBuilder.or_)


def _emit_splat(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """Return a number in every lane."""
    nothing = ir.Constant(_FLOAT_VECTOR, ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANE_COUNT), [0] * LANE_COUNT)
    )


def _element_address(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: IrValues) -> ir.Value:
    """Return the address of the element of an array, the first argument, at an index, the second; it is not checked."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def offset(_typing: TypingContext, field: types.Type, a: types.Type, n: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return where an asset's register begins, as :func:`engine.simulation.kernel.batch.simd.offset` does."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: IrValues) -> ir.Value:
        number = builder.add(builder.mul(args[0], args[2]), args[1])
        begin, width = (ir.Constant(number.type, size) for size in (ASSETS_BEGIN, LANE_COUNT))
        return builder.add(begin, builder.mul(number, width))

    return types.intp(types.intp, types.intp, types.intp), emit


@intrinsic
def splat(_typing: TypingContext, number: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return a number in every lane."""
    return LANES(types.float64), lambda _context, builder, _sig, args: _emit_splat(builder, args[0])


@intrinsic
def broadcast_load(_typing: TypingContext, array: types.Type, at: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return the element of an array at index ``at`` in every lane; the index is not negative."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: IrValues) -> ir.Value:
        return _emit_splat(builder, builder.load(_element_address(context, builder, sig, args)))

    return LANES(array, types.intp), emit


@intrinsic
def load(_typing: TypingContext, array: types.Type, at: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return eight neighbours of an array from index ``at`` on."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: IrValues) -> ir.Value:
        place = builder.bitcast(_element_address(context, builder, sig, args), _FLOAT_VECTOR.as_pointer())
        return builder.load(place, align=8, typ=_FLOAT_VECTOR)

    return LANES(array, types.intp), emit


@intrinsic
def gather(
    _typing: TypingContext,
    array: types.Type,
    places: types.Type,
    at: types.Type,  # noqa: ARG001
    shift: types.Type,  # noqa: ARG001
) -> TypedEmitter:
    """Return the elements of an array ``shift`` after eight places, which are those of ``places`` from ``at`` on."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: IrValues) -> ir.Value:
        eight = ir.Constant(_FLOAT_VECTOR, ir.Undefined)
        first = _element_address(context, builder, signature(types.void, *sig.args[1:3]), args[1:3])
        for lane in range(LANE_COUNT):
            number = ir.Constant(ir.IntType(32), lane)
            place = builder.add(builder.load(builder.gep(first, [number])), args[3])
            address = _element_address(context, builder, sig, [args[0], place])
            eight = builder.insert_element(eight, builder.load(address), number)
        return eight

    return LANES(array, places, types.intp, types.intp), emit


@intrinsic
def store(_typing: TypingContext, array: types.Type, at: types.Type, x: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Write eight numbers into an array from index ``at`` on."""

    def emit(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: IrValues) -> ir.Value:
        place = builder.bitcast(_element_address(context, builder, sig, args), _FLOAT_VECTOR.as_pointer())
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), emit


@intrinsic
def where(_typing: TypingContext, mask: types.Type, x: types.Type, y: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return ``x`` in the lanes of ``mask`` and ``y`` in the others."""
    return LANES(MASK, LANES, LANES), lambda _context, builder, _sig, args: builder.select(*args)


@intrinsic
def any_lane(_typing: TypingContext, mask: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return whether ``mask`` is true in any lane."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: IrValues) -> ir.Value:
        bits = builder.bitcast(args[0], ir.IntType(LANE_COUNT))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANE_COUNT), 0))

    return types.boolean(MASK), emit


@intrinsic
def count_lanes(_typing: TypingContext, mask: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return in how many lanes ``mask`` is true."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: IrValues) -> ir.Value:
        bits = builder.bitcast(args[0], ir.IntType(LANE_COUNT))
        return builder.ctpop(builder.zext(bits, ir.IntType(64)))

    return types.intp(MASK), emit


@intrinsic
def not_(_typing: TypingContext, mask: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return the lanes that are not in ``mask``."""
    return MASK(MASK), lambda _context, builder, _sig, args: builder.not_(args[0])


@intrinsic
def fabs(_typing: TypingContext, x: types.Type) -> TypedEmitter:  # noqa: ARG001
    """Return absolute values: the sign bit cleared."""

    def emit(_context: BaseContext, builder: ir.IRBuilder, _sig: Signature, args: IrValues) -> ir.Value:
        unsigned = builder.and_(
            builder.bitcast(args[0], _INT_VECTOR), ir.Constant(_INT_VECTOR, [2**63 - 1] * LANE_COUNT)
        )
        return builder.bitcast(unsigned, _FLOAT_VECTOR)

    return LANES(LANES), emit
