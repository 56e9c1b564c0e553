"""Cells to numbers and codes."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.head import unit_in
from wattcast.errors import DataError, listing

NO_VALUE = ("", "-", "--", "—", "/", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "<na>", "\\n", "无", "缺失")
"""Texts that say that there is no value, in lower case."""

NO_NUMBER = (*NO_VALUE, "n.a.", "n.a", "n/d", "nd", "n.d.", "n/e", "?", "??", "???", "*", "**", "***", "---", "----",
             "–", ".",
             "unavailable", "unknown", "not available", "missing", "no data", "nodata", "no value", "void", "invalid",
             "bad", "bad value", "bad input", "no good data", "i/o timeout", "pt created", "comm fail", "scan off",
             "calc failed", "intf shut", "shutdown", "configure", "null value", "<null>",
             "not a number", "1.#qnan", "1.#ind", "-1.#ind", "k.a.", "n.v.", "keine daten", "kein wert", "over range",
             "under range", "error", "err", "fault", "failed", "timeout", "no reading", "(null)", "无效", "无效值",
             "无数据", "空", "故障", "异常", "坏值", "缺测", "超时", "未知", "错误", "暂无", "暂无数据", "离线",
             "通讯中断", "欠測", "1.#inf", "+1.#inf", "-1.#inf", "1.#j", "-1.#j", "1.#snan", "bad data", "not connect",
             "not connected", "n/v", "#", "//", "///", "////", "tbd", "采集失败", "未采集", "无读数", "无值", "空值",
             "数据缺失", "通信中断", "通讯故障", "通信故障")
"""Texts that meters, historians and spreadsheets write for a reading that there is not, in lower case. A category may
well be called so."""

FAULT = r"#[¡¿]?[^\W\d]+(?:/[\dav])?[!?]?|\[-\d+\].*"
"""Errors of spreadsheets in any language (`#VALUE!`, `#NV`, `#¡DIV/0!`) and of historians (`[-11059] …`)."""
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"

TRUTH = {"true": 1.0, "false": 0.0}


def to_numbers(cells: pd.Series, place: Callable[[int], str], missing: Iterable[str] = (),
               ) -> npt.NDArray[np.float64]:
    """Numbers, NaN where a cell is empty, says so (`NA`, `-`, `unavailable`, …) or is not finite.

    Args:
        cells: one column; its name is used in messages.
        place: where the row with a label of `cells.index` stands.
        missing: further texts that stand for no value.

    Raises:
        DataError: a cell holds a text or a time.
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        numbers = cells.to_numpy(dtype=float, na_value=np.nan)
    else:
        numbers = _parse(cells.astype("str"), place, missing)
    finite = np.isfinite(numbers)
    return numbers if finite.all() else np.where(finite, numbers, np.nan)


def _parse(texts: pd.Series, place: Callable[[int], str], missing: Iterable[str]) -> npt.NDArray[np.float64]:
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    if numbers.isna().any():
        # Keyboards in East Asia have digits of their own.
        texts = _without_unit(texts.str.normalize("NFKC"))
        numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    doubtful = texts[numbers.isna() & texts.notna()].str.strip().str.lower()
    truth = doubtful.map(TRUTH).astype(float)
    known = {*NO_NUMBER, *(word.strip().lower() for word in missing)}
    nothing = doubtful.isin(known) | doubtful.str.fullmatch(FAULT)
    wrong = texts.loc[doubtful.index[truth.isna() & ~nothing]]
    if len(wrong):
        raise DataError(f"{place(int(wrong.index[0]))}: the column {texts.name!r} should hold numbers",
                        found=f"{wrong.iloc[0]!r}; in {len(wrong)} rows: {listing(map(repr, wrong.unique()), limit=5)}",
                        expected="a number, or an empty cell where there is no value",
                        hint="correct them; words that stand for no value can be listed in data.missing_words; a "
                             "column of codes or texts belongs under data.categorical")
    numbers.loc[doubtful.index] = truth
    return np.asarray(numbers, dtype=np.float64)


def _without_unit(texts: pd.Series) -> pd.Series:
    """The texts without the unit that stands behind their numbers (`12.5 kW`), if it is one and the same."""
    parts = texts.str.extract(rf"^\s*({NUMBER})\s*([^\s\d.,]\S*)\s*$")
    units = parts[1].dropna().unique()
    # A number without it may be in another one, unless it is zero.
    without = pd.to_numeric(texts[parts[1].isna()], errors="coerce")
    if len(units) != 1 or unit_in(str(units[0])) is None or (without.notna() & (without != 0)).any():
        return texts
    return parts[0].fillna(texts).astype("str").rename(texts.name)


def to_codes(cells: pd.Series, missing: Iterable[str] = ()) -> pd.Series:
    """Texts (dtype `str`) without blanks around them, missing where a cell is empty, says so or is one of `missing`.

    A whole number loses its `.0`, which it only has because the column was read as numbers once.
    """
    positions, distinct = pd.factorize(cells.astype("str"))
    texts = pd.Series(distinct, dtype="str").str.strip().str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
    texts = texts.mask(texts.str.lower().isin({*NO_VALUE, *(word.strip().lower() for word in missing)}))
    return pd.Series(texts.array.take(positions, allow_fill=True), index=cells.index, name=cells.name)
