"""Whatever is measured or issued after the origin is changed, and the forecast has to be the very same.

Every check has its counterpart: changing what was known at the origin must change the forecast, and a leak that is put
in on purpose must be found. Otherwise a forecaster that looks at nothing at all would pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import Forecaster, Horizon, WeatherUse
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData, WeatherVintages
from wattcast.evaluation.baselines import BASELINE_NAMES, baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.settings import build_settings
from wattcast.timegrid import WallGrid
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared, prepare
from wattcast.windows.dataset import WindowDataset, WindowShape, network_inputs
from wattcast.workflows.models import named_forecasters

pytestmark = pytest.mark.usefixtures("few_trees")

STEP = pd.Timedelta("1h")
WEEKS = 7
NUMBERS = ("total_active_power", "not_use_power", "temperature", "reactive")
COLUMNS = (*NUMBERS, "code")
CONFIG = {
    "station": "works", "time": {"step": "1h", "timezone": "Europe/Berlin"},
    "targets": {"total_active_power": "total_active_power", "not_use_power": "not_use_power"},
    "known_future": ["temperature", "code"], "past_only": ["reactive"], "categorical": ["code"],
}
RECIPE = {
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 12, "d_state": 4, "drop_rate": 0.0},
    # Steps long enough that every input has a say in the trained network.
    "training": {"epochs": 2, "batches_per_epoch": 6, "batch_size": 8, "lr": 0.02, "ema_decay": 0.0},
    "windows": {"validation_origins": 4, "lookback_days": 7}, "features": {"vmd": False},
}


def measurements() -> pd.DataFrame:
    """Seven weeks in local time, a DST change among them."""
    index = pd.date_range("2025-03-03", periods=WEEKS * 168, freq=STEP, name="time")
    rng = np.random.default_rng(0)
    hour = index.hour.to_numpy()
    total = 500 + 100 * np.sin(hour / 4) + rng.normal(0, 20, len(index))
    return pd.DataFrame({
        "total_active_power": total, "not_use_power": 0.6 * total + rng.normal(0, 5, len(index)),
        "temperature": 10 + 5 * np.sin(hour / 3) + rng.normal(0, 1, len(index)),
        "reactive": rng.normal(50, 9, len(index)), "code": rng.choice(["sun", "rain", "fog"], len(index)),
    }, index=index)[list(COLUMNS)]


def issued_forecasts() -> pd.DataFrame:
    """A forecast of temperature and code twice a day, for the next seven days each."""
    rng = np.random.default_rng(1)
    issues = pd.date_range("2025-03-10", periods=2 * 7 * (WEEKS - 1), freq="12h")
    tables = [pd.DataFrame({"issued": issued, "time": pd.date_range(issued, periods=168, freq=STEP),
                            "temperature": rng.normal(11, 4, 168), "code": rng.choice(["sun", "rain"], 168)})
              for issued in issues]
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leakage")
    measurements().to_csv(folder / "works.csv")
    issued_forecasts().to_csv(folder / "issued.csv", index=False)
    return folder


def read(folder: Path, *, vintages: bool) -> StationData:
    more = {"weather_forecasts": {"path": "issued.csv"}} if vintages else {}
    return open_source(folder / "works.csv", DataConfig.model_validate({**CONFIG, **more})).read()[0]


@pytest.fixture(scope="module")
def with_vintages(folders: Path) -> StationData:
    return read(folders, vintages=True)


@pytest.fixture(scope="module")
def without_vintages(folders: Path) -> StationData:
    return read(folders, vintages=False)


@pytest.fixture(scope="module")
def origin(with_vintages: StationData) -> pd.Timestamp:
    """Not midnight, not an instant of issue, with ten days of measurements after it."""
    return pd.Timestamp("2025-04-10 07:00", tz=with_vintages.station.timezone)


@pytest.fixture(scope="module")
def horizon() -> Horizon:
    return Horizon(168, STEP)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return build_settings(RECIPE).recipe()


@pytest.fixture(scope="module")
def network_with_vintages(with_vintages, origin, horizon, recipe) -> Forecaster:
    return NetworkForecaster(recipe).fit(HorizonView(with_vintages, origin, horizon))


@pytest.fixture(scope="module")
def network_without_vintages(without_vintages, origin, horizon, recipe) -> Forecaster:
    return NetworkForecaster(recipe).fit(HorizonView(without_vintages, origin, horizon))


# Perturbations: what is known at the origin stays, the rest becomes something else; for the counterpart, the opposite.

def disturbed(values: pd.Series, where: np.ndarray) -> pd.Series:
    """Other values with gaps among them, and categories never seen before, `where` the mask says so."""
    other = values * -3 + 1e4 if pd.api.types.is_numeric_dtype(values) else values.fillna("") + " hail"
    other = other.mask(np.arange(len(values)) % 5 == 0)
    return values.where(~where, other)


def disturb_measured(data: StationData, where: np.ndarray, columns: tuple[str, ...]) -> StationData:
    changed = {name: disturbed(data.frame[name], where) for name in columns}
    return replace(data, frame=data.frame.assign(**changed))


def disturb_issued(data: StationData, where: np.ndarray) -> StationData:
    table = data.vintages.table
    return replace(data, vintages=WeatherVintages(
        table.assign(**{name: disturbed(table[name], where) for name in table.columns})))


def after(data: StationData, origin: pd.Timestamp, columns: tuple[str, ...]) -> StationData:
    return disturb_measured(data, np.asarray(data.frame.index >= origin), columns)


def before(data: StationData, origin: pd.Timestamp, column: str) -> StationData:
    return disturb_measured(data, np.asarray(data.frame.index < origin), (column,))


def issued_after(data: StationData, origin: pd.Timestamp) -> StationData:
    return disturb_issued(data, np.asarray(data.vintages.table.index.get_level_values("issued") > origin))


def issued_before(data: StationData, origin: pd.Timestamp) -> StationData:
    return disturb_issued(data, np.asarray(data.vintages.table.index.get_level_values("issued") <= origin))


@pytest.fixture
def same(origin, horizon) -> Callable[..., bool]:
    """Whether a forecaster makes of two stations' data the same forecast, to the last bit."""
    def compare(forecaster: Forecaster, one: StationData, other: StationData, weather: WeatherUse = "given") -> bool:
        made = [forecaster.forecast(HorizonView(data, origin, horizon, weather=weather)) for data in (one, other)]
        assert all(np.isfinite(forecast.table.to_numpy()).all() for forecast in made)
        return made[0].table.equals(made[1].table) and made[0].notes == made[1].notes
    return compare


