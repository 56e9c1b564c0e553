"""Which column must be the power."""

import pytest

from wattcast.data.power_names import assumed_power, only_power, power_like


@pytest.mark.parametrize("name", ["power", "Grid Load", "P_total_kW", "Leistung [kW]", "activePower", "总用电", "出力",
                                  "使用電力", "전력(kW)", "kWh", "Last", "Last (kW)",
                                  "Load M2 (kW)"])
def test_power_like__names_of_power(name: str) -> None:
    assert power_like(name)


@pytest.mark.parametrize("name", ["reactive power", "Q_kvar", "power_factor", "load_forecast", "电价", "无功功率",
                                  "max_load", "temperature", "price", "station", "POA irradiance (W/m2)",
                                  "Global radiation [W/m²]", "Strahlung [W/m²]", "太阳辐照度(W/m²)", "Verbrauch [m³]",
                                  "Gas (m^3)", "Emission CO2 (kWh)", "battery charge (%)", "last_value_age",
                                  "Load_Type", "Wind power density"])
def test_power_like__names_of_what_stands_beside_it(name: str) -> None:
    assert not power_like(name)


@pytest.mark.parametrize(("names", "found"), [
    ([], None), (["EL01"], "EL01"), (["price"], None), (["a", "b"], None), (["a", "load"], "load"),
    (["当日実績(万kW)", "予測値(万kW)"], "当日実績(万kW)"), (["Wächter", "P"], None),
    (["load", "power"], None), (["load", "load_forecast"], "load"), (["P_AC", "irradiance (W/m2)"], None),
])
def test_only_power__one_and_no_other(names: list[str], found: str | None) -> None:
    assert only_power(names) == found


def test_assumed_power__says_how_to_say_otherwise() -> None:
    told = str(assumed_power("EL01"))
    assert "'EL01'" in told
    assert "data.targets" in told
