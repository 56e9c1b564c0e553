"""The seed document's blocks pasted as they stand, numbers as Python writes them, and keys that are there twice."""

from pathlib import Path

import pytest

from wattcast.configfile import read_config
from wattcast.errors import ConfigError
from wattcast.settings import load_settings

SEED = """CFG = {
    'incremental_training': False,    # 是否启用增量微调
    'finetune_lr_ratio': 0.1,        # 微调学习率相对于原始学习率的比例
    'finetune_epochs': 50,           # 微调最大轮数
    'finetune_patience': 15,         # 微调早停耐心值
    'freeze_backbone_layers': 2,     # 冻结前N层backbone (0表示不冻结)
}
CFG = {
    'enable_hyperopt': False,        # 是否启用自动超参数调优
    'n_trials': 100,                # 超参数搜索试验次数
    'optuna_timeout': 3600,         # 超参数搜索超时时间(秒)
    'optuna_pruning': True,         # 是否启用早期剪枝
}
HYPEROPT_SPACE = {
    'd_model': [64, 128, 256, 512],                    # 模型隐藏维度
    'd_ff_ratio': [1.5, 2.0, 3.0, 4.0],              # 前馈网络维度比例
    'n_layers': [2, 3, 4, 5, 6],                     # 模型层数
    'drop_rate': [0.1, 0.2, 0.3, 0.4, 0.5],         # Dropout比率
    'd_state': [16, 32, 64, 128],                     # 状态空间维度
    'd_conv': [3, 4, 5, 6],                          # 卷积核大小
    'expand': [1.5, 2.0, 2.5, 3.0],                 # 扩展因子
    'patch_len': [8, 12, 16, 20, 24],               # Patch长度
    'stride_ratio': [0.25, 0.5, 0.75],              # Stride比例
    'batch_size': [128, 256, 512],                   # 批次大小
    'lr': [1e-5, 5e-5, 1e-4, 5e-4, 1e-3],          # 学习率
    'power_weight': [0.8, 1.0, 1.2],                # 总功率损失权重
    'not_use_power_weight': [0.5, 0.7, 0.9, 1.0],  # 不可用功率损失权重
}
"""
"""The three blocks, letter for letter."""


def test_blocks__read_as_they_stand_and_together(file) -> None:
    content = read_config(file(SEED))
    assert content["CFG"] == {
        "incremental_training": False, "finetune_lr_ratio": 0.1, "finetune_epochs": 50, "finetune_patience": 15,
        "freeze_backbone_layers": 2, "enable_hyperopt": False, "n_trials": 100, "optuna_timeout": 3600,
        "optuna_pruning": True}
    assert content["HYPEROPT_SPACE"]["lr"] == [1e-5, 5e-5, 1e-4, 5e-4, 1e-3]
    assert content["HYPEROPT_SPACE"]["not_use_power_weight"] == [0.5, 0.7, 0.9, 1.0]
    assert len(content["HYPEROPT_SPACE"]) == 13


def test_blocks__reach_the_settings_beside_a_description(file) -> None:
    settings = load_settings(file(f"station: north\nlr: 0.002\n{SEED}"))
    tuning, finetune = settings.tuning, settings.finetune
    assert (finetune.incremental_training, finetune.finetune_lr_ratio, finetune.finetune_epochs,
            finetune.finetune_patience, finetune.freeze_backbone_layers) == (False, 0.1, 50, 15, 2)
    assert (tuning.enable_hyperopt, tuning.n_trials, tuning.optuna_timeout, tuning.optuna_pruning) == (
        False, 100, 3600, True)
    assert tuning.space["d_model"] == (64, 128, 256, 512)
    assert tuning.space["lr"] == (1e-5, 5e-5, 1e-4, 5e-4, 1e-3)
    other = SEED.replace("'n_trials': 100", "'n_trials': 7").replace("True", "False")
    assert load_settings(file(other)).tuning.n_trials == 7
    assert not load_settings(file(other)).tuning.optuna_pruning


def test_blocks__the_same_keys_flat_and_in_their_section(file) -> None:
    block = load_settings(file("CFG = {'n_trials': 7}\nHYPEROPT_SPACE = {'d_model': [32, 48]}\n"))
    assert load_settings(file("n_trials: 7\nspace: {d_model: [32, 48]}\n")) == block
    assert load_settings(file("tuning: {n_trials: 7, space: {d_model: [32, 48]}}\n")) == block