# The network with forecasts as they were issued.

@pytest.mark.parametrize("column", COLUMNS)
def test_network_with_vintages__no_later_measurement(network_with_vintages, with_vintages, origin, same,
                                                     column) -> None:
    assert same(network_with_vintages, with_vintages, after(with_vintages, origin, (column,)))


def test_network_with_vintages__nothing_later_at_all(network_with_vintages, with_vintages, origin, same) -> None:
    changed = issued_after(after(with_vintages, origin, COLUMNS), origin)
    assert same(network_with_vintages, with_vintages, changed)
    assert same(network_with_vintages, with_vintages, with_vintages.until(origin))


@pytest.mark.parametrize("column", COLUMNS)
def test_network_with_vintages__looks_at_every_column(network_with_vintages, with_vintages, origin, same,
                                                      column) -> None:
    assert not same(network_with_vintages, with_vintages, before(with_vintages, origin, column))


def test_network_with_vintages__looks_at_the_issued_forecast(network_with_vintages, with_vintages, origin,
                                                             same) -> None:
    assert not same(network_with_vintages, with_vintages, issued_before(with_vintages, origin))


# The network without weather over the horizon.

@pytest.mark.parametrize("column", COLUMNS)
def test_network_without_weather__no_later_measurement(network_without_vintages, without_vintages, origin, same,
                                                       column) -> None:
    changed = after(without_vintages, origin, (column,))
    assert same(network_without_vintages, without_vintages, changed, weather="none")


def test_network_without_weather__no_issued_forecast(network_with_vintages, with_vintages, origin, same) -> None:
    changed = issued_after(issued_before(after(with_vintages, origin, COLUMNS), origin), origin)
    assert same(network_with_vintages, with_vintages, changed, weather="none")


@pytest.mark.parametrize("column", COLUMNS)
def test_network_without_weather__looks_at_every_column(network_without_vintages, without_vintages, origin, same,
                                                        column) -> None:
    changed = before(without_vintages, origin, column)
    assert not same(network_without_vintages, without_vintages, changed, weather="none")


