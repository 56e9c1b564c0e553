"""Which versions are no longer needed: rejected ones beyond the newest few."""

from collections.abc import Iterable, Mapping
from typing import Any

KEPT_REJECTED = 3
"""How many rejected versions are kept to look into. [versions]"""


def is_rejected(manifest: Mapping[str, Any]) -> bool:
    """Whether it was fine-tuned and did not pass the gate."""
    gate = manifest["gate"]
    return gate is not None and not gate.get("promoted")


def retired(manifests: Mapping[str, Mapping[str, Any]], aliases: Mapping[str, str],
            used: Iterable[str]) -> tuple[str, ...]:
    """The versions to be removed.

    Args:
        manifests: of the versions by their names, oldest first.
        aliases: what each points to; that is kept, and so is a version from which another one was fine-tuned.
        used: versions that were champions, against the gate's advice perhaps: kept.
    """
    parents = {manifest["parent"] for manifest in manifests.values()}
    kept = {*aliases.values(), *used, *parents}
    rejected = [name for name, manifest in manifests.items() if is_rejected(manifest)]
    return tuple(name for name in rejected[:-KEPT_REJECTED] if name not in kept)
