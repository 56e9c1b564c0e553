import pytest

from wattcast.explain.groups import Group, column_groups, measured_by, merged


@pytest.mark.parametrize(("column", "quantity"), [
    ("temp", "temperature"), ("windspeed_100m", "wind"), ("winddeg", "wind"), ("ghi", "irradiance"),
    ("radiation", "irradiance"), ("clouds", "cloud"), ("text", "sky"), ("is_peak", None), ("price", None)])
def test_measured_by__knows_columns_by_their_names(column, quantity) -> None:
    assert measured_by(column) == quantity


def test_column_groups__put_together_what_measures_the_same() -> None:
    assert column_groups(["ghi", "price", "temp", "dni"]) == [
        Group("irradiance", ("ghi", "dni")), Group("price", ("price",)), Group("temperature", ("temp",))]


GROUPS = [Group("wind", ("ws",)), Group("rain", ("rain",)), Group("price", ("price",)), Group("cloud", ("cloud",))]
EFFECTS = {"wind": 3.0, "rain": 0.1, "price": 0.2, "cloud": 0.05}


def test_merged__keeps_those_that_matter_most() -> None:
    assert merged(GROUPS, EFFECTS, 3) == [
        Group("wind", ("ws",)), Group("price", ("price",)), Group("other_weather", ("rain", "cloud"))]
    assert merged(GROUPS, EFFECTS, 2) == [
        Group("other_weather", ("ws", "rain", "cloud")), Group("other_columns", ("price",))]
