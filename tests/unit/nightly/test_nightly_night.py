from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from made_up_night import of

from wattcast.errors import InputError
from wattcast.nightly.night import Night
from wattcast.nightly.summary import Light
from wattcast.nightly.work import CameIn


def test_night__files_every_station_before_the_first_fine_tuning(a_night, work) -> None:
    work.needy = work.names
    a_night()
    first = next(at for at, what in enumerate(work.done) if what.startswith("finetune"))
    assert [what for what in work.done[:first] if what.startswith("champion")] == [
        f"champion of {name}" for name in work.names]


def test_night__takes_one_rung_after_the_other_and_tells_why(a_night, work) -> None:
    work.broken = {"south": ("champion", "previous"), "west": ("champion", "previous", "base", "last_week")}
    summary = a_night()
    south, west = of(summary, "south"), of(summary, "west")
    assert (south.light, south.fallback, south.made_by) == (Light.AMBER, "base", "by base")
    assert south.reasons == ("the champion: the champion is damaged", "the previous: the previous is damaged")
    assert (west.light, west.file) == (Light.RED, None)
    assert "the last_week is damaged" in " ".join(west.reasons)
    assert [each.station_id for each in summary.stations] == ["west", "south", "north"]
    assert summary.exit_code == 1
    assert ("south", "base") in work.kept


def test_night__ends_with_3_where_something_stood_in(a_night, work) -> None:
    work.broken = {"south": ("champion",)}
    assert a_night().exit_code == 3
    assert "1 of them" in a_night().verdict


def test_night__twice_is_once(a_night, work) -> None:
    work.needy = ("north",)
    first = a_night(inbox=("incoming",))
    done, kept = len(work.done), len(work.kept)
    second = a_night(inbox=("incoming",))
    assert work.done[done:] == ["take in incoming"]
    assert len(work.kept) == kept
    assert second.stations == first.stations


def test_night__a_station_that_fell_back_is_not_fine_tuned_twice(a_night, work) -> None:
    work.broken, work.needy = {"south": ("champion",)}, ("south",)
    a_night()
    a_night()
    assert work.done.count("finetune south") == 1
    assert work.done.count("review south") == 1
    assert work.done.count("champion of south") == 2


def test_night__new_rows_are_worth_another_forecast(a_night, work) -> None:
    a_night()
    work.rows = "more rows"
    done = len(work.done)
    a_night()
    assert "champion of north" in work.done[done:]


def test_night__a_file_that_went_or_was_changed_is_written_again(a_night, tmp_path: Path) -> None:
    a_night()
    path = tmp_path / "filed" / "2025-05-16" / "north.csv"
    whole = path.read_bytes()
    path.write_text("half")
    a_night()
    assert path.read_bytes() == whole


def test_night__another_name_for_the_files_is_worth_another_file(a_night, tmp_path: Path) -> None:
    a_night()
    north = of(a_night(filed_as="latest/{station}.csv"), "north")
    assert north.file == str(tmp_path / "filed" / "latest" / "north.csv")


def test_night__a_champion_that_stood_aside_is_asked_again(a_night, work) -> None:
    work.broken = {"south": ("champion",)}
    a_night()
    work.broken = {}
    assert of(a_night(), "south").light is Light.OK


def test_night__looks_once_more_only_after_the_others_have_a_file(a_night, work) -> None:
    work.broken = {"north": ("champion",)}
    Path(of(a_night(), "west").file).unlink()
    done = len(work.done)
    a_night()
    assert work.done[done] == "champion of west"


def test_night__keeps_the_file_where_nothing_can_be_made_anew(a_night, work, tmp_path: Path) -> None:
    a_night()
    work.rows, work.broken = "more", {"south": ("champion", "previous", "base", "last_week")}
    south = of(a_night(), "south")
    assert south.file == str(tmp_path / "filed" / "2025-05-16" / "south.csv")
    assert south.light is Light.AMBER


