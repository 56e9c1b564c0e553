import sys
from pathlib import Path

import pytest

from wattcast.errors import MissingExtraError, StoreError
from wattcast.store.disk import DiskStore
from wattcast.store.memory import MemoryStore
from wattcast.store.open import open_store


@pytest.mark.parametrize(("place", "folder"), [
    ("models", "models"), ("disk:models", "models"), ("disk:a:b", "a:b"), ("./x/y", "x/y"),
    (r"C:\models", r"C:\models"), (Path("sqlite:x"), "sqlite:x"), ("DISK:/data/models", "/data/models"),
    (" models\n", "models"), ("'disk:models'", "models"), ("disk:a//b@c", "a/b@c")])
def test_open__a_folder(place: str | Path, folder: str) -> None:
    assert open_store(place) == DiskStore(Path(folder))
    assert open_store(place).place == str(Path(folder))


def test_open__in_memory() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    assert open_store("memory:") is not open_store("memory:")


@pytest.mark.parametrize(("place", "hint"), [
    ("mysql://me:secret@host/db", "postgresql"), ("sqllite:///a.db", "did you mean sqlite:///FILE.db"),
    ("postgres://me:secret@host/db", "did you mean postgresql"), ("http://host", ""), ("memory:x", ""), ("", ""),
    ("disk:", ""), ("postgresql//me:secret@host/db", "before //"), ("://me:secret@host/db", "before //"),
    (" mysql://me:secret@host/db", "postgresql"), ("'mysql://me:secret@host/db'", "postgresql")])
def test_open__no_such_kind_of_store_says_which_there_are_and_no_password(place: str, hint: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(place)
    assert refused.value.exit_code == 2
    assert "sqlite:///" in str(refused.value)
    assert hint in str(refused.value)
    assert "secret" not in str(refused.value)


def test_open__postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match="a store in PostgreSQL needs the package psycopg") as error:
        open_store("postgresql://me:secret@host/db")
    assert "pip install 'wattcast[postgres]'" in str(error.value)
    assert "secret" not in str(error.value)


def test_open__a_database_s_name_with_a_blank_or_quotes(tmp_path: Path) -> None:
    for place in (f" sqlite:///{tmp_path}/a.db", f'"sqlite:///{tmp_path}/a.db"'):
        store = open_store(place)
        assert store.place == f"sqlite:///{tmp_path}/a.db"
        store.close()
