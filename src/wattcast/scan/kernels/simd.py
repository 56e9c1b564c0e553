"""A vector of float32 channels for Numba: the few operations from which the CPU kernels are written.

LLVM's generic vectors compile to whatever the processor has, so the same source serves AVX-512, AVX2, SSE2 and NEON.
Plain Numba loops would not do: its packages carry no vector `exp`, and loops with one are not vectorised.
Addresses are int64 numbers; a number where a vector is expected stands in every lane.
"""

import inspect
import operator
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, overload, register_model

from wattcast.scan.kernels import layout

FLOAT, BYTE, INT32, INT64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
CACHE_LINE = 64
LOG2_E = 1.4426950408889634
X86 = llvm.get_process_triple().startswith(("x86_64", "i686"))
AVX512 = X86 and llvm.get_host_cpu_features().get("avx512f", False)
FLUSH_TO_ZERO = 0x8040
"""The FTZ and DAZ bits of x86's MXCSR: denormal results and inputs count as zero (up to 14 times faster here)."""


class VectorType(types.Type):  # type: ignore[misc]
    """`lanes` float32 numbers in registers."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"float32x{lanes}")


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: VectorType) -> None:
        super().__init__(manager, kind, ir.VectorType(FLOAT, kind.lanes))


def call(builder: Any, name: str, result: Any, *operands: Any) -> Any:
    """LLVM code that calls the intrinsic function `name`."""
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(result, [value.type for value in operands]), name)
    return builder.call(function, operands)


def constant(kind: Any, number: float) -> Any:
    """An LLVM vector of type `kind` with `number` in every lane."""
    return ir.Constant(kind, [number] * kind.count)


def shuffled(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    """LLVM code that picks lanes out of two vectors laid end to end."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(INT32, len(lanes)), lanes))


def spread(builder: Any, number: Any, lanes: int) -> Any:
    """LLVM code that puts a float32 into every lane."""
    empty = ir.Constant(ir.VectorType(FLOAT, lanes), ir.Undefined)
    first = builder.insert_element(empty, number, INT32(0))
    return shuffled(builder, first, first, [0] * lanes)


def multiply_add(builder: Any, x: Any, y: Any, addend: Any) -> Any:
    """LLVM code for x·y + addend, fused where the processor can (`llvm.fma` would call libm where it cannot)."""
    return call(builder, f"llvm.fmuladd.v{x.type.count}f32", x.type, x, y, addend)


def lanewise(emit: Callable[..., Any]) -> Any:
    """A Numba function of vectors of one width from the LLVM code that `emit(builder, *vectors)` writes."""
    def compile_for(_typing: Any, *kinds: Any) -> Any:
        result = next(kind for kind in kinds if isinstance(kind, VectorType))

        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            vectors = [value if isinstance(value.type, ir.VectorType)
                       else spread(builder, builder.fptrunc(value, FLOAT), result.lanes) for value in values]
            return emit(builder, *vectors)
        return result(*kinds), generate
    compile_for.__signature__ = inspect.signature(emit)  # type: ignore[attr-defined]  # Numba counts the arguments by it
    return intrinsic(compile_for)


def overload_operator(symbol: Any, emit: Callable[..., Any]) -> None:
    """Lets `symbol` work between vectors, and between a vector and a number."""
    compute = lanewise(emit)

    overload(symbol)(lambda x, y: (lambda x, y: compute(x, y)) if VectorType in (type(x), type(y)) else None)


overload_operator(operator.add, lambda builder, x, y: builder.fadd(x, y))
overload_operator(operator.sub, lambda builder, x, y: builder.fsub(x, y))
overload_operator(operator.mul, lambda builder, x, y: builder.fmul(x, y))
overload_operator(operator.truediv, lambda builder, x, y: builder.fdiv(x, y))

fma = lanewise(multiply_add)
# x where it is not a number: a missing value must not turn into a forecast.
maximum = lanewise(lambda builder, x, y: builder.select(builder.fcmp_ordered("<", x, y), y, x))
magnitude = lanewise(lambda builder, x: call(builder, f"llvm.fabs.v{x.type.count}f32", x.type, x))
where_negative = lanewise(
    lambda builder, x, yes, no: builder.select(builder.fcmp_ordered("<", x, constant(x.type, 0.0)), yes, no))