def test_night__keeps_a_forecast_later_that_could_not_be_kept(a_night, work) -> None:
    work.unkept = ("south",)
    assert of(a_night(), "south").reasons == ("the forecast is filed and not kept to be compared: no room",)
    assert "south" not in dict(work.kept)
    work.unkept = ()
    assert of(a_night(), "south").light is Light.OK
    assert "south" in dict(work.kept)
    assert len(work.kept) == 3


def test_night__fine_tunes_the_worst_first_within_its_budget(a_night, work) -> None:
    work.needy, work.skills = work.names, {"north": 0.2, "south": -0.3, "west": 0.1}
    summary = a_night(finetune_minutes=2.5, prices={"north": 50.0, "south": 40.0, "west": 60.0})
    assert [what for what in work.done if what.startswith("finetune")] == ["finetune south", "finetune west"]
    assert "not begun: it may take" in of(summary, "north").finetuning
    assert of(summary, "north").light is Light.OK


def test_night__a_fine_tuning_stops_at_the_deadline(a_night, work) -> None:
    work.needy = ("north",)
    summary = a_night(minutes=0.5, prices={"north": 5.0})
    assert "the deadline came, 02:30; it begins anew in a night with more time" in of(summary, "north").finetuning
    assert summary.remarks == ("the deadline was 02:30; not begun: finetune of 2 stations, if it is due, prune of 3 "
                               "stations",)


@pytest.mark.parametrize("time", [{"minutes": 0.5}, {"finetune_minutes": 0.5}])
def test_night__a_fine_tuning_that_was_stopped_is_not_begun_again_in_as_short_a_night(a_night, work, ticks,
                                                                                      time: dict[str, float]) -> None:
    work.needy = ("north",)
    nights: list[Night] = []
    stopped = a_night(**time, nights=nights)
    assert "due, and stopped: the " in of(stopped, "north").finetuning
    assert ticks.seconds <= 33      # three forecasts, and 30 s of the minute that it takes
    prices = nights[0].finetune_seconds()
    assert 20 <= prices["north"] <= 30
    again = a_night(**time, prices=prices, day="2025-05-17")
    assert "due, and not begun: it may take" in of(again, "north").finetuning
    a_night(minutes=2, prices=prices, day="2025-05-18")
    assert work.done.count("finetune north") == 2


def test_night__past_its_deadline_every_station_still_has_its_champions_file(a_night, work) -> None:
    summary = a_night(minutes=-60)
    assert {each.fallback for each in summary.stations} == {None}
    assert all(Path(each.file).exists() for each in summary.stations)
    assert not [what for what in work.done if "review" in what or "finetune" in what]
    assert "review of 3 stations" in summary.remarks[0]


def test_night__files_last_weeks_values_where_time_runs_out(a_night, work) -> None:
    summary = a_night(minutes=2.5 / 60)
    assert [of(summary, name).fallback for name in work.names] == [None, "last_week", None]
    assert "the deadline is 02:30" in of(summary, "south").reasons[0]
    assert a_night().exit_code == 0


def test_night__what_came_in_is_told_and_stays_told(a_night, work) -> None:
    work.came = CameIn({"north": [("flat_line", "it stuck"), ("dst", "an hour")]}, {"south": "other columns"},
                       ["x.csv has no station"])
    summary = a_night(inbox=("incoming",))
    assert (of(summary, "north").reasons, of(summary, "north").notes) == (("it stuck",), ("an hour",))
    assert of(summary, "south").reasons == ("not taken in: other columns",)
    assert summary.remarks == ("x.csv has no station",)
    work.came = CameIn()
    assert of(a_night(inbox=("incoming",)), "north").reasons == ("it stuck",)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_night__what_one_place_brings_does_not_hide_what_another_one_did_not(a_night, work, monkeypatch,
                                                                            order: tuple[str, str]) -> None:
    came = {"a": CameIn({"north": [("gap", "a hole")]}, {"south": "other columns"}),
            "b": CameIn({"north": [("flat_line", "it stuck")], "south": [("dst", "an hour")]}, {"north": "a text"})}
    monkeypatch.setattr(type(work), "take_in", lambda _, place: came[place])
    for _ in range(2):
        summary = a_night(inbox=order)
        assert of(summary, "south").reasons == ("not taken in: other columns",)
        assert of(summary, "south").notes == ("an hour",)
        assert sorted(of(summary, "north").reasons) == ["a hole", "it stuck", "not taken in: a text"]
    came |= {"a": CameIn({"south": []}), "b": CameIn({"south": []})}
    assert of(a_night(inbox=order), "south").reasons == ()


