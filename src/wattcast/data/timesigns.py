"""Signs and words around the parts of a time, brought into one spelling; years of other calendars, into ours."""

import re

import pandas as pd

_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_CLOCK = r"\d{1,2}:\d{2}"

RULES = (
    (r"[\s\u00a0\u202f\u3000\ufeff]+", " "),
    # 2025年5月20日, 2025년 5월 20일; 2025. 5. 20. and 20. 5. 2025
    (r"^ ?(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號] ?", r"\1-\2-\3 "),
    (r"^ ?(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?(?: |$)", r"\1-\2-\3 "),
    (r"^ ?(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})\.?(?: |$)", r"\1.\2.\3 "),
    # 00时15分30秒, 00h15, 0.15, 00-15-00
    (r"(\d{1,2}) ?[时時点點시] ?(\d{1,2}) ?[分분] ?(\d{1,2}) ?[秒초] ?$", r"\1:\2:\3"),
    (r"(\d{1,2}) ?[时時点點시] ?(\d{1,2}) ?[分분] ?$", r"\1:\2"),
    (r"(\d{1,2}) ?[时時点點시] ?$", r"\1:00"),
    (r"(\d{1,2}) ?[hH] ?(\d{2}) ?(?:min|mn|m)? ?$", r"\1:\2"),
    (rf"^({_DATE}) (\d{{1,2}})\.(\d{{2}})\.(\d{{2}}) ?$", r"\1 \2:\3:\4"),
    (rf"^({_DATE}) (\d{{1,2}})\.(\d{{2}}) ?$", r"\1 \2:\3"),
    (rf"^({_DATE}) (\d{{1,2}})-(\d{{2}})-(\d{{2}}) ?$", r"\1 \2:\3:\4"),
    # what stands between the date and the clock, and behind both
    (rf",? (?:at|um|om|à|a las|alle|klo|kl\.?) (?={_CLOCK})", " "),
    (rf" ?[,;@|] ?(?={_CLOCK})", " "),
    (r"^ ?(\d{8})[T_: -](\d{2})(\d{2})(\d{2}) ?$", r"\1 \2:\3:\4"),
    (r"^ ?(\d{8})[T_: -](\d{2})(\d{2}) ?$", r"\1 \2:\3"),
    (rf"^ ?({_DATE}|\d{{8}})[_:-](?={_CLOCK})", r"\1 "),
    (r"(:\d{2}) ?(?:Uhr|hrs?|h)\.? ?$", r"\1"),
    (r"([+-]\d{2}:?\d{2}) ?(?:\([^)]*\)|\[[^\]]*\]|[A-Z]{3,5}) ?$", r"\1"),
    # parts of seconds; the two hours of a night in autumn, by their order
    (r"(:\d{2}),(\d+) ?$", r"\1.\2"),
    (r"(\d)[AB](:\d{2})", r"\1\2"),
    # AM and PM behind the clock, UTC as an offset
    (r" ?([AaPp])\.? ?[Mm]\.? ?$", r" \1M"),
    (r" ?(?:上午|午前|오전|凌晨|清晨|早晨|早上|中午(?= ?11)) ?(\d[\d:]*) ?$", r" \1 AM"),
    (r" ?(?:下午|午後|오후|中午|傍晚|晚上) ?(\d[\d:]*) ?$", r" \1 PM"),
    (r" ?(?:UTC|GMT) ?([+-]\d{1,2}(?::?\d{2})?) ?$", r"\1"),
    (r"(\d)([+-])(\d) ?$", r"\1\g<2>0\3"),
)
"""Patterns and what they become, one after the other."""

MINGUO, REIWA, BUDDHIST = 1911, 2018, -543
"""What the years of Taiwan, of Japan since 2019 and of Thailand are counted from. [years]"""
ERAS = (
    (re.compile(r"^\s*(?:民[国國]\s*)?(1\d\d)(?=\s*[-/.年]\s*\d{1,2}\s*[-/.月])"), MINGUO, "1911 (Minguo)"),
    (re.compile(r"^\s*(?:令和|R)\s*(\d{1,2})(?=\s*[-/.年]\s*\d{1,2}\s*[-/.月])"), REIWA, "2018 (Reiwa)"),
    (re.compile(r"(?:(?<=^)|(?<=[-/.]))(25[4-9]\d)(?=[-/.\s]|$)"), BUDDHIST, "543 years before ours (Buddhist)"),
)
"""How these years are written, and what they are called."""


def tidy(texts: pd.Series) -> pd.Series:
    """The texts by `RULES`, without blanks around them."""
    for pattern, written in RULES:
        texts = texts.str.replace(pattern, written, regex=True)
    return texts.str.strip()


def in_our_years(texts: pd.Series) -> tuple[pd.Series, str | None]:
    """The texts with years of our calendar, and what was taken for years of another one, if all of them have such."""
    filled = texts.dropna()
    for pattern, begin, name in ERAS:
        if filled.empty or not pattern.search(filled.iloc[0]):
            continue
        ours = filled.str.replace(pattern, lambda match, begin=begin: str(int(match[1]) + begin), regex=True)
        if (ours != filled).all():
            return ours.reindex(texts.index), f"years are counted from {name}"
    return texts, None
