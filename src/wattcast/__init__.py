"""wattcast: seven days of a station's power at 15-minute steps."""

import os
from typing import Any

# OpenMP's threads wait for work by spinning. Where anything else runs, that takes the processor from it and from us: a
# training step on two shared cores went from 1.3 s to 0.22 s without. It must be said before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["Forecaster", "__version__", "fit_stations"]


def __getattr__(name: str) -> Any:
    # On first use: the command line must answer before torch is imported.
    if name == "Forecaster":
        from wattcast.api import Forecaster

        return Forecaster
    if name == "fit_stations":
        from wattcast.stations import fit_stations

        return fit_stations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
