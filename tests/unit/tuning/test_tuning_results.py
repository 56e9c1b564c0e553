import io
import json
import re

import pytest
from PIL import Image

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.page import history_plot, search_page
from wattcast.tuning.results import as_json, importance, results
from wattcast.tuning.search import SearchResult, search
from wattcast.tuning.space import noted

SPACE = {"d_model": [16, 32, 64], "n_layers": [1, 2, 3]}


@pytest.fixture(scope="module")
def found(data, recipe, tmp_path_factory, pretended_once) -> SearchResult:
    def loss(values):
        if values["n_layers"] == 3 and values["d_model"] == 32:
            raise RuntimeError("unlucky")
        return 1 / values["d_model"]
    pretended_once(loss)
    return search(data, recipe, TuningConfig(n_trials=25, space=SPACE, sampler="random", sampler_seed=5),
                  tmp_path_factory.mktemp("found"))


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
    assert [trial["number"] for trial in trials] == list(range(len(found.trials)))
    assert sum(content["ended"].values()) == content["n_trials"] == 25
    assert {"complete", "pruned", "fail"} == {trial["state"] for trial in trials}
    for trial in trials:
        assert trial.keys() == {"number", "state", "value", "params", "duration", "price", "stage", "began_as",
                                "intermediate", "reason", "worker"}
        assert trial["duration"] >= 0
        if trial["state"] == "complete":
            assert trial["reason"] is None or trial["reason"].startswith("the values of trial")
        else:
            assert trial["reason"]
    assert list(trials[0]["intermediate"]) == ["1", "2", "3", "4"]
    assert (content["sampler"], content["sampler_seed"]) == ("random", 5)
    assert content["recipe_hash"] == found.recipe.recipe_hash()
    assert content["fidelity"] == {"fidelity": "usual", "epochs": 4, "windows_per_epoch": 12, "stage_ends": [1, 4],
                                   "epochs_on_average": 2.0, "share_of_training": 1.0, "origins": 4}
    cost = content["cost"]
    assert cost["trials_that_fit"] == 25
    assert cost["priced"] == pytest.approx(sum(trial["price"] or 0 for trial in trials), abs=0.1)
    table = content["comparison"]["trials"]
    assert table[0]["number"] == 0
    assert not table[0]["better"]
    assert content["comparison"]["origins"] == 5
    chosen = next(row for row in table if row["number"] == content["best_trial"])
    assert chosen["better"]
    assert -chosen["difference"] > chosen["noise"]


@pytest.mark.parametrize(("value", "written"), [(0.5, 0.5), (float("nan"), None), (float("inf"), None), (None, None)])
def test_number__that_json_does_not_have_is_null(value, written) -> None:
    assert as_json(value) == written


def test_importance__is_highest_where_the_score_comes_from(data, recipe, tmp_path, pretended) -> None:
    pretended(lambda values: 1 / values["d_model"])
    config = TuningConfig(n_trials=16, space=SPACE, sampler="random", optuna_pruning=False)
    trials = search(data, recipe, config, tmp_path).trials
    shares = importance(trials, 4)
    assert next(iter(shares)) == "d_model"
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(trials[:9], 4) == {} != importance(trials[:10], 4)


def test_plot__is_a_picture(found) -> None:
    with Image.open(io.BytesIO(history_plot(found))) as picture:
        assert picture.size == (1320, 456)


def test_page__is_whole_and_fetches_nothing(found) -> None:
    page = search_page(found, station_id="<works>")
    assert "Search for &lt;works&gt;" in page
    assert page.count("<svg") == 2
    assert not re.search(r"(src|href)=.?(https?:)?//|@import|url\((?!#)", page)
    for heading in ("Trained in full and compared", "History, and what decides", "Cost against score", "Values"):
        assert f"<h2>{heading}</h2>" in page
    assert found.choice.verdict.replace("'", "&#39;") in page
    assert f"<td>trial {found.choice.number}</td>" in page


def test_page__of_a_search_that_found_nothing_has_no_comparison(data, recipe, tmp_path, pretended) -> None:
    pretended(lambda _: 0.5)
    found = search(data, recipe, TuningConfig(n_trials=2, space=SPACE), tmp_path / "studies")
    page = search_page(found, station_id="works")
    assert "Trained in full" not in page
    assert "it is kept" in page
