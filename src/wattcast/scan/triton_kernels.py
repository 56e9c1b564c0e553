"""The kernels of the GPU backend, in Triton.

A program of the scan carries the states of one tile of channels, `[BLOCK_E, BLOCK_N]` in registers, through one series
in one direction; a direction that runs backward in time does so by address. On the way back a program starts each chunk
from the states that the forward pass kept, writes the states in between to memory of its own, and walks back over them.
What sums over channels, series or time leaves as one part per program: no atomic additions, so results are the same bit
for bit from run to run.

`x_g`, `x_b`, `x_t` are the strides of x over directions, series and steps; the last axis is contiguous everywhere.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit
def log1p(x):
    """log(1 + x) for x in [0, 1], exact to float32 relative to itself: twice the series of artanh at x / (2 + x)."""
    s = x / (2.0 + x)
    q = s * s
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
    return 2.0 * s * series


@triton.jit
def softplus(x):
    return tl.maximum(x, 0.0) + log1p(tl.exp(-tl.abs(x)))


@triton.jit
def sigmoids(x):
    """σ(x) and σ(−x), neither of them by a difference from one."""
    small = tl.exp(-tl.abs(x))
    large_part, small_part = 1.0 / (1.0 + small), small / (1.0 + small)
    return tl.where(x >= 0, large_part, small_part), tl.where(x >= 0, small_part, large_part)


@triton.jit
def gated(y, skip, z, MAMBA_PLUS: tl.constexpr):
    """What leaves the scan: the states' output y and the skip D·u, gated by z."""
    s, complement = sigmoids(z)
    return y * z * s + skip * complement if MAMBA_PLUS else (y + skip) * z * s


@triton.jit
def gate_gradients(grad, y, skip, z, MAMBA_PLUS: tl.constexpr):
    """Gradients to y, to the skip D·u and to z."""
    s, complement = sigmoids(z)
    slope = s * (1.0 + z * complement)
    dy = grad * z * s
    if MAMBA_PLUS:
        dskip, dz = grad * complement, grad * (y * slope - skip * s * complement)
    else:
        dskip, dz = dy, grad * (y + skip) * slope
    return dy, dskip, dz