def polynomial(*coefficients: float) -> Any:
    """A Numba function: the polynomial with these coefficients, constant term first."""
    def emit(builder: Any, x: Any) -> Any:
        total = constant(x.type, coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            total = multiply_add(builder, total, x, constant(x.type, coefficient))
        return total
    return lanewise(emit)


@lanewise
def nearest_whole(builder: Any, x: Any) -> Any:
    """x rounded to a whole number: adding 1.5·2²³ leaves no bits for a fraction. Needs |x| < 2²²."""
    shift = constant(x.type, 1.5 * 2.0**23)
    return builder.fsub(builder.fadd(x, shift), shift)


def pieces(builder: Any, vector: Any, lanes: int) -> list[Any]:
    """LLVM code that cuts a vector into vectors of `lanes`."""
    return [shuffled(builder, vector, vector, list(range(start, start + lanes)))
            for start in range(0, vector.type.count, lanes)]


def joined(builder: Any, vectors: list[Any]) -> Any:
    """LLVM code that lays a power of two of vectors end to end."""
    while len(vectors) > 1:
        lanes = list(range(2 * vectors[0].type.count))
        vectors = [shuffled(builder, *pair, lanes) for pair in zip(vectors[::2], vectors[1::2], strict=True)]
    return vectors[0]


@lanewise
def times_power_of_two(builder: Any, x: Any, power: Any) -> Any:
    """x·2^power for a whole power of at least −126: an instruction of AVX-512, else added to the exponent of x."""
    if AVX512:
        kind = ir.VectorType(FLOAT, 16)
        unused = constant(kind, 0.0), ir.IntType(16)(-1), INT32(4)
        return joined(builder, [call(builder, "llvm.x86.avx512.mask.scalef.ps.512", kind, *pair, *unused)
                                for pair in zip(pieces(builder, x, 16), pieces(builder, power, 16), strict=True)])
    bits = ir.VectorType(INT32, x.type.count)
    shifted = builder.bitcast(builder.fadd(power, constant(x.type, 1.5 * 2.0**23)), bits)
    exponent = builder.shl(shifted, constant(bits, 23))
    return builder.bitcast(builder.add(builder.bitcast(x, bits), exponent), x.type)


# 2^r on [−1/2, 1/2] to 2e-9, exactly 1 at 0: a decay near 1 is raised to the length of the sequence.
exp2_fraction = polynomial(1.0, 0.6931472028550459, 0.2402264791363184, 0.055503324711588496, 0.009618437357463845,
                           0.001339887440366465, 0.0001535336193910886)
# log(1 + e) / e on [0, 1] to 3e-8.
log1p_ratio = polynomial(0.9999999698795599, -0.49999493140471596, 0.33319096807511517, -0.2484298221386336,
                         0.19106006762402875, -0.1366324579941471, 0.07822595193936427, -0.029505238817265928,
                         0.005232694274537061)


@njit(forceinline=True)
def exp2(x: Any) -> Any:
    """2^x for x ≤ 0; below −126, where it would be denormal, about 1e-38."""
    bounded = maximum(x, -126.0)
    whole = nearest_whole(bounded)
    return times_power_of_two(exp2_fraction(bounded - whole), whole)


@njit(forceinline=True)
def exp_of_magnitude(x: Any) -> Any:
    """exp(−|x|), from which softplus and the sigmoid follow without overflow; about 1e-38 at least.

    The multiple of log 2 is taken away in two parts, of which the first is exact, so the result is too where |x| is
    large: a small step size is the exponential of such a number.
    """
    bounded = maximum(magnitude(x) * -1.0, -87.3)
    whole = nearest_whole(bounded * LOG2_E)
    rest = fma(whole, 2.12194440e-4, fma(whole, -0.693359375, bounded))
    return times_power_of_two(exp2_fraction(rest * LOG2_E), whole)


@njit(forceinline=True)
def softplus(x: Any, e: Any) -> Any:
    """log(1 + exp(x)), given e = exp(−|x|)."""
    return fma(log1p_ratio(e), e, maximum(x, 0.0))


@njit(forceinline=True)
def sigmoid(x: Any, e: Any) -> Any:
    """1 / (1 + exp(−x)), given e = exp(−|x|)."""
    return where_negative(x, e, 1.0) / (e + 1.0)


def vectors(lanes: int) -> tuple[Any, Any, Any]:
    """Three Numba functions that give vectors of `lanes`.

    They are `load`: the numbers at an address; `broadcast`: the one at an address, in every lane; `fill`: a given
    number in every lane.
    """
    kind, numbers = VectorType(lanes), ir.VectorType(FLOAT, lanes)

    @intrinsic
    def load(_typing: Any, _address: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return builder.load(builder.inttoptr(values[0], numbers.as_pointer()), align=4)
        return kind(types.int64), generate

    @intrinsic
    def broadcast(_typing: Any, _address: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return spread(builder, builder.load(builder.inttoptr(values[0], FLOAT.as_pointer()), align=4), lanes)
        return kind(types.int64), generate

    @intrinsic
    def fill(_typing: Any, _number: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return spread(builder, builder.fptrunc(values[0], FLOAT), lanes)
        return kind(types.float64), generate

    return load, broadcast, fill


def prefetcher(lanes: int) -> Any:
    """A Numba function that calls for the `lanes` numbers at an address to be brought into the cache.

    The rows of one block lie far apart and are read in bursts, which processors do not foresee by themselves.
    """
    @intrinsic
    def prefetch(_typing: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            for offset in range(0, 4 * lanes, CACHE_LINE):
                pointer = builder.inttoptr(builder.add(values[0], INT64(offset)), BYTE.as_pointer())
                call(builder, "llvm.prefetch.p0", ir.VoidType(), pointer, INT32(0), INT32(3), INT32(1))
            return context.get_dummy_value()
        return types.void(types.int64), generate

    return prefetch


@intrinsic
def store(_typing: Any, _address: Any, vector: Any) -> Any:
    """Writes a vector to an address."""
    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        builder.store(values[1], builder.inttoptr(values[0], values[1].type.as_pointer()), align=4)
        return context.get_dummy_value()
    return types.void(types.int64, vector), generate


@intrinsic
def store_sum(_typing: Any, _address: Any, vector: Any) -> Any:
    """Writes the sum over a vector's lanes to an address; halves the vector again and again, so the order is fixed."""
    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        total, lanes = values[1], vector.lanes
        while lanes > 1:
            lanes //= 2
            total = builder.fadd(*pieces(builder, total, lanes))
        number = builder.extract_element(total, INT32(0))
        builder.store(number, builder.inttoptr(values[0], FLOAT.as_pointer()), align=4)
        return context.get_dummy_value()
    return types.void(types.int64, vector), generate


@intrinsic
def folded_product(_typing: Any, x: Any, y: Any) -> Any:
    """x·y with the channels `FOLDED` apart added up."""
    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        (first, second), *others = zip(*(pieces(builder, value, layout.FOLDED) for value in values), strict=True)
        total = builder.fmul(first, second)
        for left, right in others:
            total = multiply_add(builder, left, right, total)
        return total
    return VectorType(layout.FOLDED)(x, y), generate


@intrinsic
def flush_denormals(_typing: Any) -> Any:
    """Makes this thread treat denormal numbers as zero where that saves time; returns the mode to restore."""
    def generate(_context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        if not X86:
            return INT32(0)
        slot = builder.alloca(INT32)
        pointer = builder.bitcast(slot, BYTE.as_pointer())
        call(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), pointer)
        mode = builder.load(slot)
        builder.store(builder.or_(mode, INT32(FLUSH_TO_ZERO)), slot)
        call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), pointer)
        return mode
    return types.int32(), generate


@intrinsic
def restore_denormals(_typing: Any, _mode: Any) -> Any:
    """Restores what `flush_denormals` returned."""
    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        if X86:
            slot = builder.alloca(INT32)
            builder.store(values[0], slot)
            call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), builder.bitcast(slot, BYTE.as_pointer()))
        return context.get_dummy_value()
    return types.void(types.int32), generate
