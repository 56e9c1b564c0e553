"""Tests that need PostgreSQL's server are skipped where it is not installed, and fail where it must be."""

import pytest

import postgres


@pytest.mark.parametrize(("said", "end"), [("", pytest.skip.Exception), ("required", pytest.fail.Exception)])
def test_server__that_is_not_installed(monkeypatch, said: str, end: type[BaseException]) -> None:
    monkeypatch.setattr(postgres, "_programs", lambda: None)
    monkeypatch.setenv(postgres.REQUIRED, said)
    with pytest.raises(end, match="apt-get install postgresql"), postgres.running():
        pass
