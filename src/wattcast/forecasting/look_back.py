"""How far before an origin a forecast looks: what lies earlier changes nothing of it and need not be read."""

from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.levelled import DAYS_BEFORE, WALKED_DAYS
from wattcast.forecasting.recent import WEEKS, history_rows


def rows_looked_back_on(model: TrainedModel) -> int:
    """Rows before an origin that a forecast and all that follows the last weeks may read.

    What it reads itself (the window, lags, usual days, in-context experts and the weeks that its level follows:
    `recent.history_rows`) is read again from each origin of the past that shares and bands follow (`recent`) or that
    steps of level are looked for in (`levelled`).
    """
    shape = model.shape
    before = max(WEEKS * shape.week, (WALKED_DAYS + DAYS_BEFORE) * shape.day)
    # A day more, for what clocks that went back have added to the rows of so many days.
    return history_rows(model) + before + shape.day
