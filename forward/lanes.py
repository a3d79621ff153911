"""Sums of weighted rows, kept in vector registers: the innermost loop of the projector.

A plain numba loop over sources and x loads and stores the running sum once for every few sources, which
halves its speed. Here a block of x, `lanes` long, stays in registers while all sources are added; LLVM
splits the vectors into whatever the processor has.
"""

from typing import Any

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import RequireLiteralValue
from numba.extending import intrinsic

# Floats of one LLVM vector: the widest register of today's processors (AVX-512).
_VECTOR = 16
# Sums of 64 floats fill half of the 16 registers of AVX2 and of the 32 of NEON; AVX-512 has room for 128.
MOST_LANES = 128 if binding.get_host_cpu_features().get("avx512f", False) else 64


def lanes_for(length: int, most: int) -> int:
    """Return the block length for rows of `length` floats: equal blocks, whole vectors, at most `most`.

    Examples
    --------
    >>> lanes_for(1, 64), lanes_for(64, 64), lanes_for(96, 64), lanes_for(200, 128)
    (16, 64, 48, 112)
    """
    blocks = -(-length // most)
    return -(-length // (blocks * _VECTOR)) * _VECTOR


# A checker of types cannot know that numba drops the first argument.
_intrinsic: Any = intrinsic


@_intrinsic(prefer_literal=True)
def _add_rows(typingctx, lanes, totals, row, column, fresh, sources, indices, weights, start, stop):
    """Emit `add_rows` for a number of lanes that is known when compiling."""
    for name in (lanes, fresh):
        if not isinstance(name, types.IntegerLiteral):
            raise RequireLiteralValue("`lanes` and `fresh` must be literal")
    vectors, from_zero = lanes.literal_value // _VECTOR, bool(fresh.literal_value)
    signature = types.void(
        lanes, totals, types.int64, types.int64, fresh, sources, indices, weights, types.int64, types.int64
    )

    def generate(context, builder, signature, arguments):
        _, totals, row, column, _, sources, indices, weights, start, stop = arguments
        word, vector = ir.IntType(64), ir.VectorType(ir.FloatType(), _VECTOR)

        def constant(value):
            return ir.Constant(word, value)

        def array(position, value):
            return cgutils.create_struct_proxy(signature.args[position])(context, builder, value)

        def parts(pointer):
            pointer = builder.bitcast(pointer, vector.as_pointer())
            return [builder.gep(pointer, [constant(v)]) for v in range(vectors)]

        def row_of(owner, index, first):
            width = builder.extract_value(owner.shape, 1)
            return builder.gep(owner.data, [builder.add(builder.mul(index, width), first)])

        target = parts(row_of(array(1, totals), row, column))
        source = array(5, sources)
        index_pointer, weight_pointer = array(6, indices).data, array(7, weights).data
        nothing = ir.Constant(vector, [0.0] * _VECTOR)
        begin = [nothing if from_zero else builder.load(part, align=4) for part in target]

        before = builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(head)
        builder.position_at_end(head)
        k = builder.phi(word)
        k.add_incoming(start, before)
        sums = [builder.phi(vector) for _ in range(vectors)]
        for total, value in zip(sums, begin, strict=True):
            total.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", k, stop), body, done)

        builder.position_at_end(body)
        index = builder.zext(builder.load(builder.gep(index_pointer, [k])), word)
        weight = builder.load(builder.gep(weight_pointer, [k]))
        undefined, first = ir.Constant(vector, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        spread = builder.insert_element(undefined, weight, first)
        every = ir.Constant(ir.VectorType(ir.IntType(32), _VECTOR), [0] * _VECTOR)
        spread = builder.shuffle_vector(spread, undefined, every)
        fused = ("contract",)
        for total, part in zip(sums, parts(row_of(source, index, constant(0))), strict=True):
            product = builder.fmul(spread, builder.load(part, align=4), flags=fused)
            total.add_incoming(builder.fadd(total, product, flags=fused), body)
        k.add_incoming(builder.add(k, constant(1)), body)
        builder.branch(head)

        builder.position_at_end(done)
        for total, part in zip(sums, target, strict=True):
            builder.store(total, part, align=4)
        return context.get_dummy_value()

    return signature, generate


@njit(cache=True)
def add_rows(lanes, totals, row, sources, indices, weights, start, stop):
    """``totals[row, x] += Σ_k weights[k] sources[indices[k], x]`` for ``x < lanes``, ``start <= k < stop``.

    Sums run in the order of k with fused multiply–adds, each x by itself: bits do not depend on `lanes`.

    Parameters
    ----------
    lanes : int
        A multiple of 16 up to 128.
    totals, sources : ndarray of float32, two axes
        C-contiguous, their rows at least as long as `lanes`.
    row : int
        Row of `totals`.
    indices : ndarray of unsigned integers
        Rows of `sources`.
    weights : ndarray of float32
    start, stop : int
        Range of `indices` and `weights`.
    """
    if lanes == 128:
        _add_rows(128, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 64:
        _add_rows(64, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 16:
        _add_rows(16, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 32:
        _add_rows(32, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 48:
        _add_rows(48, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 80:
        _add_rows(80, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 96:
        _add_rows(96, totals, row, 0, 0, sources, indices, weights, start, stop)
    elif lanes == 112:
        _add_rows(112, totals, row, 0, 0, sources, indices, weights, start, stop)
    else:
        raise ValueError("`lanes` must be a multiple of 16 up to 128")


@njit(cache=True)
def sum_rows(lanes, totals, row, column, sources, indices, weights, start, stop):
    """As `add_rows` from zero, into ``totals[row, column : column + lanes]``, for up to 64 lanes."""
    if lanes == 64:
        _add_rows(64, totals, row, column, 1, sources, indices, weights, start, stop)
    elif lanes == 16:
        _add_rows(16, totals, row, column, 1, sources, indices, weights, start, stop)
    elif lanes == 32:
        _add_rows(32, totals, row, column, 1, sources, indices, weights, start, stop)
    elif lanes == 48:
        _add_rows(48, totals, row, column, 1, sources, indices, weights, start, stop)
    else:
        raise ValueError("`lanes` must be a multiple of 16 up to 64")
