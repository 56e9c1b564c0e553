"""One set of weights for every implementation of the scan."""

import pandas as pd
import pytest

from wattcast.scan import available_backends, dispatch

USABLE = [status.name for status in available_backends("cpu") if status.usable]


@pytest.mark.usefixtures("place")
def test_every_backend__makes_the_same_forecast(cli, plant, models, monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked, honest = {}, set(), dispatch.implementation
    monkeypatch.setattr(dispatch, "implementation", lambda name: asked.add(name) or honest(name))
    for name in USABLE:
        asked.clear()
        monkeypatch.setenv("WATTCAST_SCAN", name)
        assert cli("forecast", "--data", plant, "--models-dir", models, "--out", f"{name}.csv").code == 0
        assert asked == {name}
        made[name] = pd.read_csv(f"{name}.csv").select_dtypes("number")
    assert len(made) >= 2
    reference = made["reference"]
    for table in made.values():
        # The file rounds to four digits after the point.
        pd.testing.assert_frame_equal(table, reference, rtol=1e-5, atol=1.01e-4)


@pytest.mark.usefixtures("place")
def test_an_unknown_backend__is_refused(cli, plant, models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTCAST_SCAN", "numbaa")
    done = cli("forecast", "--data", plant, "--models-dir", models)
    assert done.code == 2
    assert "numba" in done.err
