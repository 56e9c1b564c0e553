import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.settings import Settings
from wattcast.training.shapes import window_shape


@pytest.mark.parametrize(("kind", "adjusted"), [("load", True), ("pv", False), ("wind", False)])
def test_window_shape__adjusts_the_usual_days_of_loads_alone(kind: str, adjusted: bool) -> None:
    station = Station(id="s", targets=(TOTAL,), step="1h", kind=kind)
    assert window_shape(station, Settings().recipe()).adjusted is adjusted
