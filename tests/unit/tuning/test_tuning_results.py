import json

import pytest
from PIL import Image

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.results import as_json, importance, plot_history, results
from wattcast.tuning.search import SearchResult, search
from wattcast.tuning.space import noted

SPACE = {"d_model": [16, 32, 64], "n_layers": [1, 2, 3]}


@pytest.fixture
def found(data, recipe, tmp_path, pretended) -> SearchResult:
    def loss(values):
        if values["n_layers"] == 3 and values["d_model"] == 32:
            raise RuntimeError("unlucky")
        return 1 / values["d_model"]
    pretended(loss)
    return search(data, recipe, TuningConfig(n_trials=25, space=SPACE, sampler="random", sampler_seed=5), tmp_path)


def test_results__begin_as_the_seed_document_s_example(found) -> None:
    content = results(found)
    assert list(content)[:3] == ["best_params", "best_score", "n_trials"]
    assert content["best_params"].keys() == noted().keys()
    assert content["best_params"]["d_model"] == 64
    assert content["best_score"] == found.trials[content["best_trial"]].value == 1 / 64
    assert content["n_trials"] == 25
    assert (content["today_trial"], content["today_score"]) == (0, 1 / 16)


def test_results__hold_every_trial(found) -> None:
    content = json.loads(json.dumps(results(found), allow_nan=False))
    trials = content["trials"]
    assert [trial["number"] for trial in trials] == list(range(25))
    assert {"complete", "pruned", "fail"} == {trial["state"] for trial in trials}
    for trial in trials:
        assert trial.keys() == {"number", "state", "value", "params", "duration", "price",
                                "intermediate", "reason", "worker"}
        assert trial["duration"] >= 0
        if trial["state"] == "complete":
            assert trial["reason"] is None or trial["reason"].startswith("the values of trial")
        else:
            assert trial["reason"]
    assert list(trials[0]["intermediate"]) == ["1", "2", "3", "4"]
    assert (content["sampler"], content["sampler_seed"]) == ("random", 5)
    assert content["recipe_hash"] == found.recipe.recipe_hash()
    table = content["confirmation"]["trials"]
    assert table[0]["number"] == 0
    assert not table[0]["better"]
    assert content["confirmation"]["origins"] == 5
    chosen = next(row for row in table if row["number"] == content["best_trial"])
    assert chosen["better"]
    assert -chosen["difference"] > chosen["noise"]


@pytest.mark.parametrize(("value", "written"), [(0.5, 0.5), (float("nan"), None), (float("inf"), None), (None, None)])
def test_number__that_json_does_not_have_is_null(value, written) -> None:
    assert as_json(value) == written


def test_importance__is_highest_where_the_score_comes_from(data, recipe, tmp_path, pretended) -> None:
    pretended(lambda values: 1 / values["d_model"])
    config = TuningConfig(n_trials=25, space=SPACE, sampler="random", optuna_pruning=False)
    trials = search(data, recipe, config, tmp_path).trials
    shares = importance(trials)
    assert next(iter(shares)) == "d_model"
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(trials[:9]) == {} != importance(trials[:10])


def test_plot__is_a_picture(found, tmp_path) -> None:
    plot_history(tmp_path / "history.png", found)
    with Image.open(tmp_path / "history.png") as picture:
        assert picture.size == (1440, 540)