def test_network_with_known_future__no_later_measurement_of_anything_else(network_without_vintages, without_vintages,
                                                                          origin, same) -> None:
    others = ("total_active_power", "not_use_power", "reactive")
    assert same(network_without_vintages, without_vintages, after(without_vintages, origin, others))
    weather = after(without_vintages, origin, ("temperature",))
    assert not same(network_without_vintages, without_vintages, weather)


# The simple references.

SIMPLE = (*BASELINE_NAMES, "lightgbm", "lightgbm+weekly-mean+persistence")
FROM_TRAINING_ONLY = ("climatology",)


def simple(name: str, data: StationData, origin: pd.Timestamp, horizon: Horizon) -> Forecaster:
    return named_forecasters([name], Recipe())[name].fit(HorizonView(data, origin, horizon))


@pytest.mark.parametrize("name", SIMPLE)
def test_simple__nothing_later_at_all(with_vintages, origin, horizon, same, name) -> None:
    changed = issued_after(after(with_vintages, origin, COLUMNS), origin)
    fitted = [simple(name, data, origin, horizon) for data in (with_vintages, changed)]
    assert same(fitted[0], with_vintages, changed)
    made = [forecaster.forecast(HorizonView(with_vintages, origin, horizon)).table for forecaster in fitted]
    assert made[0].equals(made[1])
    earlier = before(with_vintages, origin, "total_active_power")
    if name not in FROM_TRAINING_ONLY:
        assert not same(fitted[0], with_vintages, earlier)
    other = simple(name, earlier, origin, horizon).forecast(HorizonView(with_vintages, origin, horizon)).table
    assert not made[0].equals(other)


def driven_by_weather(data: StationData) -> StationData:
    """The power follows the temperature, and all forecasts of it are right."""
    table = data.vintages.table
    times = table.index.get_level_values("time")
    every = pd.date_range(data.frame.index[0], times.max(), freq=STEP)
    temperature = pd.Series(np.random.default_rng(2).normal(11, 4, len(every)), every)
    power = 50 * temperature.reindex(data.frame.index)
    return replace(data, frame=data.frame.assign(total_active_power=power, not_use_power=power / 2),
                   vintages=WeatherVintages(table.assign(temperature=temperature.reindex(times).to_numpy())))


def test_trees__learn_from_and_look_at_the_issued_forecast(with_vintages, origin, horizon, same) -> None:
    driven = driven_by_weather(with_vintages)
    fitted = simple("lightgbm", driven, origin, horizon)
    earlier = issued_before(driven, origin)
    assert not same(fitted, driven, earlier)
    again = simple("lightgbm", earlier, origin, horizon).forecast(HorizonView(driven, origin, horizon)).table
    assert not again.equals(fitted.forecast(HorizonView(driven, origin, horizon)).table)
    assert same(fitted, driven, issued_after(driven, origin))


def test_trees__never_see_measured_weather_where_forecasts_were_issued(with_vintages, origin, horizon) -> None:
    driven = driven_by_weather(with_vintages)
    measured = before(after(driven, origin, ("temperature",)), origin, "temperature")
    fitted = [simple("lightgbm", data, origin, horizon) for data in (driven, measured)]
    made = [forecaster.forecast(HorizonView(driven, origin, horizon)).table for forecaster in fitted]
    assert made[0].equals(made[1])


# Training.

def test_training__nothing_later_at_all(network_with_vintages, with_vintages, origin, horizon, recipe) -> None:
    changed = issued_after(after(with_vintages, origin, COLUMNS), origin)
    again = NetworkForecaster(recipe).fit(HorizonView(changed, origin, horizon)).model
    fitted = network_with_vintages.model
    weights = fitted.network.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in again.network.state_dict().items())
    assert again.scalers.state() == fitted.scalers.state()
    assert again.pipeline.state() == fitted.pipeline.state()
    assert [record.val_loss for record in again.history] == [record.val_loss for record in fitted.history]
    assert (again.span, again.data_hash, again.nonnegative) == (fitted.span, fitted.data_hash, fitted.nonnegative)


