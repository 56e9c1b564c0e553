"""Given columns as numbers: quantities as they are, wind directions as sine and cosine, categories one-hot."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MAX_CATEGORIES = 12
"""Codes or texts of a column that get an input of their own, the most frequent ones; the others share one.
[number]"""
OTHER = "other"

_DIRECTION = re.compile(r"wind360|(wd|wind_?dir(ection)?|wind_?deg(rees?)?)(_?\d+m?)?|风向")


@dataclass(frozen=True)
class ColumnEncoder:
    """How each column of a table becomes one or more numeric columns; the same for every table after it was fitted.

    Attributes:
        columns: in the order in which they are encoded.
        vocabulary: for each categorical column the categories with a place of their own. Any other category goes to
            `other`, so that one never seen before moves nothing.
    """

    columns: tuple[str, ...]
    vocabulary: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, columns: Sequence[str], categorical: Sequence[str], tables: Sequence[pd.DataFrame]) -> "ColumnEncoder":
        """Learn the most frequent categories of the given rows; `tables` may lack columns."""
        vocabulary = {}
        for column in (name for name in columns if name in categorical):
            counts: Counter[str] = Counter()
            for table in tables:
                if column in table:
                    codes, categories = _categories(table[column])
                    counts.update(dict(zip(categories, np.bincount(codes + 1, minlength=1)[1:].tolist(), strict=True)))
            ranked = sorted(counts, key=lambda category: (-counts[category], category))
            vocabulary[column] = tuple(ranked[:MAX_CATEGORIES])
        return cls(tuple(columns), vocabulary)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the encoded columns: `temperature`, `winddeg_sin`, `text=晴`, `text=other`."""
        return tuple(name for column in self.columns for name in self.names_of(column))

    def names_of(self, column: str) -> list[str]:
        """Those that one of the columns becomes."""
        if column in self.vocabulary:
            return [f"{column}={category}" for category in (*self.vocabulary[column], OTHER)]
        return [f"{column}_sin", f"{column}_cos"] if is_direction(column) else [column]

    def encode(self, table: pd.DataFrame) -> NDArray[np.float32]:
        """`[T, len(names)]`; NaN in all columns of a value that is missing, and of a column that `table` lacks."""
        parts = [self._encode(table[column]) if column in table
                 else np.full((len(table), len(self.names_of(column))), np.nan, np.float32) for column in self.columns]
        return np.concatenate([np.empty((len(table), 0), np.float32), *parts], 1)

    def unknown(self, frame: pd.DataFrame) -> dict[str, list[str]]:
        """Of each categorical column the categories that have no place, unless there were too many for each to have."""
        found = {column: sorted(set(_categories(frame[column].dropna())[1]) - set(words))
                 for column, words in self.vocabulary.items() if len(words) < MAX_CATEGORIES}
        return {column: words for column, words in found.items() if words}

    def _encode(self, values: pd.Series) -> NDArray[np.float32]:
        column = str(values.name)
        if column in self.vocabulary:
            return _one_hot(values, self.vocabulary[column])
        numbers: NDArray[np.float32] = values.to_numpy(np.float32, na_value=np.nan)
        if not is_direction(column):
            return numbers[:, None]
        angle = np.deg2rad(numbers)
        return np.stack([np.sin(angle), np.cos(angle)], 1)


def is_direction(column: str) -> bool:
    """Whether a name says wind direction in degrees: `winddeg`, `wd`, `wind_direction`, `windDirection_100m` …"""
    return _DIRECTION.fullmatch(column.lower()) is not None


def _one_hot(values: pd.Series, vocabulary: tuple[str, ...]) -> NDArray[np.float32]:
    codes, categories = _categories(values)
    place = {category: position for position, category in enumerate(vocabulary)}
    rows = np.zeros((len(categories) + 1, len(vocabulary) + 1), np.float32)
    for code, category in enumerate(categories):
        rows[code, place.get(category, len(vocabulary))] = 1
    rows[-1] = np.nan                     # code -1: missing
    return rows[codes]


def _categories(values: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """A code for each row (-1 where missing) and the spelling of each code.

    One file may hold `100` where another, with gaps in the column, was read as `100.0`: they are the same category.
    """
    codes, uniques = pd.factorize(values)
    spellings = [re.sub(r"^(-?\d+)\.0+$", r"\1", str(unique).strip()) for unique in uniques]
    distinct = list(dict.fromkeys(spellings))
    merged = np.asarray([*(distinct.index(spelling) for spelling in spellings), -1], np.intp)
    return merged[codes], distinct