@triton.jit
def program(count):
    """Which direction, series and one of its `count` tiles this program has; 64 bits wide, as offsets may pass 2^31."""
    place = tl.program_id(0)
    return tl.program_id(1).to(tl.int64), (place // count).to(tl.int64), place % count


@triton.jit
def row(pointer, stride, index, columns, inside):
    """One row of a tensor as float32, zeros outside it."""
    return tl.load(pointer + index * stride + columns, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def scan_forward(u, u_g, u_b, u_t, delta, delta_g, delta_b, delta_t, B, B_g, B_b, B_t, C, C_g, C_b, C_t,
                 z, z_g, z_b, z_t, A, D, delta_bias, out, kept, series_count, length, channels,
                 N: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_N: tl.constexpr, CHUNK: tl.constexpr,
                 FIRST_BACKWARD: tl.constexpr, MAMBA_PLUS: tl.constexpr, KEEP: tl.constexpr):
    """Writes out `[G, B, L, E]` and, if KEEP, the states before each chunk, kept `[G, B, chunks, E, N]`."""
    direction, series, tile = program(tl.cdiv(channels, BLOCK_E))
    e, n = tile * BLOCK_E + tl.arange(0, BLOCK_E), tl.arange(0, BLOCK_N)
    in_e, in_n = e < channels, n < N
    in_tile, states = in_e[:, None] & in_n[None, :], e[:, None] * N + n[None, :]
    first, ahead = tl.where(direction < FIRST_BACKWARD, 0, length - 1), tl.where(direction < FIRST_BACKWARD, 1, -1)
    u += direction * u_g + series * u_b
    delta += direction * delta_g + series * delta_b
    z += direction * z_g + series * z_b
    B += direction * B_g + series * B_b
    C += direction * C_g + series * C_b
    out += (direction * series_count + series) * length * channels
    kept += (direction * series_count + series) * tl.cdiv(length, CHUNK) * channels * N
    rate = row(A, channels * N, direction, states, in_tile) * LOG2_E
    skip_weight, bias = row(D, channels, direction, e, in_e), row(delta_bias, channels, direction, e, in_e)
    h = tl.zeros([BLOCK_E, BLOCK_N], tl.float32)
    for start in range(0, length, CHUNK):
        if KEEP:
            tl.store(kept + states, h, mask=in_tile)
            kept += channels * N
        for step in range(start, tl.minimum(start + CHUNK, length)):
            t = (first + ahead * step).to(tl.int64)
            x = row(u, u_t, t, e, in_e)
            d = softplus(row(delta, delta_t, t, e, in_e) + bias)
            h = h * tl.exp2(d[:, None] * rate) + (d * x)[:, None] * row(B, B_t, t, n, in_n)[None, :]
            y = tl.sum(h * row(C, C_t, t, n, in_n)[None, :], 1)
            result = gated(y, skip_weight * x, row(z, z_t, t, e, in_e), MAMBA_PLUS)
            tl.store(out + t * channels + e, result.to(out.dtype.element_ty), mask=in_e)


@triton.jit
def scan_backward(u, u_g, u_b, u_t, delta, delta_g, delta_b, delta_t, B, B_g, B_b, B_t, C, C_g, C_b, C_t,
                  z, z_g, z_b, z_t, grad, grad_g, grad_b, grad_t, A, D, delta_bias, kept, scratch,
                  du, ddelta, dz, dB, dC, dA, dD, dbias, series_count, length, channels,
                  N: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_N: tl.constexpr, CHUNK: tl.constexpr,
                  FIRST_BACKWARD: tl.constexpr, MAMBA_PLUS: tl.constexpr):
    """Writes du, ddelta, dz `[G, B, L, E]`, and parts to be summed: dB, dC `[G, B, tiles, L, N]` over tiles,
    dA `[G, B, E, N]`, dD, dbias `[G, B, E]` over series. Uses scratch `[programs, CHUNK, BLOCK_E, BLOCK_N]`."""
    tiles, chunks = tl.cdiv(channels, BLOCK_E), tl.cdiv(length, CHUNK)
    direction, series, tile = program(tiles)
    e, n = tile * BLOCK_E + tl.arange(0, BLOCK_E), tl.arange(0, BLOCK_N)
    in_e, in_n = e < channels, n < N
    in_tile, states = in_e[:, None] & in_n[None, :], e[:, None] * N + n[None, :]
    own = tl.arange(0, BLOCK_E)[:, None] * BLOCK_N + n[None, :]
    first, ahead = tl.where(direction < FIRST_BACKWARD, 0, length - 1), tl.where(direction < FIRST_BACKWARD, 1, -1)
    u += direction * u_g + series * u_b
    delta += direction * delta_g + series * delta_b
    z += direction * z_g + series * z_b
    B += direction * B_g + series * B_b
    C += direction * C_g + series * C_b
    grad += direction * grad_g + series * grad_b
    place = direction * series_count + series
    kept += place * chunks * channels * N
    scratch += (place * tiles + tile) * CHUNK * BLOCK_E * BLOCK_N
    dB += (place * tiles + tile) * length * N
    dC += (place * tiles + tile) * length * N
    a = row(A, channels * N, direction, states, in_tile)
    skip_weight, bias = row(D, channels, direction, e, in_e), row(delta_bias, channels, direction, e, in_e)
    carry, dA_sum = tl.zeros([BLOCK_E, BLOCK_N], tl.float32), tl.zeros([BLOCK_E, BLOCK_N], tl.float32)
    dD_sum, dbias_sum = tl.zeros([BLOCK_E], tl.float32), tl.zeros([BLOCK_E], tl.float32)
    for chunk in range(chunks):
        start = (chunks - 1 - chunk) * CHUNK
        stop = tl.minimum(start + CHUNK, length)
        h = row(kept, channels * N, (chunks - 1 - chunk).to(tl.int64), states, in_tile)
        for step in range(start, stop):
            tl.store(scratch + (step - start) * BLOCK_E * BLOCK_N + own, h)
            t = (first + ahead * step).to(tl.int64)
            d = softplus(row(delta, delta_t, t, e, in_e) + bias)
            x = row(u, u_t, t, e, in_e)
            h = h * tl.exp2(d[:, None] * (a * LOG2_E)) + (d * x)[:, None] * row(B, B_t, t, n, in_n)[None, :]
        tl.debug_barrier()                      # a thread may read back what another one wrote
        for back in range(start, stop):
            step = start + stop - 1 - back
            t = (first + ahead * step).to(tl.int64)
            x, raw = row(u, u_t, t, e, in_e), row(delta, delta_t, t, e, in_e) + bias
            b, c = row(B, B_t, t, n, in_n)[None, :], row(C, C_t, t, n, in_n)[None, :]
            d = softplus(raw)
            decay = tl.exp2(d[:, None] * (a * LOG2_E))
            decayed = decay * tl.load(scratch + (step - start) * BLOCK_E * BLOCK_N + own)
            h = decayed + (d * x)[:, None] * b
            dy, dskip, dz_row = gate_gradients(row(grad, grad_t, t, e, in_e), tl.sum(h * c, 1), skip_weight * x,
                                               row(z, z_t, t, e, in_e), MAMBA_PLUS)
            dh = carry + dy[:, None] * c
            through = dh * decayed              # dL/d(decay) · decay
            carry = dh * decay
            along_b = tl.sum(dh * b, 1)
            ddelta_row = (tl.sum(through * a, 1) + x * along_b) * sigmoids(raw)[0]
            rows = (place * length + t) * channels + e
            tl.store(du + rows, (d * along_b + dskip * skip_weight).to(du.dtype.element_ty), mask=in_e)
            tl.store(ddelta + rows, ddelta_row.to(ddelta.dtype.element_ty), mask=in_e)
            tl.store(dz + rows, dz_row.to(dz.dtype.element_ty), mask=in_e)
            tl.store(dB + t * N + n, tl.sum(dh * (d * x)[:, None], 0), mask=in_n)
            tl.store(dC + t * N + n, tl.sum(h * dy[:, None], 0), mask=in_n)
            dA_sum += through * d[:, None]
            dD_sum += dskip * x
            dbias_sum += ddelta_row
        tl.debug_barrier()
    tl.store(dA + place * channels * N + states, dA_sum, mask=in_tile)
    tl.store(dD + place * channels + e, dD_sum, mask=in_e)
    tl.store(dbias + place * channels + e, dbias_sum, mask=in_e)


@triton.jit
def conv_rows(x, x_t, weight, bias, steps, first, ahead, length, e, in_e, TAPS: tl.constexpr):
    """The convolution before its SiLU at steps `[BLOCK_T]`, as `[BLOCK_T, BLOCK_E]`; meaningless outside the series."""
    total = bias[None, :]
    for lag in tl.static_range(TAPS):
        source = steps - lag
        t = (first + ahead * source).to(tl.int64)
        inside = ((source >= 0) & (source < length))[:, None] & in_e[None, :]
        total += row(x, x_t, t[:, None], e[None, :], inside) * row(weight, 1, TAPS - 1 - lag, e * TAPS, in_e)[None, :]
    return total


@triton.jit
def conv_forward(x, x_g, x_b, x_t, weight, bias, out, series_count, length, channels,
                 TAPS: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_T: tl.constexpr, FIRST_BACKWARD: tl.constexpr):
    """Writes out `[G, B, L, E]`."""
    tiles = tl.cdiv(channels, BLOCK_E)
    direction, series, tile = program(tl.cdiv(length, BLOCK_T) * tiles)
    e, steps = tile % tiles * BLOCK_E + tl.arange(0, BLOCK_E), tile // tiles * BLOCK_T + tl.arange(0, BLOCK_T)
    in_e = e < channels
    first, ahead = tl.where(direction < FIRST_BACKWARD, 0, length - 1), tl.where(direction < FIRST_BACKWARD, 1, -1)
    total = conv_rows(x + direction * x_g + series * x_b, x_t, weight + direction * channels * TAPS,
                      row(bias, channels, direction, e, in_e), steps, first, ahead, length, e, in_e, TAPS)
    result = (total * sigmoids(total)[0]).to(out.dtype.element_ty)
    t = (direction * series_count + series) * length + first + ahead * steps
    tl.store(out + t[:, None] * channels + e[None, :], result, mask=(steps < length)[:, None] & in_e[None, :])


@triton.jit
def conv_backward(x, x_g, x_b, x_t, grad, grad_g, grad_b, grad_t, weight, bias, dx, dweight, dbias,
                  series_count, length, channels,
                  TAPS: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_T: tl.constexpr, FIRST_BACKWARD: tl.constexpr):
    """Writes dx `[G, B, L, E]`, and parts to be summed over series and blocks of steps: dweight
    `[G, B, blocks, TAPS, E]`, dbias `[G, B, blocks, E]`. What came before the SiLU is computed again where needed."""
    tiles, blocks = tl.cdiv(channels, BLOCK_E), tl.cdiv(length, BLOCK_T)
    direction, series, tile = program(blocks * tiles)
    e, steps = tile % tiles * BLOCK_E + tl.arange(0, BLOCK_E), tile // tiles * BLOCK_T + tl.arange(0, BLOCK_T)
    in_e = e < channels
    first, ahead = tl.where(direction < FIRST_BACKWARD, 0, length - 1), tl.where(direction < FIRST_BACKWARD, 1, -1)
    place = direction * series_count + series
    x += direction * x_g + series * x_b
    grad += direction * grad_g + series * grad_b
    weight += direction * channels * TAPS
    dweight += (place * blocks + tile // tiles) * TAPS * channels
    dbias += (place * blocks + tile // tiles) * channels
    bias_row = row(bias, channels, direction, e, in_e)
    t = (first + ahead * steps).to(tl.int64)
    inside = (steps < length)[:, None] & in_e[None, :]
    x_rows = row(x, x_t, t[:, None], e[None, :], inside)
    dx_rows = tl.zeros([BLOCK_T, BLOCK_E], tl.float32)
    for lag in tl.static_range(TAPS):           # a step acts on itself and on those that come later
        total = conv_rows(x, x_t, weight, bias_row, steps + lag, first, ahead, length, e, in_e, TAPS)
        s, complement = sigmoids(total)
        later = (first + ahead * (steps + lag)).to(tl.int64)
        reached = (steps + lag < length)[:, None] & in_e[None, :]
        dtotal = row(grad, grad_t, later[:, None], e[None, :], reached) * s * (1.0 + total * complement)
        dx_rows += dtotal * row(weight, 1, TAPS - 1 - lag, e * TAPS, in_e)[None, :]
        tl.store(dweight + (TAPS - 1 - lag) * channels + e, tl.sum(dtotal * x_rows, 0), mask=in_e)
        if lag == 0:
            tl.store(dbias + e, tl.sum(dtotal, 0), mask=in_e)
    rows = (place * length + t)[:, None] * channels + e[None, :]
    tl.store(dx + rows, dx_rows.to(dx.dtype.element_ty), mask=inside)
