"""What a folder holds: stations as the predecessor kept them, folders of tables, and tables beside each other."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from wattcast.data.files import dated_files, tables_in
from wattcast.data.folders import forecast_files, has_forecasts, month_files, station_folders
from wattcast.data.schema import DataConfig
from wattcast.data.tables import SAVE_IT, SUFFIXES, is_other_form
from wattcast.errors import DataError, listing


@dataclass(frozen=True)
class Contents:
    """What is read of a folder.

    Attributes:
        path: the folder.
        stations: folders of the predecessor, by their stations.
        nested: tables of folders that are stations, by these.
        loose: tables that lie in the folder itself.
        unseen: what is not read and perhaps was meant to be, and why.
    """

    path: Path
    stations: dict[str, Path]
    nested: dict[str, list[Path]]
    loose: list[Path]
    unseen: dict[str, str] = field(default_factory=dict)

    @property
    def mixed(self) -> bool:
        """Whether there is more than one kind."""
        return sum(map(bool, (self.stations, self.nested, self.loose))) > 1

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read.

        Raises:
            DataError: that is nothing.
        """
        found = (*(file for folder in self.stations.values() for file in own_files(folder)),
                 *(file for files in self.nested.values() for file in files), *self.loose)
        if not found:
            raise DataError(f"there is no station in the folder {self.path}",
                            found=listing(sorted(entry.name for entry in self.path.iterdir())),
                            expected=f"<id>/data/data-<id>-YYYY-MM.csv, or files that end in {', '.join(SUFFIXES)}")
        return found


def contents_of(path: Path, config: DataConfig, known: Collection[str] = ()) -> Contents:
    """What a folder holds.

    Of what lies beside each other only one kind is read, the predecessor's folders before tables and these before
    folders of tables; but where stations are `known`, tables are read beside all of them, and so are the folders that
    are called like one.
    """
    stations = station_folders(path, known)
    if path.resolve() in stations.values():
        return Contents(path, stations, {}, [])
    loose = tables_in(path, config) if config.folder == "stations" else dated_files(path, config)
    read = {file.relative_to(path).parts[0] for file in loose}
    others = [entry for entry in sorted(path.iterdir())
              if entry.is_dir() and entry.name not in stations and not entry.name.startswith(".")]
    folders = {entry.name: files for entry in others if (files := tables_in(entry, config))}
    nested = {name: files for name, files in folders.items() if name in known or not (stations or loose)}
    unseen = {entry.name: "no station is known by that name" for entry in others
              if entry.name not in {*nested, *read} and (entry.name in folders or has_forecasts(entry))}
    unseen |= {str(file.relative_to(path)): SAVE_IT
               for folder in (path, *others) for file in sorted(folder.iterdir()) if is_other_form(file)}
    return Contents(path, stations, nested, loose if known or not stations else [], unseen)


def own_files(folder: Path) -> tuple[Path, ...]:
    """All that the predecessor keeps of a station."""
    return (*month_files(folder), *forecast_files(folder))
