"""The scan against the other ways to compute it on this machine: time, memory, and first of all the right numbers.

    python benchmarks/scan.py [--shapes S1,S4] [--rounds 5] [--only scan,block,training] [--json FILE]

Candidates take turns within one process and each figure is a median, so that a busy machine slows all of them. It slows
those with many small parallel regions most, so nothing is claimed of a run that warns. No time is reported before the
gradients are right. Peers: mamba.py (`pip install mambapy`), mamba_ssm's reference algorithm, a torch loop with its own
backward pass, and `torch.compile` of a plain loop.
"""

import argparse
import ctypes
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from scan_peers import compiled_scan, mambapy_scan, reference_scan, torch_conv
from wattcast.model import mamba_plus
from wattcast.model.encoder import BiMambaEncoderLayer
from wattcast.scan import selective_scan

SHAPES = {                       # B, L, E, N
    "S1": (32, 167, 256, 16),    # training
    "S2": (32, 167, 256, 64),    # large state
    "S3": (256, 167, 128, 16),   # one channel a series
    "S4": (8, 1344, 128, 16),    # without patches
    "S5": (1, 167, 256, 16),     # latency of one forecast
    "S6": (32, 167, 512, 32),    # wide
    "S7": (32, 167, 256, 16),    # as S1, loss on the last 84 steps alone and half of the inputs zero
}
PEERS = {
    "mambapy": (mambapy_scan, "S1 S2 S3 S4 S5"),
    "loop": (lambda *tensors, **options: selective_scan(*tensors, backend="loop", **options), "S1 S2 S3 S4 S5 S6"),
    "compile": (compiled_scan, "S1"),
    "reference": (reference_scan, "S1 S5"),
}
BARS = {  # what ratios of medians (forward and backward) and of memory must reach
    "mambapy": {"S1": 40, "S2": 40, "S3": 40, "S4": 40, "S5": 12}, "reference": {"S1": 200},
    "loop": {"S1": 6, "S2": 6, "S3": 6, "S4": 6}, "compile": {"S1": 3.5}, "memory": {"S1": 15, "S2": 40},
}
LARGEST_ERROR = {"output": 1e-6, "gradients": 2e-6}


