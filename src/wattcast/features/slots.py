"""Which of a station's weather columns is which quantity, told by their names.

What reads a station's weather by what it means, and not by where it stands, asks here: the rules that forecast from
the last weeks (`experts`) need to know which column the sun's is.
"""

import re
from collections.abc import Sequence

from wattcast.data.schema import GLOBAL_IRRADIANCE, recognise

IRRADIANCE, TEMPERATURE, WIND_SPEED, WIND_SINE, WIND_COSINE = (
    "irradiance", "temperature", "wind_speed", "wind_direction_sine", "wind_direction_cosine")

_MEANT = {
    IRRADIANCE: GLOBAL_IRRADIANCE,
    TEMPERATURE: ("temperature",),
    WIND_SPEED: ("wind_speed",),
}
"""The quantities of `data.schema` that fill a slot, the best one first."""

_AT_HEIGHT = re.compile(r"(wind_?speed|wind|ws)_?(\d+)_?m?", re.IGNORECASE)


def weather_slots(names: Sequence[str]) -> dict[str, int]:
    """The position in `names`, of encoded weather columns, of what fills each slot; a slot that nothing fills is not
    there. Of wind at several heights the highest counts, as the hub is nearest to it."""
    found: dict[str, int] = {}
    for slot, quantities in _MEANT.items():
        places = [names.index(name) for quantity in quantities for name in names if recognise(name) == quantity]
        found |= {slot: places[0]} if places else {}
    heights = {int(match[2]): place for place, name in enumerate(names) if (match := _AT_HEIGHT.fullmatch(name))}
    if heights:
        found[WIND_SPEED] = heights[max(heights)]
    for slot, ending in ((WIND_SINE, "_sin"), (WIND_COSINE, "_cos")):
        directions = [place for place, name in enumerate(names) if name.endswith(ending)]
        found |= {slot: directions[-1]} if directions else {}
    return found
