"""Variational mode decomposition of many windows at once.

Dragomiretskiy & Zosso, "Variational Mode Decomposition", IEEE Trans. Signal Processing 62(3), 2014,
DOI 10.1109/TSP.2013.2288675. The original mirrors a window at both ends before its Fourier transform. The spectrum of
such a mirrored signal is the window's cosine transform (DCT-II) but for a phase that no step of the algorithm changes:
here everything is therefore real, half as long, and defined for odd lengths as well.
"""

import math

import torch
from torch import Tensor

_ELEMENTS = 32768
"""Up to this size torch works through an array with one thread; above, on a CPU, waiting for threads costs more time
than they save, many times more on a busy machine. [numbers]"""


@torch.no_grad()
def decompose(windows: Tensor, modes: int, alpha: float = 2000, tau: float = 0, tolerance: float = 1e-7,
              max_iterations: int = 500) -> Tensor:
    """Split each window into narrow-band modes; a window's modes depend on nothing but that window.

    Every window stops by itself, as `vmdpy.VMD(window, alpha, tau, modes, DC=0, init=1, tol=tolerance)` does, and has
    the same modes: in float64 to the last digits, in float32 to about 1e-5, as a window may stop an iteration earlier
    or later. That package drops the last sample of an odd-length window, this one does not.

    Args:
        windows: `[B, L]`, finite, float32 or float64, which is also what is computed in; scale them to the order of 1
            before, as `tolerance` is in their unit squared.
        modes: K, how many.
        alpha: penalty on a mode's bandwidth.
        tau: step of the dual ascent; 0 allows the sum of the modes to leave out noise.
        tolerance: a window is done once its modes change by less in one iteration.
        max_iterations: one more than a window may take.

    Returns:
        `[B, K, L]` in the windows' dtype, the modes in the order of their initial centre frequencies, lowest first.
    """
    length = windows.shape[1]
    slots = len(windows) if windows.is_cuda else max(1, _ELEMENTS // length)
    return _inverse(_solve(_cosine_transform(windows), slots, modes, alpha, tau, tolerance, max_iterations))


@torch.inference_mode()
def _solve(spectrum: Tensor, slots: int, modes: int, alpha: float, tau: float, tolerance: float,
           max_iterations: int) -> Tensor:
    """Cosine spectra of windows `[B, L]` to those of their modes `[B, K, L]`."""
    work = _Work(spectrum, slots, modes, alpha, tau)
    while len(work.window):
        change = work.sweep()
        work.replace((change <= 2 * spectrum.shape[1] * tolerance) | (work.age >= max_iterations - 1))
    return work.result


class _Work:
    """Alternating Wiener filters and centre frequencies, S windows at a time; one that is done makes room for the next.

    Symbols: f a window's spectrum, u_k a mode's, ω_k its centre frequency [cycles per step], λ the dual variable.
    """

    def __init__(self, spectrum: Tensor, slots: int, modes: int, alpha: float, tau: float) -> None:
        batch, length = spectrum.shape
        slots = min(slots, batch)
        self.spectrum, self.alpha, self.tau = spectrum, alpha, tau
        self.result = spectrum.new_zeros(batch, modes, length)
        self.frequency = torch.arange(length, device=spectrum.device).to(spectrum.dtype) / (2 * length)
        self.root_frequency, self.one = self.frequency.sqrt(), torch.ones_like(self.frequency)
        self.started = slots
        self.window = torch.arange(slots, device=spectrum.device)             # the window in each slot
        self.age = torch.zeros_like(self.window)                              # its iterations
        self.rest = spectrum[:slots].clone()                                  # f − Σ u − λ/2, [S, L]
        self.dual = torch.zeros_like(self.rest)                               # λ
        self.centre = [spectrum.new_full((slots, 1), k / (2 * modes)) for k in range(modes)]
        self.before = [torch.zeros_like(self.rest) for _ in range(modes)]     # u of the iteration before
        self.now = [torch.zeros_like(self.rest) for _ in range(modes)]

    def sweep(self) -> Tensor:
        """One iteration of every slot; how much all modes changed, `[S]`."""
        self.before, self.now = self.now, self.before
        scratch, change = torch.empty_like(self.rest), self.rest.new_empty(len(self.now), len(self.rest))
        for k, (old, new) in enumerate(zip(self.before, self.now, strict=True)):
            self.rest += old
            torch.sub(self.frequency, self.centre[k], out=scratch)
            torch.addcmul(self.one, scratch, scratch, value=self.alpha, out=scratch)
            torch.div(self.rest, scratch, out=new)                            # the Wiener filter
            self.rest -= new
            size = torch.linalg.vector_norm(new, dim=1, keepdim=True).clamp_min_(torch.finfo(new.dtype).tiny)
            weighted = torch.linalg.vector_norm(torch.mul(new, self.root_frequency, out=scratch), dim=1, keepdim=True)
            self.centre[k] = (weighted / size).square_()                      # Σ frequency·u² / Σ u²
            torch.linalg.vector_norm(torch.sub(new, old, out=scratch), dim=1, out=change[k])
        if self.tau:
            ascent = self.tau * (self.rest + self.dual / 2)
            self.dual -= ascent
            self.rest += ascent / 2
        self.age += 1
        return change.square_().sum(0)

    def replace(self, done: Tensor) -> None:
        """Store what is done and start waiting windows in its slots; give up slots for which there are none."""
        if not done.any():
            return
        slots = done.nonzero().squeeze(1)
        finished = self.window.index_select(0, slots)
        for k, modes in enumerate(self.before):             # the reference, too, returns the iteration before the last
            self.result[:, k].index_copy_(0, finished, modes.index_select(0, slots))
        waiting = len(self.spectrum) - self.started
        self._start(slots[:waiting])
        if waiting < len(slots):
            done[slots[:waiting]] = False
            self._keep((~done).nonzero().squeeze(1))

    def _start(self, slots: Tensor) -> None:
        stop = self.started + len(slots)
        self.window[slots] = torch.arange(self.started, stop, device=slots.device)
        self.rest.index_copy_(0, slots, self.spectrum[self.started:stop])
        for fresh in (self.age, self.dual, *self.now):
            fresh.index_fill_(0, slots, 0)
        for k, centre in enumerate(self.centre):
            centre.index_fill_(0, slots, k / (2 * len(self.centre)))
        self.started = stop

    def _keep(self, slots: Tensor) -> None:
        self.window, self.age, self.rest, self.dual = (
            state.index_select(0, slots) for state in (self.window, self.age, self.rest, self.dual))
        self.centre, self.before, self.now = (
            [state.index_select(0, slots) for state in states] for states in (self.centre, self.before, self.now))


def _cosine_transform(signal: Tensor) -> Tensor:
    """DCT-II of the last dimension, `2 Σ_n x_n cos(π k (2n + 1) / 2L)`."""
    length = signal.shape[-1]
    mirrored = torch.fft.rfft(torch.cat([signal, signal.flip(-1)], -1))[..., :length]
    return torch.real(mirrored * _half_sample_phase(signal).conj())


def _inverse(spectrum: Tensor) -> Tensor:
    """The signals `[…, L]` of cosine spectra, with the reference's own error for even lengths.

    It repeats the last coefficient at the Nyquist frequency, where a mirrored signal has none: a ripple from sample to
    sample, small unless the signal is mostly noise. Odd lengths have no reference and do without.
    """
    length = spectrum.shape[-1]
    mirrored = torch.nn.functional.pad(spectrum * _half_sample_phase(spectrum), (0, 1))
    signal: Tensor = torch.fft.irfft(mirrored, n=2 * length)[..., :length]
    if length % 2 == 0:
        # The reference's mirrored signal starts half a window earlier, which turns coefficient L − 1 by this phase.
        turned = math.cos(math.pi * (length - 1) ** 2 / (2 * length)) * (-1) ** (length // 2)
        ripple = 1 - 2 * (torch.arange(length, device=spectrum.device) % 2)
        signal += spectrum[..., -1:] * ripple * turned / (2 * length)
    return signal


def _half_sample_phase(like: Tensor) -> Tensor:
    """By what mirroring at half a sample before the first turns each coefficient, `[L]`."""
    length = like.shape[-1]
    angle = torch.arange(length, dtype=like.dtype, device=like.device) * (math.pi / (2 * length))
    return torch.polar(torch.ones_like(angle), angle)
