"""What tasks are told."""

from wattcast.fleet.work import Work
from wattcast.settings import Settings


def test_work__a_password_is_not_shown() -> None:
    assert "secret" not in repr(Work("postgresql://me:secret@host/db", Settings()))
