"""What a benchmark has measured so far, in a JSON file: one that was cut off goes on where it was."""

import json
from pathlib import Path
from typing import Any

from wattcast.store.files import write_json


class KeptRows:
    """Rows in the order they were made in.

    Args:
        path: where they are kept; None keeps them in memory alone.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = json.loads(path.read_text()) if path and path.exists() else []

    def holds(self, **key: Any) -> bool:
        """Whether a row with these entries is there."""
        return any(all(row[name] == value for name, value in key.items()) for row in self.rows)

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        if self.path:
            write_json(self.path, self.rows)
