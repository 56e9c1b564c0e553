"""All experts, in the order in which they are fitted, blended and reported; those that learn come first."""

from wattcast.experts.base import Expert
from wattcast.experts.network import NetworkExpert
from wattcast.experts.repeated import Repeated
from wattcast.experts.trees import TreesExpert

EXPERTS: tuple[Expert, ...] = (
    NetworkExpert(),
    TreesExpert(),
    Repeated("seasonal-naive", "same as 7 days ago", "lag_1w"),
    Repeated("weekly-mean", "mean of the last 4 weeks", "lag_mean", last_weeks=True),
    Repeated("weeks-mean", "mean of the weeks before", "lag_mean", last_weeks=False),
    Repeated("naive-day", "same as yesterday", "yesterday"),
    Repeated("weather-adjusted", "usual days, adjusted for the weather", "weather_adjusted", adjusted=True),
)

IN_WORDS = {expert.name: expert.words for expert in EXPERTS}
SIMPLE = tuple(expert.name for expert in EXPERTS if not expert.learned)
"""Those that need no training."""
