"""All experts, in the order in which they are fitted, blended and reported; those that learn come first."""

from wattcast.experts.base import Expert
from wattcast.experts.context import InContext
from wattcast.experts.network import NetworkExpert
from wattcast.experts.pretrained import BASE, Pretrained
from wattcast.experts.repeated import Repeated
from wattcast.experts.sunlight import ClearSky, PerformanceRatio, RecencyQuadratic, SameSun
from wattcast.experts.trees import TreesExpert
from wattcast.experts.tuned import Tuned
from wattcast.experts.usual_day import UsualDay
from wattcast.experts.wind import PowerCurve, SameWind
from wattcast.experts.words import SIMPLE_WORDS

IN_CONTEXT: tuple[InContext, ...] = (
    UsualDay("usual-day-14", "usual day of the last 14 days", 14),
    UsualDay("usual-day-28", "usual day of the last 28 days", 28),
    UsualDay("weather-adjusted-28", "usual day of the last 28 days, adjusted for the weather", 28, adjusted=True),
    PerformanceRatio("performance-ratio", "power for the sun's strength in the last 10 days", 10),
    RecencyQuadratic("recency-quadratic", "power over the sun's strength, a curve of the last 30 days", 30),
    ClearSky("clear-sky", "usual day of the last 21 days, as long and as high as the sun will be", 21),
    SameSun("same-sun", "hours of the last 45 days with the same sun", 45),
    PowerCurve("power-curve", "power curve of the last 30 days", 30),
    SameWind("same-wind", "hours of the last 60 days with the same wind", 60),
)
"""Those that read the last weeks as examples."""

EXPERTS: tuple[Expert, ...] = (
    NetworkExpert(),
    TreesExpert(IN_CONTEXT),
    Tuned(),
    Repeated("seasonal-naive", SIMPLE_WORDS["seasonal-naive"], "lag_1w"),
    Repeated("weekly-mean", SIMPLE_WORDS["weekly-mean"], "lag_mean", last_weeks=True),
    Repeated("weeks-mean", "mean of the weeks before", "lag_mean", last_weeks=False),
    Repeated("naive-day", SIMPLE_WORDS["naive-day"], "yesterday"),
    Repeated("weather-adjusted", "usual days, adjusted for the weather", "weather_adjusted", adjusted=True),
    Pretrained(),
    *IN_CONTEXT,
)

IN_WORDS = {expert.name: expert.words for expert in EXPERTS}
SIMPLE = tuple(expert.name for expert in EXPERTS if not (expert.learned or expert.name == BASE))
"""Those that have learned nothing, from this station or others."""
