"""The verb `doctor`."""

from typing import Any


def doctor() -> dict[str, Any]:
    """Versions, processors and the implementations of the scan that can run here."""
    import platform
    from importlib.metadata import version

    import torch

    from wattcast.scan import available_backends, resolve_backend

    packages = ("torch", "lightning", "numba", "pandas", "numpy", "pydantic")
    cuda = torch.cuda.is_available()
    environment = {"wattcast": version("wattcast"), "python": platform.python_version(),
                   "platform": platform.platform(), **{name: version(name) for name in packages},
                   "CPU threads": torch.get_num_threads(), "GPU": torch.cuda.get_device_name() if cuda else "none"}
    devices = ["cuda", "cpu"] if cuda else ["cpu"]
    scan = [{"name": status.name, "device": device, "usable": status.usable, "reason": status.reason}
            for device in devices for status in available_backends(device)]
    return {"environment": environment, "scan": scan, "chosen": resolve_backend("auto", device=devices[0])}
