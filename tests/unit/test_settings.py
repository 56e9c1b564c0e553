
import pytest
from pydantic import ValidationError

from wattcast.contracts import Kind
from wattcast.errors import ConfigError
from wattcast.settings import Settings, build_settings, load_settings

SEED_KEYS = {
    "d_model": 128, "d_ff_ratio": 3.0, "n_layers": 4, "drop_rate": 0.3, "d_state": 32, "d_conv": 4, "expand": 2.5,
    "patch_len": 12, "stride_ratio": 0.25, "batch_size": 256, "lr": 5e-4, "power_weight": 1.2,
    "not_use_power_weight": 0.7,
}
TRAINING_KEYS = {"batch_size", "lr", "power_weight", "not_use_power_weight"}


def test_defaults__with_nothing_or_an_empty_file(file) -> None:
    assert load_settings() == load_settings(file("")) == load_settings(file("# nothing yet\n")) == Settings()


def test_seed_keys__are_accepted_where_they_stand(file) -> None:
    settings = load_settings(file("".join(f"{key}: {value}\n" for key, value in SEED_KEYS.items())))
    for key, value in SEED_KEYS.items():
        assert getattr(settings.training if key in TRAINING_KEYS else settings.model, key) == value
    assert load_settings(assignments=[f"{key}={value}" for key, value in SEED_KEYS.items()]) == settings


def test_file__a_station_s_description_and_sections_side_by_side(file) -> None:
    settings = load_settings(file("""
        station: steel
        time: {column: when, timezone: Asia/Seoul, step: 15min}
        targets: {total_active_power: energy_kwh}
        known_future: [temperature]
        kind: pv
        capacity: 600
        location: {latitude: 34.9, longitude: 127.7, country: KR}
        training: {epochs: 3}
        lr: 0.01
    """))
    assert settings.data.station == "steel"
    assert (settings.data.time.column, settings.data.time.timezone) == ("when", "Asia/Seoul")
    assert settings.data.targets == {"total_active_power": "energy_kwh"}
    assert settings.data.known_future == ("temperature",)
    assert (settings.data.kind, settings.data.capacity) == (Kind.PV, 600)
    assert settings.data.location.country == "KR"
    assert (settings.training.epochs, settings.training.lr) == (3, 0.01)


def test_file__the_same_keys_within_their_sections(file) -> None:
    flat = load_settings(file("station: steel\ntime: {step: 1h}\nlr: 0.01\n"))
    assert load_settings(file("data: {station: steel, time: {step: 1h}}\ntraining: {lr: 0.01}\n")) == flat


def test_station__may_be_a_number_as_the_seed_document_s_are(file) -> None:
    quoted = load_settings(file("station: '1716387625733984256'\n"))
    assert quoted.data.station == "1716387625733984256"
    assert load_settings(file("station: 1716387625733984256\n")) == quoted
    assert load_settings(assignments=["data.station=1716387625733984256"]) == quoted


def test_assignments__win_over_the_file_and_over_each_other(file) -> None:
    path = file("training: {epochs: 3, lr: 0.01}\ntime: {step: 1h, timezone: Asia/Seoul}\n")
    settings = load_settings(path, ["training.epochs=4", "epochs = 5", "data.time.step=30min", "time.column=when"])
    assert (settings.training.epochs, settings.training.lr) == (5, 0.01)
    assert settings.data.time.model_dump(exclude_defaults=True) == {"column": "when", "timezone": "Asia/Seoul",
                                                                    "step": "30min"}


@pytest.mark.parametrize(("assignment", "section", "key", "value"), [
    ("training.lr=1e-4", "training", "lr", 1e-4), ("features.lag_weeks=[1, 2]", "features", "lag_weeks", (1, 2)),
    ("features.vmd=true", "features", "vmd", True), ("data.capacity=null", "data", "capacity", None),
    ("training.horizon_weights=2,1,1,1,1,1,0", "training", "horizon_weights", (2, 1, 1, 1, 1, 1, 0)),
    ("data.targets={total_active_power: a=b}", "data", "targets", {"total_active_power": "a=b"}),
    ("data.flat_line=null", "data", "flat_line", None),
])
def test_assignments__values_are_read_as_yaml(assignment, section, key, value) -> None:
    assert getattr(getattr(load_settings(assignments=[assignment]), section), key) == value


