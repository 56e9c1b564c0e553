import errno
import hashlib
import os
from pathlib import Path

import pytest

from wattcast.errors import DataError
from wattcast.store.files import sha256, write_json, write_text, written_aside


def test_written_aside__appears_only_when_it_is_whole(tmp_path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    with written_aside(path) as aside:
        aside.write_text("half")
        assert aside.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_written_aside__leaves_the_old_file_when_the_block_fails(tmp_path, error: BaseException) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with written_aside(path) as aside:
            aside.write_text("new")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_text__has_names_of_any_bytes(tmp_path) -> None:
    write_text(tmp_path / "page.html", "站 of north_\udce9.csv")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "站 of north_\\udce9.csv"


def test_written_aside__puts_no_file_in_the_place_of_a_pipe_or_a_device(tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    write_text(pipe, "whole")
    assert os.read(reader, 9) == b"whole"
    os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO])
def test_written_aside__says_why_it_cannot_be_written(tmp_path, monkeypatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    path = tmp_path / "file.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DataError, match=f"cannot write {path}") as caught:
        write_text(path, "new")
    assert caught.value.found == os.strerror(code)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_aside__below_a_file_or_over_a_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "x", tmp_path / "file" / "x" / "y", tmp_path / "folder"):
        with pytest.raises(DataError, match="cannot write"):
            write_text(path, "text")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_write_json__keeps_chinese_and_ends_with_a_line(tmp_path) -> None:
    write_json(tmp_path / "a.json", {"text": "晴"})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "text": "晴"\n}\n'.encode()


def test_write_json__leaves_the_old_file_when_a_value_is_no_json(tmp_path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, {"path": Path("x")})
    assert path.read_text() == "1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_sha256() -> None:
    assert sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()
