"""wattcast: seven days of a station's power at 15-minute steps."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["Forecaster", "__version__"]


def __getattr__(name: str) -> Any:
    # On first use: the command line must answer before torch is imported.
    if name == "Forecaster":
        from wattcast.api import Forecaster

        return Forecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