@pytest.mark.parametrize(("key", "guess"), [
    ("training.epoch", "training.epochs"), ("traning.epochs", "training.epochs"), ("epoch", "training.epochs"),
    ("dmodel", "model.d_model"), ("batchsize", "training.batch_size"), ("modell", "model"),
    ("data.targts", "data.targets"), ("learning_rate", None), ("", None), ("data.time.steps", "data.time.step"),
    ("data.location.lattitude", "data.location.latitude"), ("timezone", "data.time.timezone"),
    ("data.weather_forecasts.isued", "data.weather_forecasts.issued"), ("model.epochs", "training.epochs"),
    ("finetune.lr", "training.lr"), ("training.station", "data.station"),
])
def test_unknown_key__names_the_nearest_right_one(key: str, guess: str | None) -> None:
    with pytest.raises(ConfigError, match="unknown configuration key") as caught:
        load_settings(assignments=[f"{key}=1"])
    assert repr(key) in str(caught.value)
    if guess:
        assert caught.value.hint == f"did you mean {guess!r}?"
    else:
        assert caught.value.hint


def test_unknown_key__within_a_nested_section_of_the_file(file) -> None:
    with pytest.raises(ConfigError, match=r"'data\.time\.zone'"):
        load_settings(file("time: {zone: Asia/Seoul}\n"))


@pytest.mark.parametrize(("text", "key"), [
    ("training: {epochs: many}", "training.epochs"), ("training: 5", "training"), ("model: [1]", "model"),
    ("training: {epochs: 2.5}", "training.epochs"), ("kind: nuclear", "data.kind"), ("capacity: 0", "data.capacity"),
    ("known_future: temperature", "data.known_future"), ("location: {latitude: 99}", "data.location.latitude"),
    ("lag_weeks: []", "features.lag_weeks"), ("lag_weeks: [1, 1]", "features.lag_weeks"),
    ("horizon_weights: [1, x]", "training.horizon_weights.1"),
])
def test_wrong_value__names_the_key_and_what_was_found(file, text: str, key: str) -> None:
    with pytest.raises(ConfigError, match="has a wrong value") as caught:
        load_settings(file(text))
    assert repr(key) in str(caught.value)
    assert caught.value.found
    assert caught.value.expected


@pytest.mark.parametrize(("assignments", "fact"), [
    (["training.epochs"], "has no value"), (["training.epochs=[1"], "unreadable value"),
    (["training.epochs=3", "training.epochs.x=4"], "epochs is a value, not a section"),
    (["training=3", "training.epochs=4"], "training is a value, not a section"),
])
def test_wrong_assignment(assignments: list[str], fact: str) -> None:
    with pytest.raises(ConfigError, match=fact):
        load_settings(assignments=assignments)


@pytest.mark.parametrize(("content", "fact"), [
    (b"[1, 2]", "does not hold keys and values"), (b"just words", "does not hold keys and values"),
    (b"a: [", "is not valid YAML"), (b"\xff\xfe\x00", "is not valid YAML"),
    (b"a: !!python/object:os.system {}", "is not valid YAML"),
])
def test_wrong_file(tmp_path, content: bytes, fact: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=fact) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_file_that_cannot_be_read(tmp_path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_settings(tmp_path / name)


def test_settings__are_frozen_and_hash_by_content() -> None:
    settings = build_settings({"training": {"epochs": 3}, "data": {"station": "x"}})
    with pytest.raises(ValidationError):
        settings.training.epochs = 4
    recipe = settings.recipe()
    assert not hasattr(recipe, "data")
    hashes = [build_settings({"training": {"epochs": epochs}}).recipe().recipe_hash() for epochs in (3, 4)]
    assert recipe.recipe_hash() == hashes[0] != hashes[1]


def test_aliases__of_the_seed_document() -> None:
    settings = load_settings(assignments=("station_id=7", "knowable_future_features=[temp]",
                                          "unknowable_future_features=[meter]"))
    assert settings.data.station == "7"
    assert settings.data.known_future == ("temp",)
    assert settings.data.past_only == ("meter",)
