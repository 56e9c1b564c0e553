"""What is logged in a night, a line of JSON each."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from wattcast.store.files import cannot_write, json_text

log = logging.getLogger("wattcast")


class JsonLines(logging.Formatter):
    """`time` in UTC, `level`, `message`, and `step`, `station` where they are told as extras."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(), "message": record.getMessage()}
        told |= {name: value for name in ("step", "station") if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json_text(told, indent=None)


@contextmanager
def json_log(path: Path | None) -> Iterator[None]:
    """Append what the package logs to a file while the block runs; nothing without a path. That the file cannot be
    written to is a warning: a night must not end for its log.
    """
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        log.warning("%s", cannot_write(path, error, "--log-json"))
        yield
        return
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
