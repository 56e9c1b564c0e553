"""One attempt at an update: from the champion and a longer history to a candidate and the gate's decision."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattcast.data.merging import Merged, merge
from wattcast.data.schema import StationData
from wattcast.errors import DataError, EmptyColumnError, TooFewRowsError
from wattcast.experts.trained import TrainedModel
from wattcast.finetune.comparison import Evidence, compare
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.gate import Decision, judge, refusal
from wattcast.finetune.plausibility import implausible
from wattcast.finetune.update import Update, in_words, update
from wattcast.timegrid import DAY
from wattcast.training.engine import target_weights
from wattcast.training.record import EpochRecord
from wattcast.windows.scaling import Scaler

REWRITTEN = 0.05
"""Share of the older rows beyond which changes are no corrections."""
SCALE = 1.25
"""By how much the spread of the rows that the champion was trained on may differ from what it was. [times]"""


@dataclass(frozen=True, eq=False)
class Attempt:
    """The gate's decision, and the candidate that it was about, if there was one."""

    decision: Decision
    update: Update | None = None
    evidence: Evidence | None = None


def with_history(champion: TrainedModel, history: StationData | None, new: StationData) -> Merged:
    """The champion's history with the rows that came in, which may be all of them.

    Raises:
        DataError: nothing is kept and `new` holds only new rows, or it does not fit what is kept.
    """
    station = champion.station
    if history is None:
        needed = champion.validation[0] - 7 * DAY
        if new.frame.index[0] > needed:
            raise DataError(f"no history of station {station.id} is kept, and the data holds only its newest rows",
                            found=f"rows from {new.frame.index[0]}", expected=f"rows from {champion.span[0]}, or from "
                            f"{needed} at the latest", hint="give the whole history once: it is kept from then on")
        history = new
    return merge(StationData(station, history.frame, history.vintages), new)


def check_new_rows(champion: TrainedModel, data: StationData, rewritten: float = 0.0) -> Decision | None:
    """A refusal if the new rows cannot be true, or if those before them, which they are judged by, are other ones.

    Args:
        champion: the model in use.
        data: the whole history.
        rewritten: share of the older rows that the data just given has changed.
    """
    if rewritten > REWRITTEN:
        return refusal("plausibility", f"{rewritten:.0%} of the older rows would be changed, "
                                       f"at most {REWRITTEN:.0%} is believed to be corrections")
    first, last = champion.span[0], champion.validation[0]
    older = data.frame.loc[(data.frame.index >= first) & (data.frame.index < last), list(data.station.targets)]
    scales = Scaler.for_targets(older.to_numpy(np.float32), data.station.kind).scale / champion.scalers.targets.scale
    if not ((scales < SCALE) & (scales > 1 / SCALE)).all():
        return refusal("plausibility", "the older rows are not those that the model was trained on: their power varies "
                                       f"by {', '.join(f'{scale:.3g}' for scale in scales)} times as much")
    doubts = implausible(data, champion.learned_until)
    if not doubts:
        return None
    return refusal("plausibility", *map(str, doubts), doubts=[doubt.to_dict() for doubt in doubts])


def refuse_empty(error: EmptyColumnError) -> Decision:
    """The refusal of rows whose power has no usable value."""
    return refusal("plausibility", f"{error.what}; found: {error.found}")


def attempt(champion: TrainedModel, data: StationData, config: FinetuneConfig, *, work_folder: Path | None = None,
            on_epoch: Callable[[EpochRecord], None] | None = None) -> Attempt:
    """Fine-tune and compare; the arguments are those of `update`."""
    try:
        made = update(champion, data, config, work_folder=work_folder, on_epoch=on_epoch)
    except TooFewRowsError as error:
        return Attempt(refusal("origins", in_words(error)))
    targets = data.station.targets
    weights = dict(zip(targets, target_weights(champion.recipe.training, targets), strict=True))
    decision, evidence = judge(lambda: compare(made.model, champion, data, made.gate), config, weights)
    return Attempt(decision, made, evidence)