def inputs(shape: tuple[int, int, int, int], name: str = "") -> tuple[list[Tensor], Tensor]:
    """The eight inputs as a fresh network would make them, and the gradient to the output."""
    batch, length, channels, states = shape
    make = torch.Generator().manual_seed(0)

    def normal(*sizes: int) -> Tensor:
        return torch.randn(*sizes, generator=make)
    u, grad = normal(batch, length, channels), normal(batch, length, channels)
    if name == "S7":
        u[:, torch.randperm(length, generator=make)[:length // 2]] = 0
        grad[:, :-84] = 0
    step = torch.empty(channels).uniform_(-7, -2.3, generator=make).exp()     # initial steps from 1e-3 to 0.1
    tensors = [u, normal(batch, length, channels) / 2, -torch.arange(1.0, states + 1).expand(channels, -1).contiguous(),
               normal(batch, length, states), normal(batch, length, states), torch.ones(channels),
               normal(batch, length, channels), step + torch.log(-torch.expm1(-step))]
    return [tensor.requires_grad_() for tensor in tensors], grad


def both_passes(scan: Callable[..., Tensor], tensors: list[Tensor], grad: Tensor, **options: Any) -> list[Tensor]:
    out = scan(*tensors, **options)
    return [out.detach(), *torch.autograd.grad(out, tensors, grad)]


def largest_errors() -> dict[str, float]:
    """Relative L2 errors of wattcast's output and gradients to float64, the worst over both gates and directions."""
    worst = dict.fromkeys(LARGEST_ERROR, 0.0)
    for states, gate, direction in ((16, "silu", "forward"), (64, "silu", "backward"), (16, "mamba_plus", "forward")):
        tensors, grad = inputs((4, 167, 64, states))
        exact = [tensor.detach().double().requires_grad_() for tensor in tensors]
        options = {"gate": gate, "direction": direction}
        pairs = zip(both_passes(selective_scan, tensors, grad, **options),
                    both_passes(selective_scan, exact, grad.double(), backend="reference", **options), strict=True)
        output, *gradients = (float((found.double() - right).norm() / right.norm()) for found, right in pairs)
        worst = {"output": max(worst["output"], output), "gradients": max(worst["gradients"], *gradients)}
    return worst


def seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def extra_memory(function: Callable[[], object]) -> int | None:
    """MiB of resident memory that a call needs at its peak beyond what there was before (Linux with glibc only)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None

    def resident(field: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)                                           # what others have freed is no reserve
    Path("/proc/self/clear_refs").write_text("5")                              # the peak starts again from here
    before = resident("VmRSS")
    function()
    return (resident("VmHWM") - before) // 1024


def compare(name: str, rounds: int) -> dict[str, Any]:
    """Times and memory of wattcast and its peers at one shape."""
    tensors, grad = inputs(SHAPES[name], name)
    scans: dict[str, Callable[..., Tensor]] = {"wattcast": selective_scan}
    scans |= {peer: scan for peer, (scan, shapes) in PEERS.items() if name in shapes.split()}
    forward: dict[str, list[float]] = {peer: [] for peer in scans}
    both: dict[str, list[float]] = {peer: [] for peer in scans}
    memory = {}
    for peer, scan in scans.items():
        both_passes(scan, tensors, grad)
        memory[peer] = extra_memory(partial(both_passes, scan, tensors, grad))
    for _ in range(rounds):
        for peer, scan in scans.items():
            for _ in range(5 if peer == "wattcast" else 1):
                with torch.no_grad():
                    forward[peer].append(seconds(partial(scan, *tensors)))
                both[peer].append(seconds(partial(both_passes, scan, tensors, grad)))
    median = {peer: (statistics.median(forward[peer]), statistics.median(both[peer])) for peer in scans}
    return {peer: {
        "forward_ms": round(1e3 * median[peer][0], 3), "both_ms": round(1e3 * median[peer][1], 3),
        "min_both_ms": round(1e3 * min(both[peer]), 3), "extra_mib": memory[peer],
        "ratio_forward": round(median[peer][0] / median["wattcast"][0], 2),
        "ratio_both": round(median[peer][1] / median["wattcast"][1], 2),
    } for peer in scans}


def as_peers() -> ExitStack:
    """Within this, wattcast's networks run on mamba.py's scan, torch's convolution and flips."""
    stack = ExitStack()
    stack.enter_context(mock.patch.object(mamba_plus, "selective_scan", mambapy_scan))
    stack.enter_context(mock.patch.object(mamba_plus, "causal_conv", torch_conv))
    return stack


def block(rounds: int) -> dict[str, Any]:
    """A training step of one bidirectional layer with AdamW, B64 L167 d128."""
    result: dict[str, Any] = {}
    layers = {}
    for peer in ("wattcast", "peers"):
        torch.manual_seed(0)
        layer = BiMambaEncoderLayer(d_model=128, d_ff=512, d_state=16, d_conv=4, expand=2, dropout=0.0)
        layers[peer] = layer, torch.optim.AdamW(layer.parameters(), fused=True)
    tokens = torch.randn(64, 167, 128)
    losses: dict[str, list[float]] = {peer: [] for peer in layers}

    def step(peer: str) -> None:
        layer, optimizer = layers[peer]
        optimizer.zero_grad()
        loss = (layer(tokens) - tokens.roll(1, 1)).square().mean()
        loss.backward()
        optimizer.step()
        losses[peer].append(loss.item())
    times: dict[str, list[float]] = {peer: [] for peer in layers}
    for _ in range(rounds):
        for peer in layers:
            with as_peers() if peer == "peers" else ExitStack():
                step(peer)              # untimed: the step after the other's finds its memory given away
                times[peer] += [seconds(partial(step, peer)) for _ in range(3 if peer == "wattcast" else 1)]
    medians = {peer: statistics.median(values) for peer, values in times.items()}
    result["ms"] = {peer: round(1e3 * value, 1) for peer, value in medians.items()}
    result["ratio"] = round(medians["peers"] / medians["wattcast"], 1)
    result["largest_loss_difference"] = max(abs(a / b - 1) for a, b in zip(*losses.values(), strict=False))
    return result


def training(batches: int) -> dict[str, Any]:
    """An epoch of training a simulated station's year with the defaults, and a forecast by the trained network."""
    from wattcast.data.simulate import simulate_station
    from wattcast.experts.fit import fit_model
    from wattcast.settings import load_settings
    from wattcast.workflows.job import Job

    result: dict[str, Any] = {"batches": batches}
    with tempfile.TemporaryDirectory() as folder:
        simulate_station(Path(folder), days=365)
        settings = load_settings(None, ["training.epochs=1", f"training.batches_per_epoch={batches}"])
        data, _ = Job(Path(folder), settings=settings).read()
    for peer in ("wattcast", "peers"):
        with as_peers() if peer == "peers" else ExitStack():
            epoch = fit_model(data, settings.recipe()).history[0]
        result[peer] = {"seconds": round(epoch.seconds, 2), "train_loss": epoch.train_loss, "val_loss": epoch.val_loss}
    ours, theirs = result["wattcast"], result["peers"]
    result["ratio"] = round(theirs["seconds"] / ours["seconds"], 1)
    result["largest_loss_difference"] = max(abs(ours[name] / theirs[name] - 1) for name in ("train_loss", "val_loss"))
    return result


def machine() -> dict[str, Any]:
    """What the figures depend on, and whether somebody else was using it."""
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "") if Path("/proc/cpuinfo").exists() else platform.processor()
    return {"processor": model, "cores": cores, "threads": torch.get_num_threads(), "load_before": round(load, 2),
            "busy": load > 0.25 * cores, "python": platform.python_version(),
            "versions": {name: version(name) for name in ("torch", "numba", "llvmlite", "mambapy")}}


def verdicts(shapes: dict[str, Any]) -> list[str]:
    """One line for each bar that a run can judge."""
    lines = []
    for peer, bars in BARS.items():
        for name, bar in bars.items():
            row = shapes.get(name, {}).get("mambapy" if peer == "memory" else peer)
            if row is None or (peer == "memory" and row["extra_mib"] is None):
                continue
            ours = shapes[name]["wattcast"]
            found = row["extra_mib"] / max(ours["extra_mib"], 1) if peer == "memory" else row["ratio_both"]
            lines.append(f"{'ok  ' if found >= bar else 'MISS'} {name} {peer}: {found:.1f}x (bar {bar}x)")
    if {"S1", "S7"} <= shapes.keys():
        found = shapes["S7"]["wattcast"]["both_ms"] / shapes["S1"]["wattcast"]["both_ms"]
        lines.append(f"{'ok  ' if found <= 1.2 else 'MISS'} S7 within {found:.2f} of S1 (bar 1.2)")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="scan,block,training")
    parser.add_argument("--batches", type=int, default=40, help="of the training epoch")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, Any] = {"machine": machine(), "rounds": arguments.rounds, "errors": largest_errors()}
    if report["machine"]["busy"]:
        print("warning: this machine is busy; the ratios of this run prove nothing", file=sys.stderr)
    if any(report["errors"][kind] > limit for kind, limit in LARGEST_ERROR.items()):
        raise SystemExit(f"wrong results, so no times: relative errors {report['errors']}, allowed {LARGEST_ERROR}")
    parts = arguments.only.split(",")
    if "scan" in parts:
        report["shapes"] = {}
        for name in arguments.shapes.split(","):
            report["shapes"][name] = compare(name, arguments.rounds)
            print(name, json.dumps(report["shapes"][name]), flush=True)
        print("\n".join(verdicts(report["shapes"])), flush=True)
    if "block" in parts:
        report["block"] = block(arguments.rounds)
        print("block", json.dumps(report["block"]), flush=True)
    if "training" in parts:
        report["training"] = training(arguments.batches)
        print("training", json.dumps(report["training"]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
