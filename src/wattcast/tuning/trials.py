"""The loop of a search: trials one after the other until there are enough or the time is over."""

import time
from collections.abc import Mapping

from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast.errors import WattcastError
from wattcast.training.callbacks import EpochKeeper
from wattcast.training.record import EpochRecord
from wattcast.tuning.objective import Objective, Unpromising
from wattcast.tuning.plan import TOLERANCE, duration
from wattcast.tuning.progress import OnProgress, progress
from wattcast.tuning.space import Value
from wattcast.tuning.stages import BEGAN, seconds
from wattcast.tuning.study import PRICE, REASON, NothingFits, SharedStudy, asked_for

WAIT = 0.5
"""Seconds between two looks at whether another process's last trial has ended."""

DEAREST = 1 / 8
"""Of the time for all trials, what one may take to go on while others are to be begun: without a limit the best of a
stage once took 45 % of half an hour, and half of the trials were never begun. [share]"""

NONE: Mapping[str, Value] = {}
"""No other values than today's."""


class SetAside(Exception):
    """A trial that made its stage; the message says which."""


class TrialLoop:
    """Runs trials until there are enough, or until `deadline` on the monotonic clock.

    The clock decides what is started and never ends what was.
    """

    def __init__(self, study: SharedStudy, objective: Objective, deadline: float, on_search: OnProgress | None) -> None:
        self.study, self.objective, self.deadline, self.on_search = study, objective, deadline, on_search
        self.pace = 1.0

    def run(self) -> str:
        """Why not all trials were made; empty if they were."""
        stopped = ""
        # Trial 0 is always run: without today's score nothing could be said.
        while self._left() > 0 or not asked_for(self.study.trials()):
            self.pace = self._pace()
            try:
                trial = self.study.claim(self._how_often, self._may_go_on)
            except NothingFits:
                stopped = self._too_dear()
                break
            if trial is not None:
                self._run(trial)
            elif self.study.others_at_work():
                time.sleep(WAIT)
            else:
                break
        else:
            stopped = "optuna_timeout is over"
        trials = asked_for(self.study.trials())
        finished = [trial for trial in trials if trial.state.is_finished()]
        if all(trial.state == TrialState.FAIL for trial in finished):
            reason = finished[0].user_attrs[REASON] if finished else "none was finished"
            raise WattcastError("no trial of the search succeeded", found=reason,
                                hint="try the same settings without search first: wattcast train")
        missing = self.study.config.n_trials - len(trials)
        return f"{missing} of {self.study.config.n_trials} trials were not started: {stopped}" if missing > 0 else ""

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _pace(self) -> float:
        """How many times as long as they were priced at trials took so far; others may live here, too."""
        ended = [trial for trial in self.study.trials() if trial.duration is not None and PRICE in trial.user_attrs
                 and trial.state.is_finished() and trial.intermediate_values]
        priced = sum(trial.user_attrs[PRICE] for trial in ended)
        return sum(map(seconds, ended)) / priced if priced else 1.0

    def _price(self, times: float, stage: int, begin: int = 0) -> float:
        """Seconds until the end of a stage, of a configuration that is so many times as dear as today's."""
        plan = self.study.plan
        return plan.seconds(times, plan.ends[stage] - begin)

    def _affordable(self, price: float) -> bool:
        return price * self.pace <= self._left()

    def _whole(self, times: float) -> float:
        return self._price(times, -1)

    def _how_often(self, values: Mapping[str, Value]) -> float:
        times, limit = self.objective.times_today(values), self.study.config.trial_timeout
        if not self._affordable(self._price(times, 0)) or (limit is not None and self._whole(times) > limit):
            return 0.0
        return self.study.plan.how_often(times)

    def _may_go_on(self, trial: FrozenTrial, stage: int, last: bool) -> bool:
        times = self.study.timed(self.objective.shape(trial.params)) or self.objective.times_today(trial.params)
        price = self._price(times, stage, self.study.begin(trial, stage))
        waits = not last and price * self.pace > DEAREST * self.study.config.optuna_timeout
        return not waits and self._affordable(price)

    def _too_dear(self) -> str:
        limit = self.study.config.trial_timeout
        if limit is not None and limit < self._left():
            return f"no configuration of the space fits into the {limit:.3g} s that a trial may take"
        return f"no configuration of the space fits into the {self._left():.0f} s that are left of optuna_timeout"

    def _run(self, trial: Trial) -> None:
        """One trial; whatever becomes of it is recorded and the search goes on."""
        going_on = self.study.stage(trial) > 0
        twin = None if going_on else self.study.twin(trial)
        if twin is not None:
            self.study.take_from(twin, trial)
            self._tell(trial.number, None, f"the values and score of trial {twin.number}")
            return
        today = trial.number == self.study.today().number
        try:
            dear = "" if today or going_on else self._too_dear_to_start(trial)
            if dear:
                self.study.refuse(trial, dear)
                self._tell(trial.number, None, f"not started, {dear}")
                return
            value = self._train(trial, to_the_end=today)
        except SetAside as end:
            self.study.set_aside(trial, str(end))
            said = str(end)
        except Unpromising as end:
            self.study.give_up(trial, TrialState.PRUNED, str(end))
            said = f"pruned, {end}"
        except Exception as error:
            reason = str(error).partition("\n  what to do")[0].replace("\n  ", ", ") or type(error).__name__
            if not isinstance(error, WattcastError):
                reason = f"{type(error).__name__}: {reason}"
            self.study.give_up(trial, TrialState.FAIL, reason)
            said = f"failed, {reason}"
        else:
            self.study.complete(trial, value)
            said = f"score {value:.4f}"
        before = f"going on from trial {trial.user_attrs[BEGAN]}: " if going_on else ""
        self._tell(trial.number, None, before + said)

    def _too_dear_to_start(self, trial: Trial) -> str:
        """Why a trial is too dear in time; empty if it is not.

        Raises:
            Unpromising: it does not fit into memory.
        """
        self.objective.require_memory(trial.params)
        times, limit = self._times(trial.params), self.study.config.trial_timeout
        price, whole = self._price(times, 0), self._whole(times)
        trial.set_user_attr(PRICE, float(f"{price:.4g}"))
        if limit is not None and whole > TOLERANCE * limit:
            return f"it would take about {duration(whole)} of the {duration(limit)} that a trial may take"
        if not self._affordable(price):
            left = duration(max(0.0, self._left()))
            return f"it would take about {duration(price * self.pace)} of the {left} that are left of optuna_timeout"
        return ""

    def _times(self, values: Mapping[str, Value]) -> float:
        """How many times as long as today's a window takes: timed beside as many of today's, once for a shape."""
        shape = self.objective.shape(values)
        times = self.study.timed(shape)
        if times is None:
            today, own = (self.objective.seconds_per_window(each, of_processor=True) for each in (NONE, values))
            times = own / today
            self.study.keep_timed(shape, times)
        return times

    def _train(self, trial: Trial, *, to_the_end: bool) -> float:
        ends, stage, folder = self.study.plan.ends, self.study.stage(trial), self.study.work_folder(trial)
        end = ends[-1] if to_the_end else ends[stage]

        def pause(epoch: int) -> None:
            if end <= epoch < ends[-1]:
                raise SetAside(f"set aside after epoch {epoch}, stage {stage + 1} of {len(ends)}")

        def on_epoch(record: EpochRecord) -> None:
            trial.report(record.val_loss, record.epoch)
            self._tell(trial.number, record, "")
            pause(record.epoch)
            if not to_the_end and trial.should_prune():
                raise Unpromising(f"behind the others after epoch {record.epoch}")

        if stage > 0 or to_the_end:
            price = (self.study.plan.today if to_the_end else
                     self._price(self._times(trial.params), stage, self.study.begin(trial, stage)))
            trial.set_user_attr(PRICE, float(f"{price:.4g}"))
        made = EpochKeeper.recorded(folder)
        for record in made:
            trial.report(record.val_loss, record.epoch)
        if made:
            pause(made[-1].epoch)       # its process was killed before it could say so
        return self.objective.train(trial.params, self.study.plan, folder, on_epoch=on_epoch)

    def _tell(self, number: int, epoch: EpochRecord | None, said: str) -> None:
        if self.on_search is not None:
            self.on_search(progress(self.study, number, epoch, said, self._left()))
