"""Manifests, which say of files what they are: a digest tells whether one was changed by hand or by accident."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of all that a manifest says, however it is formatted, but for its own `digest`."""
    content = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