def test_night__a_first_one_in_which_all_is_refused_names_what_was(a_night, work, monkeypatch) -> None:
    def none(_: object) -> None:
        raise InputError("nothing is kept", hint="take it in")
    work.came = CameIn(refused={"new": "new.csv has no power"}, remarks=("x.csv waits",))
    monkeypatch.setattr(type(work), "stations", none)
    with pytest.raises(InputError, match="nothing is kept") as refused:
        a_night(inbox=("incoming",))
    assert (refused.value.found, refused.value.hint) == ("x.csv waits; new: new.csv has no power", "take it in")


def test_night__a_step_that_fails_is_told_and_ends_nothing(a_night, work) -> None:
    def at(what: str) -> None:
        if what in ("review south", "prune north"):
            raise ValueError("odd")
    work.at = at
    summary = a_night()
    assert of(summary, "south").reasons == ("review: unexpected ValueError: odd",)
    assert of(summary, "north").reasons == ("prune: unexpected ValueError: odd",)


class Killed(BaseException):
    """As the process would end: nothing of ours sees it."""


def _killing(at: int) -> Callable[[str], None]:
    """Ends the program before the piece of work with that number."""
    numbers = count()

    def kill(_: str) -> None:
        if next(numbers) == at:
            raise Killed
    return kill


PIECES = 1 + 3 + 3 + 1 + 3
"""Take in, forecasts, reviews, a fine-tuning, prunings."""


@pytest.mark.parametrize("at", range(PIECES))
def test_night__killed_at_any_piece_of_work_it_loses_and_repeats_nothing(a_night, work, at: int) -> None:
    work.needy, work.at = ("south",), _killing(at)
    with pytest.raises(Killed):
        a_night(inbox=("incoming",))
    work.at = lambda _: None
    assert a_night(inbox=("incoming",)).exit_code == 0
    done = [what for what in work.done if what != "take in incoming"]
    assert len(done) == len(set(done)) == PIECES - 1
    assert sorted(work.kept) == [("north", None), ("south", None), ("west", None)]


def test_night__what_ends_the_program_each_time_is_left_out(a_night, work) -> None:
    def kill(what: str) -> None:
        if what == "champion of south":
            raise Killed
    work.at = kill
    for _ in range(3):
        with pytest.raises(Killed):
            a_night()
    south = of(a_night(), "south")
    assert south.fallback == "previous"
    assert "the program ended with it" in south.reasons[0]
    assert of(a_night(), "south").fallback == "previous"


def test_night__tells_what_earlier_ones_refused_until_it_has_come(a_night, work) -> None:
    work.never_came = {"south": ["s.csv was not taken in: its rows of 2025-05-14 have not come since"]}
    work.came = CameIn({"south": [("corrected", "2 rows")]})
    south = of(a_night(inbox=("incoming",)), "south")
    assert (south.light, south.reasons, south.notes) == (Light.AMBER, tuple(work.never_came["south"]), ("2 rows",))
    assert of(a_night(inbox=("incoming",)), "south") == south
    work.never_came = {}
    south = of(a_night(inbox=("incoming",)), "south")
    assert (south.light, south.reasons, south.notes) == (Light.OK, (), ("2 rows",))


def test_night__that_cannot_tell_what_was_refused_goes_on(a_night, work, monkeypatch) -> None:
    def fail() -> dict[str, list[str]]:
        raise OSError("the disk is gone")

    monkeypatch.setattr(work, "missed", fail)
    summary = a_night()
    assert of(summary, "north").light is Light.OK
    assert summary.remarks[0].startswith("whether days of refused files have come is not known: ")
