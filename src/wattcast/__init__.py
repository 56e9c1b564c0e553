"""wattcast: seven days of a station's power at 15-minute steps."""

__version__ = "0.1.0"
