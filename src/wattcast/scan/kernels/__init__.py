"""The CPU kernels: written in Numba's Python, compiled on first use, kept on disk, run on torch's own threads."""
