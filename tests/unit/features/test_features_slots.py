import pytest

from wattcast.features.slots import weather_slots


@pytest.mark.parametrize(("names", "found"), [
    ((), {}),
    (("temperature", "ghi"), {"temperature": 0, "irradiance": 1}),
    (("dni", "ghi", "total_irradiance"), {"irradiance": 2}),
    (("clouds", "radiation", "temp"), {"irradiance": 1, "temperature": 2}),
    (("windspeed", "windspeed_100m", "wind_speed_10m"), {"wind_speed": 1}),
    (("u", "v", "ws", "wd_sin", "wd_cos"), {"wind_speed": 2, "wind_direction_sine": 3, "wind_direction_cosine": 4}),
    (("price", "text=晴"), {})])
def test_weather_slots__by_name(names, found) -> None:
    assert weather_slots(names) == found
