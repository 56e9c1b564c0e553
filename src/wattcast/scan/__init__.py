"""The selective scan and the causal convolution of Mamba, on any CPU without a compiler and on a GPU in one launch."""

from wattcast.scan.dispatch import BackendStatus, available_backends, causal_conv, resolve_backend, selective_scan
from wattcast.scan.reference import Direction, Gate

__all__ = [
    "BackendStatus",
    "Direction",
    "Gate",
    "available_backends",
    "causal_conv",
    "resolve_backend",
    "selective_scan",
]
