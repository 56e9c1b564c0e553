"""The base's network: its tokens, that it learns, goes on after an interruption, and is told the same by any step."""

import numpy as np
import pytest
import torch
from stations_to_learn import corpus_file, source

from wattcast.training import base_network as module
from wattcast.training.base_network import Lessons, corrections_of, fit_base_network, packed, unpacked
from wattcast.training.samples import draw_samples

pytestmark = pytest.mark.usefixtures("small_day_network")



@pytest.fixture(scope="module")
def lessons(tmp_path_factory) -> Lessons:
    return draw_samples(source(corpus_file(tmp_path_factory.mktemp("corpus"), "abc"), windows=60), 0).lessons


def missed(network: torch.nn.Module, lessons: Lessons) -> float:
    return float((corrections_of(network, lessons.windows.float()) - lessons.corrections).abs().nanmean())


def test_untrained__it_is_mostly_the_adjusted_usual_day(lessons) -> None:
    network = module.DayNetwork(module.SIZES).eval()
    assert missed(network, lessons) == pytest.approx(float(lessons.corrections.abs().nanmean()), rel=0.1)


def test_fit__learns(lessons) -> None:
    before = missed(fit_base_network(lessons, seed=0, steps=1), lessons)
    # The average of the weights forgets its beginning in some hundreds of steps.
    assert missed(fit_base_network(lessons, seed=0, steps=60), lessons) < before


def test_fit__goes_on_to_the_same_weights(lessons, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT_EVERY", 3)
    whole = fit_base_network(lessons, seed=0, steps=8)

    def interrupted(step: int) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_base_network(lessons, seed=0, steps=8, kept=tmp_path / "kept.pt", progress=interrupted)
    seen, batch = [], module._batch
    monkeypatch.setattr(module, "_batch", lambda *of: seen.append(of[-1]) or batch(*of))
    again = fit_base_network(lessons, seed=0, steps=8, kept=tmp_path / "kept.pt")
    assert seen == [6, 7]
    assert packed(again) == packed(whole)


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_fit__begins_anew_where_what_was_kept_is_damaged(damage, lessons, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT_EVERY", 2)
    kept = tmp_path / "kept.pt"
    whole = packed(fit_base_network(lessons, seed=0, steps=3, kept=kept))
    kept.write_bytes(kept.read_bytes()[:-100] if damage is None else damage)
    assert packed(fit_base_network(lessons, seed=0, steps=3, kept=kept)) == whole


def test_fit__of_another_seed_is_another(lessons) -> None:
    first, second = (fit_base_network(lessons, seed=seed, steps=2) for seed in (0, 1))
    assert packed(first) != packed(second)


def test_packed__weights_forecast_nearly_the_same(lessons) -> None:
    network = fit_base_network(lessons, seed=0, steps=3)
    windows = lessons.windows.float()
    np.testing.assert_allclose(corrections_of(unpacked(packed(network)), windows), corrections_of(network, windows),
                               atol=0.01)


def test_forecast__does_not_depend_on_the_windows_beside_it(lessons) -> None:
    network, windows = fit_base_network(lessons, seed=0, steps=3), lessons.windows.float()
    together = corrections_of(network, windows)
    alone = torch.cat([corrections_of(network, windows[place:place + 1]) for place in (0, 7, 90)])
    np.testing.assert_allclose(alone, together[[0, 7, 90]], atol=1e-5)
