"""Several forecasters on one view: what is a part of more than one of them is fitted and asked once."""

from collections.abc import Iterator, Mapping
from typing import cast

from wattcast.contracts import AnyForecaster, Composite, Forecast, Forecaster, View


def fit_all(forecasters: Mapping[str, Forecaster], view: View) -> dict[str, Forecaster]:
    """All of them fitted on the view; those that were given stay as they are."""
    made: dict[int, Forecaster] = {}

    def fit(forecaster: AnyForecaster) -> AnyForecaster:
        # By identity: two forecasters of one name may differ, and those given outlive this call.
        if id(forecaster) not in made:
            made[id(forecaster)] = (forecaster.fit_with(fit) if isinstance(forecaster, Composite)
                                    else forecaster.fit(view))
        return cast(AnyForecaster, made[id(forecaster)])

    return {name: fit(forecaster) for name, forecaster in forecasters.items()}


def forecast_all(fitted: Mapping[str, Forecaster], view: View) -> Iterator[tuple[str, Forecast]]:
    """The name and the forecast of each, as they are made."""
    made: dict[int, Forecast] = {}

    def ask(forecaster: Forecaster) -> Forecast:
        if id(forecaster) not in made:
            made[id(forecaster)] = (forecaster.forecast_with(view, ask) if isinstance(forecaster, Composite)
                                    else forecaster.forecast(view))
        return made[id(forecaster)]

    for name, forecaster in fitted.items():
        yield name, ask(forecaster)
