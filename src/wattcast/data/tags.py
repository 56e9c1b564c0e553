"""Rows of several tags, registers or meters in one table, told by a column that names them."""

import pandas as pd

from wattcast.data.quality import times_of
from wattcast.data.schema import spelt
from wattcast.errors import DataError, listing

NAMES = (
    "tag", "tag_name", "point", "point_name", "point_id", "measurement", "field", "variable", "parameter", "entity_id",
    "channel", "sensor", "sensor_id", "series", "series_name", "metric", "obis", "obis_code", "register", "meter_id",
    "meter_no", "meter_number", "meter_name", "device", "device_id", "device_name", "serial_number", "sn", "mpan",
    "nmi", "测点", "测点名称", "点名", "指标", "指标名称", "变量", "表号", "电表编号", "电表号", "户号", "设备编号",
    "设备名称")
"""What a column is called that tells of which tag, register or meter a row is."""
MARKS = ("quality", "quality_code", "data_quality", "qc", "valid", "validity", "status", "value_status", "qualität",
         "güte", "数据质量", "质量", "质量码", "质量标志", "有效性", "状态")
"""What a column is called that tells whether a value is to be believed."""
BAD = ("bad", "invalid", "error", "err", "fault", "failed", "fail", "uncertain", "suspect", "questionable", "not valid",
       "ungültig", "fehler", "gestört", "false", "坏", "坏数据", "无效", "异常", "可疑", "故障", "错误")
"""What it then says, in lower case."""
FEW, MEANINGS = 0.2, 12
"""Share of the rows that are marked otherwise than the others, at most, and how many words a mark may have. [share,
number]"""
OFTEN = 0.1
"""Rows of another one follow each other at this share of all rows where they lie between each other; a meter that was
replaced changes once. [share]"""


def is_tag(column: str) -> bool:
    """Whether a column's name says that it tells of what a row is."""
    return spelt(column, *NAMES)


def is_mark(column: str) -> bool:
    """Whether a column's name says that it tells of what is to be believed."""
    return spelt(column, *MARKS)


def marked(cells: pd.DataFrame) -> list[str]:
    """What to say of rows that their source does not believe itself.

    Args:
        cells: the columns that tell what is to be believed, as texts.
    """
    notes = []
    for column in cells.columns:
        words = cells[column].astype("str").str.strip()
        bad = words[words.str.lower().isin(BAD)]
        if bad.empty and (rare := _rare(words)):
            notes.append(rare)
        if len(bad):
            notes.append(f"the column {column!r} says {listing(map(repr, bad.unique()), limit=4)} of {len(bad)} rows: "
                         "they are used as they are; empty their values in the file, if they are wrong")
    return notes


def _rare(words: pd.Series) -> str | None:
    """What to say where a few rows are marked otherwise than most, in words or numbers whose meaning is their source's;
    numbers may count something, and are few where they do not."""
    often = words.value_counts()
    if not 2 <= len(often) <= MEANINGS or often.iloc[0] < (1 - FEW) * often.sum():
        return None
    others = listing(map(repr, often.index[1:]), limit=4)
    return (f"the column {words.name!r} says {often.index[0]!r} of most rows, {others} of {int(often.iloc[1:].sum())}: "
            "they are used as they are; empty their values in the file, if they are wrong")


def require_one_tag(cells: pd.DataFrame, times: pd.DatetimeIndex, source: str) -> None:
    """Nothing, unless rows of several tags lie between each other: their mean is the power of none.

    Args:
        cells: the columns that tell of what a row is, as texts.
        times: of the rows, in their order.
        source: what to call it in messages.

    Raises:
        DataError: with the names of the column and of the tags.
    """
    for column in cells.columns:
        tags = cells[column].set_axis(times.rename("time")).dropna().sort_index(kind="stable")
        if (tags != tags.shift()).sum() - 1 < OFTEN * len(tags) or tags.nunique() < 2:
            continue
        raise DataError(f"{source}: the rows are of several series, as their column {column!r} says",
                        found=f"{listing(tags.unique(), limit=8)}, from {times_of(tags)[0]:%Y-%m-%d %H:%M} on",
                        expected="rows of the station's power alone",
                        hint=f"name that column ({column}) under data.station_column and the one of them that is the "
                             "power under data.station; if later rows correct earlier ones: --set data.overlap=later")