@pytest.mark.parametrize(("text", "value"), [
    ("lr: 1e-5", 1e-5), ("lr: -2E+3", -2e3), ("lr: .5e1", 5.0), ("lr: '1e-5'", "1e-5"), ("lr: 1e5x", "1e5x"),
    ("lr: 12", 12), ("lr: 1.5", 1.5),
])
def test_numbers__as_python_writes_them(file, text: str, value: object) -> None:
    found = read_config(file(text))["lr"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "key"), [
    ("lr: 0.01\nlr: 0.02\n", "lr"), ("training: {lr: 0.01, lr: 0.02}\n", "lr"),
    ("training: {lr: 0.01}\nlr: 0.02\n", "training.lr"), ("lr: 0.02\ntraining: {lr: 0.01}\n", "training.lr"),
    ("CFG = {'lr': 0.01}\nCFG = {'lr': 0.02}\n", "CFG.lr"), ("CFG = {'lr': 0.01}\nlr: 0.02\n", "training.lr"),
    ("HYPEROPT_SPACE = {'lr': [1]}\ntuning: {space: {lr: [2]}}\n", "tuning.space.lr"),
    ("training: {epochs: 3}\ntraining: {lr: 0.01}\n", "training"),
    ("station: a\nstation_id: b\n", "data.station"),
])
def test_key_that_is_there_twice__is_named(file, text: str, key: str) -> None:
    with pytest.raises(ConfigError, match="is there twice") as caught:
        load_settings(file(text))
    assert repr(key) in str(caught.value)


def test_section__and_flat_keys_complete_each_other(file) -> None:
    settings = load_settings(file("lr: 0.02\ntraining: {epochs: 3}\nbatch_size: 8\n"))
    assert (settings.training.lr, settings.training.epochs, settings.training.batch_size) == (0.02, 3, 8)


def test_unknown_block__is_an_unknown_key(file) -> None:
    with pytest.raises(ConfigError, match="unknown configuration key 'SPACE'"):
        load_settings(file("SPACE = {'d_model': [64]}\n"))


@pytest.mark.parametrize("written", ["007", "0123", "1_000", "12:30", "1.10", "1e5", "NO", "2025-01-01",
                                     "1716387625733984256"])
def test_station__an_id_is_what_is_written(written: str, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    for text in ("station: {}", "station_id: {}", "data: {{station: {}}}", "station: '{}'"):
        file.write_text(text.format(written))
        assert load_settings(file).data.station == written
    assert load_settings(assignments=[f"data.station={written}"]).data.station == written
    assert load_settings(assignments=[f"station_id={written}"]).data.station == written


@pytest.mark.parametrize("written", ["10:30", "06:00", "90"])
def test_deadline__is_what_is_written(written: str, file) -> None:
    assert load_settings(file(f"nightly: {{deadline: {written}}}")).nightly.deadline == written
    assert load_settings(assignments=[f"nightly.deadline={written}"]).nightly.deadline == written


def test_station__null_is_none(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("station: null")
    assert load_settings(tmp_path / "s.yaml").data.station is None
    assert load_settings(assignments=["data.station=null"]).data.station is None
    (tmp_path / "s.yaml").write_text("station: [a]")
    with pytest.raises(ConfigError, match=r"data\.station"):
        load_settings(tmp_path / "s.yaml")


@pytest.mark.parametrize(("text", "key", "value"), [
    ("location: {country: NO}", "location.country", "NO"),
    ("known_future: [no, 4711, y]", "known_future", ("no", "4711", "y")),
    ("station_column: on", "station_column", "on"), ("missing_words: [off, 007]", "missing_words", ("off", "007")),
])
def test_names__are_what_is_written(file, text: str, key: str, value: object) -> None:
    found = load_settings(file(text)).data
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(("text", "hint"), [
    ("kind：load", "instead of '：'"), ("station: a\nkind：load\ncapacity: 3\n", "instead of '：'"),
    ("targets: {total_active_power：kw}", "instead of '：'"), ("station: “007”", "instead of '“'"),
    ("time:\n\tstep: 1h\n", "not with tabs"), ("location: {latitude: 31,2, longitude: 121,4}", "decimals need a point"),
    ("known_future: temp", r"known_future: \[temp\]"), ("time: {timezone: UTC+8}", "Etc/GMT-8"),
    ("time: {timezone: Beijing}", "Asia/Shanghai"), ("time: {timezone: Europ/Berlin}", "Europe/Berlin"),
])
def test_wrong_signs__say_what_to_write(file, text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"what to do: .*{hint}"):
        load_settings(file(text))


def test_timezone__nothing_is_proposed_that_is_unlike(file) -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings(file("time: {timezone: CST}"))
    assert raised.value.hint is None
