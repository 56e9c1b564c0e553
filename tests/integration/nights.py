"""The nights of the station `north`, of which a forecast says what it stands on."""

from typing import Any

DAYS = 40
MORNING = "2025-04-10 06:30"
"""After the midnight at which the stored history ends."""


def codes(told: dict[str, Any]) -> list[str]:
    """Reasons but for the weather, of which this station knows the horizon's only by chance."""
    return [reason["code"] for reason in told["reasons"] if "weather" not in reason["code"]]
