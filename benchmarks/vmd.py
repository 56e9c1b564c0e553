"""Decomposition of 256 two-week windows at once against `vmdpy` window by window: the same modes first, then the time.

    python benchmarks/vmd.py

The two take turns within one process, so that a busy machine slows both; the result is one JSON object.
"""

import json
import os
import platform
import time

import numpy as np
import torch
import vmdpy
from numpy.typing import NDArray

from wattcast.features.vmd import decompose

BATCH, LENGTH, MODES, ROUNDS = 256, 1344, 4, 8
ALPHA, TOLERANCE = 2000.0, 1e-7
LARGEST_ERROR, LOWEST_RATIO = 1e-4, 20


def main() -> None:
    windows = load_like_windows()
    parts = np.array_split(np.arange(BATCH), ROUNDS)
    decompose(torch.from_numpy(windows[:2]), MODES)                           # first calls set things up
    rounds = [one_round(windows, part) for part in parts]
    errors = {name: max(result[name]["error"] for result in rounds) for name in ("float64", "float32")}
    if max(errors.values()) > LARGEST_ERROR:
        raise SystemExit(f"the modes differ from vmdpy's: relative errors {errors}, allowed {LARGEST_ERROR}")
    theirs = [result["vmdpy"]["seconds_per_window"] for result in rounds]
    report = {
        "windows": BATCH, "length": LENGTH, "modes": MODES, "rounds": ROUNDS,
        "machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0],
        "torch": torch.__version__, "threads": torch.get_num_threads(),
        "vmdpy_ms_per_window": round(1e3 * float(np.median(theirs)), 3),
    }
    for name, error in errors.items():
        ours = [result[name]["seconds_per_window"] for result in rounds]
        ratios = np.asarray(theirs) / ours
        report[name] = {"ms_per_window": round(1e3 * float(np.median(ours)), 3), "relative_error": error,
                        "ratio": round(float(np.median(ratios)), 1), "ratios": [round(float(r), 1) for r in ratios],
                        "at_least_20": bool(np.median(ratios) >= LOWEST_RATIO)}
    print(json.dumps(report, indent=2))


def load_like_windows() -> NDArray[np.float64]:
    """Two weeks of a scaled load: daily and weekly cycles of varying strength, and noise."""
    rng = np.random.default_rng(0)
    day = np.arange(LENGTH) / 96
    cycle = np.sin(2 * np.pi * day) + 0.4 * np.sin(4 * np.pi * day + 1) + 0.3 * np.sin(2 * np.pi * day / 7)
    windows = cycle * (1 + 0.5 * rng.normal(size=(BATCH, 1))) + rng.normal(size=(BATCH, 1))
    windows += 0.15 * rng.normal(size=(BATCH, LENGTH))
    return (windows - windows.mean()) / windows.std()


def one_round(windows: NDArray[np.float64], part: NDArray[np.intp]) -> dict[str, dict[str, float]]:
    """`vmdpy` on the windows of `part`, and all windows at once in both precisions; errors by the largest window's."""
    start = time.perf_counter()
    reference = np.stack([vmdpy.VMD(window, ALPHA, 0.0, MODES, 0, 1, TOLERANCE)[0] for window in windows[part]])
    result = {"vmdpy": {"seconds_per_window": (time.perf_counter() - start) / len(part)}}
    for dtype in (torch.float64, torch.float32):
        batch = torch.from_numpy(windows).to(dtype)
        start = time.perf_counter()
        modes = decompose(batch, MODES, ALPHA, tolerance=TOLERANCE)
        seconds = (time.perf_counter() - start) / BATCH
        difference = np.linalg.norm(modes.numpy()[part] - reference, axis=(1, 2))
        error = float((difference / np.linalg.norm(reference, axis=(1, 2))).max())
        result[str(dtype).removeprefix("torch.")] = {"seconds_per_window": seconds, "error": error}
    return result


if __name__ == "__main__":
    main()