def window_inputs(prepared: Prepared, origin: int, data: StationData) -> Iterator[torch.Tensor]:
    """What the network reads at the grid position `origin`, from features that `prepared` defines."""
    table = prepared.pipeline.transform(data.frame, data.vintages)
    dataset = WindowDataset(table, prepared.scalers, prepared.shape)
    yield from network_inputs(dataset.batch(np.asarray([origin]))).values()


def windows_agree(data: StationData, changed: StationData, origin: pd.Timestamp, recipe: Recipe) -> bool:
    prepared = prepare(data, recipe)
    position = int(data.frame.index.get_loc(origin))
    pairs = zip(window_inputs(prepared, position, data), window_inputs(prepared, position, changed), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def test_training_windows__hold_nothing_later(with_vintages, origin, recipe) -> None:
    changed = issued_after(after(with_vintages, origin, COLUMNS), origin)
    assert windows_agree(with_vintages, changed, origin, recipe)
    for column in COLUMNS:
        assert not windows_agree(with_vintages, before(with_vintages, origin, column), origin, recipe)


def test_forecast__reads_what_training_would_have_read(network_with_vintages, with_vintages, origin, horizon,
                                                       monkeypatch) -> None:
    """No skew between training and use: the same window from the whole table and from the view."""
    read = []
    model = network_with_vintages.model
    honest = model.network.forward
    monkeypatch.setattr(model.network, "forward", lambda **inputs: read.append(inputs) or honest(**inputs))
    network_with_vintages.forecast(HorizonView(with_vintages, origin, horizon))
    table = model.pipeline.transform(with_vintages.frame, with_vintages.vintages)
    position = int(with_vintages.frame.index.get_loc(origin))
    trained = network_inputs(WindowDataset(table, model.scalers, model.shape).batch(np.asarray([position])))
    assert read[0].keys() == trained.keys()
    assert [name for name, value in trained.items() if not torch.equal(value, read[0][name])] == []


# Leaks put in on purpose: the checks above have to find them.

def test_checker__finds_a_history_that_is_a_day_late(network_with_vintages, with_vintages, origin, same,
                                                     monkeypatch) -> None:
    honest = HorizonView.__init__

    def remember(view: HorizonView, data: StationData, *arguments: object, **options: object) -> None:
        honest(view, data, *arguments, **options)
        view.everything = data.frame

    def late(view: HorizonView, steps: int) -> pd.DataFrame:
        index = pd.date_range(end=view.origin - STEP, periods=steps, freq=STEP, name="time")
        return view.everything.reindex(index + pd.Timedelta(days=1)).set_axis(index)

    monkeypatch.setattr(HorizonView, "__init__", remember)
    monkeypatch.setattr(HorizonView, "history", late)
    yesterday = baseline("naive-day").fit(HorizonView(with_vintages, origin, Horizon(168, STEP)))
    for forecaster in (network_with_vintages, yesterday):
        assert not same(forecaster, with_vintages, after(with_vintages, origin, ("total_active_power",)))


def test_checker__finds_a_forecast_that_was_issued_later(network_with_vintages, with_vintages, origin, same,
                                                         monkeypatch) -> None:
    def next_one(vintages: WeatherVintages, origin: pd.Timestamp) -> pd.DataFrame:
        issued = vintages.table.index.unique("issued")
        return vintages.table.loc[issued[issued > origin][0]]

    monkeypatch.setattr(WeatherVintages, "until", lambda vintages, _: vintages)
    monkeypatch.setattr(WeatherVintages, "as_of", next_one)
    assert not same(network_with_vintages, with_vintages, issued_after(with_vintages, origin))


def test_checker__finds_a_lag_shorter_than_the_horizon(with_vintages, origin, recipe, monkeypatch) -> None:
    changed = after(with_vintages, origin, ("total_active_power",))
    monkeypatch.setattr(WindowShape, "week", property(lambda shape: 6 * shape.day))
    assert windows_agree(with_vintages, changed, origin, recipe)
    monkeypatch.setattr(WallGrid, "rows_before", lambda grid, slots, _: grid.rows(slots))
    assert not windows_agree(with_vintages, changed, origin, recipe)


def test_checker__finds_measured_weather_in_a_training_window(with_vintages, origin, recipe) -> None:
    plain = replace(with_vintages, vintages=None)
    assert not windows_agree(plain, after(plain, origin, ("temperature",)), origin, recipe)
