"""What a forecast should stand on."""

from pydantic import Field

from wattcast.contracts import Config


class ForecastConfig(Config):
    """From where on a forecast is called degraded or stale."""

    late_days: int = Field(0, ge=0, description="days that measurements may come late; 0: a run expects every row up "
                                                "to the last midnight")
    stale_days: int = Field(14, ge=1, description="days without measurements from which on a forecast is stale")
    measured_share: float = Field(
        0.75, ge=0, le=1, description="share of the last day and of the look-back that has to be measured")
    weather_share: float = Field(
        0.9, ge=0, le=1, description="share of the horizon for which weather has to be known, if the model uses it")
    judge_days: int = Field(14, ge=1, description="days in which issued forecasts are compared with last week's values")
    judge_margin: float = Field(
        0.05, ge=0, description="share by which an issued forecast must be worse than last week's values to count so")
    keep_days: int = Field(
        400, ge=60, description="days for which issued forecasts are kept, so that last year's can be looked up")
