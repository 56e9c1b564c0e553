"""A bundle as a folder of files, written aside and renamed."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wattcast.experts.trained import TrainedModel
from wattcast.store.bundle import bundle_files, load_bundle, manifest_in
from wattcast.store.files import cannot_write, occupied, write_once


class FolderFiles(Mapping[str, bytes]):
    """What is in the files of a folder, by their names, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in sorted(self.folder.glob("*")) if path.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def size(self) -> int:
        """Of all of them [bytes]."""
        return occupied(self.folder / name for name in self)


def save_folder(folder: Path, model: TrainedModel, metrics: dict[str, Any], **told: Any) -> None:
    """Write `model` as the new folder `folder`, all of it or nothing.

    Args:
        folder: must not exist.
        model: what was fitted.
        metrics: its evaluation.
        told: further arguments of `bundle.bundle_files`.

    Raises:
        DataError: the place cannot be written to.
    """
    write_folder(folder, bundle_files(model, metrics, **told))


def write_folder(folder: Path, files: Mapping[str, bytes], like: Path | None = None) -> None:
    """Write a model's files as the new folder `folder`, all of them or none.

    Args:
        folder: must not exist.
        files: by their names.
        like: a folder in which some may lie already: these are links to them, and take no room.

    Raises:
        DataError: the place cannot be written to.
    """
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        aside.mkdir(parents=True)
        there = {} if like is None else {content: like / name for name, content in FolderFiles(like).items()}
        for name, content in files.items():
            write_once(aside / name, content, there.setdefault(content, aside / name))
        os.replace(aside, folder)
    except OSError as error:
        raise cannot_write(folder, error, what="the model to ") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load_folder(folder: Path) -> TrainedModel:
    """The model in `folder`, after every hash was checked.

    Raises:
        BundleError: missing or damaged.
    """
    return load_bundle(FolderFiles(folder), str(folder))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The checked manifest of the bundle in `folder`.

    Raises:
        BundleError: missing, damaged, or written by a newer version.
    """
    return manifest_in(FolderFiles(folder), str(folder))
