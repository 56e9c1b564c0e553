"""Words in times: names of months and weekdays in several languages, spans `from - to`, and abbreviations of zones."""

import re

import numpy as np
import pandas as pd

_MONTHS = (
    "jan january januar jänner janvier janv enero ene gennaio gen januari janeiro",
    "feb february februar feber février févr fév fevrier fevr febrero febbraio februari fevereiro fev",
    "mar march mär märz mrz maerz mars marzo maart mrt março marco",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei maio",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october okt oktober octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dez dezember décembre déc decembre diciembre dic dicembre dezembro",
)
MONTHS = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}

_WEEKDAYS = """monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun
montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sonnabend sa sonntag so
lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim
lunes martes miércoles mié jueves jue viernes vie sábado sáb domingo dom
lunedì martedì mercoledì giovedì gio venerdì sabato sab domenica
maandag ma dinsdag woensdag wo donderdag vrijdag vr zaterdag za zondag zo"""
_WEEKDAY = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(sorted(_WEEKDAYS.split(), key=len, reverse=True))})(?![^\W\d_])\.?,?"
                      r"|[(（]?(?:星期|周|週)[一二三四五六日天][)）]?", re.IGNORECASE)
"""A name of a weekday; `mar` is left to the months."""
_MONTH = re.compile(r"(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º)?[\s\-/.]*(?:de\s+)?(?P<month>[^\W\d_]{3,})\.?[\s\-/.,]*"
                    r"(?:(?:de|del)\s+)?(?P<year>\d{4}|\d{2}(?!\d))")
_MONTH_FIRST = re.compile(r"(?P<month>[^\W\d_]{3,})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
                          r"(?P<clock>\d{1,2}:\d{2}(?::\d{2})?\s+)?(?P<year>\d{4})")

LAST_CENTURY = 69
"""Years of two digits from here on were before 2000. [years]"""

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_SPAN = re.compile(rf"(?P<start>.*\d.*?{_CLOCK})\s*(?:-|–|—|~|至|bis|to|/)\s*(?P<end>(?:.*\D)?{_CLOCK})\s*")

ALIKE = 0.9
"""Share of the spans that have the usual length."""

ZONES = {"UTC": 0, "GMT": 0, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3,
         "BST": 1, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "AEST": 10,
         "AEDT": 11}
"""Hours from UTC of abbreviations that mean one zone; CST and IST mean several."""
_ZONE = re.compile(rf"\s*\(?(?P<zone>{'|'.join(ZONES)})\)?\s*$")

_OFFSET = re.compile(r"(?P<clock>:\d{2}(?:\.\d+)?|[AaPp]\.?[Mm]\.?)\s*(?:(?P<utc>[zZ])|(?P<sign>[+-])(?P<hours>\d{2}):?"
                     r"(?P<minutes>\d{2})?)\s*$")


def without_ends(texts: pd.Series) -> pd.Series:
    """`00:00 - 00:15` as its start, where all cells are spans of one length; an offset such as `-05:00` is none."""
    first = texts.dropna().iloc[:1]
    if first.empty or not _SPAN.fullmatch(first.iloc[0]):
        return texts
    parts = texts.str.extract(rf"^{_SPAN.pattern}$")
    if parts["start"].isna().any():
        return texts
    start, end = (pd.to_timedelta(parts[side].str.extract(rf"({_CLOCK})\s*$")[0].map(_to_the_second))
                  for side in ("start", "end"))
    length = (end - start) % pd.Timedelta(days=1)
    usual = length.mode().iloc[0]
    # Where clocks change a span may seem longer or shorter.
    alike = usual > pd.Timedelta(0) and (start != start.iloc[0]).any() and (length == usual).mean() > ALIKE
    return parts["start"].rename(texts.name) if alike else texts


def _to_the_second(clock: str) -> str:
    return clock if clock.count(":") == 2 else f"{clock}:00"


def in_digits(texts: pd.Series) -> pd.Series:
    """Without names of weekdays, and names of months as numbers: `15. Februar 2025` is `15.02.2025`."""
    if not texts.str.contains(r"[^\W\d_]", na=False).any():
        return texts
    bare = texts.str.replace(_WEEKDAY, " ", regex=True).str.replace(r"\s+", " ", regex=True).str.strip()
    return bare.str.replace(_MONTH_FIRST, _with_number, regex=True).str.replace(_MONTH, _with_number, regex=True)


def _with_number(match: re.Match[str]) -> str:
    month = MONTHS.get(match["month"].lower())
    if month is None:
        return match[0]
    year = match["year"]
    if len(year) == 2:
        year = f"{19 if int(year) >= LAST_CENTURY else 20}{year}"
    clock = match.groupdict().get("clock") or ""
    return f"{int(match['day']):02}.{month:02}.{year} {clock}".strip()


def zones_behind(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Times without the abbreviations of zones behind them, and these; missing where there is none."""
    found = texts.str.extract(_ZONE)["zone"]
    return (texts if found.isna().all() else texts.str.replace(_ZONE, "", regex=True)), found


def offsets_behind(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Times without the offsets from UTC behind their clocks, and these; NaT where there is none."""
    found = texts.str.extract(_OFFSET)
    hours, minutes = (found[part].fillna("0").astype(int) for part in ("hours", "minutes"))
    size = pd.to_timedelta(hours * 60 + minutes, unit="min") * np.where(found["sign"] == "-", -1, 1)
    there = found["hours"].notna() | found["utc"].notna()
    return (texts.str.replace(_OFFSET, r"\g<clock>", regex=True) if there.any() else texts), size.where(there)
