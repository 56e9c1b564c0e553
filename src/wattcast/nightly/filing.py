"""The files of a night: one for each station, and one with all of them."""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from wattcast.errors import ConfigError, listing
from wattcast.forecasting.output import require_table_name, write_forecasts
from wattcast.settings import NightlyConfig
from wattcast.store.files import sha256

PLACES = {"station", "date"}


@dataclass(frozen=True)
class Filing:
    """Where a night's files go.

    Attributes:
        folder: for all nights.
        night: the day, such as `2025-05-16`.
        file: pattern of a station's.
        together: pattern of the one with all; None where none is wanted.
        dry: nothing is written.
    """

    folder: Path
    night: str
    file: str
    together: str | None
    dry: bool = False

    @classmethod
    def of(cls, config: NightlyConfig, night: str, *, dry: bool = False) -> Self:
        """As the settings want it.

        Raises:
            ConfigError: a pattern that is not one, or does not tell stations apart.
        """
        _require_pattern("nightly.filed_as", config.filed_as, {"station"})
        if config.together is not None:
            _require_pattern("nightly.together", config.together, set())
        return cls(Path(config.filed), night, config.filed_as, config.together, dry)

    @property
    def ledger(self) -> Path:
        return self.folder / ".nights" / f"{self.night}.jsonl"

    @property
    def lock(self) -> Path:
        return self.folder / ".nights" / "lock"

    def path(self, station_id: str) -> Path:
        return self.folder / self.file.format(station=station_id, date=self.night)

    def write(self, station_id: str, table: pd.DataFrame) -> tuple[Path, str]:
        """A station's file, whole, and the SHA-256 of its bytes.

        Raises:
            DataError: the place cannot be written to.
        """
        path = self.path(station_id)
        if self.dry:
            return path, ""
        write_forecasts([table], path)
        return path, sha256(path.read_bytes())

    def write_together(self, files: Iterable[Path]) -> Path | None:
        """All stations' rows in one file, from the files of each; None where none is wanted or there are no files."""
        if self.dry or self.together is None:
            return None
        tables = [_read_back(path) for path in files]
        if not tables:
            return None
        path = self.folder / self.together.format(station="", date=self.night)
        write_forecasts(tables, path)
        return path


def holds(path: str | Path, digest: str) -> bool:
    """Whether the file is there and is still what it was."""
    try:
        return sha256(Path(path).read_bytes()) == digest
    except OSError:
        return False


def _require_pattern(key: str, pattern: str, needed: set[str]) -> None:
    try:
        fields = [part for part in string.Formatter().parse(pattern) if part[1] is not None]
    except ValueError as error:
        raise ConfigError(f"{key} is not a pattern", found=f"{pattern!r}: {error}") from None
    found = {str(name) for _, name, _, _ in fields}
    if unknown := found - PLACES:
        raise ConfigError(f"{key} names what is not known", found=listing(sorted(unknown)),
                          expected="{station}, {date}")
    # A format could fail in the night, or cut names until two stations share a file.
    if any(format_ or conversion for _, _, format_, conversion in fields):
        raise ConfigError(f"{key} formats what it names", found=repr(pattern),
                          expected="{station} and {date} as they are, such as 2025-05-16")
    if absent := needed - found:
        raise ConfigError(f"{key} does not tell stations apart", found=repr(pattern),
                          expected=f"{{{absent.pop()}}} in it")
    require_table_name(Path(pattern))


def _read_back(path: Path) -> pd.DataFrame:
    """As it was written: texts of a CSV stay texts."""
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype="str", keep_default_na=False)
