"""The rules of what a registry says: which versions a station has, and which of them is in use.

What a registry says is plain JSON, the same wherever it is kept: `{"station", "versions", "aliases", "used"}`, the
versions oldest first. Every function here returns what it is to say next and changes nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from wattcast.errors import BundleError, listing
from wattcast.store.retention import retired

CHAMPION, CANDIDATE, PREVIOUS = "champion", "candidate", "previous"
USED = "used"
"""Versions that were champions once."""

Content = dict[str, Any]
Manifests = Mapping[str, Mapping[str, Any]]
"""Of versions by their names, oldest first; without those that are damaged."""


def nothing(station_id: str) -> Content:
    """What is said of a station that has no version."""
    return {"station": station_id, "versions": [], "aliases": {}}


def parsed(text: str | bytes, station_id: str, place: str, file: str) -> Content:
    """What a registry says, checked.

    Args:
        text: as it is kept.
        station_id: whose it must be.
        place: where all of the station is kept, for messages.
        file: where this text is, for messages.

    Raises:
        BundleError: damaged, or another station's.
    """
    try:
        content: Content = json.loads(text)
    except ValueError:
        content = {}
    if not isinstance(content, dict) or not {"station", "versions", "aliases"} <= set(content):
        raise BundleError(f"{file} is damaged", hint="restore it from a copy, or delete it and train again")
    if content["station"] != station_id:
        raise BundleError(f"{place} belongs to another station", found=content["station"], expected=station_id,
                          hint="choose another --models-dir")
    return content


def is_name(name: str) -> bool:
    """Whether a version can be called so."""
    return re.fullmatch(r"v\d+", name) is not None


def next_name(taken: Iterable[str]) -> str:
    """The name of a new version, past all that are `taken`; among them may be names that are none of versions."""
    numbers = [int(name[1:]) for name in taken if is_name(name)]
    return f"v{max(numbers, default=0) + 1:04d}"


def added(content: Content, name: str, alias: str | None) -> Content:
    """With a new version, to which `alias` points from now on, if one is given."""
    aliases = content["aliases"] if alias is None else {**content["aliases"], alias: name}
    return {**content, "versions": [*content["versions"], name], "aliases": aliases}


def without(content: Content, gone: Iterable[str]) -> Content:
    """Without some versions; what points to them is the caller's to keep from going."""
    removed = set(gone)
    return {**content, **{key: [name for name in content[key] if name not in removed]
                          for key in ("versions", USED) if key in content}}


def no_longer_needed(content: Content, manifests: Manifests) -> tuple[str, ...]:
    """Rejected versions beyond the newest few (`retention`)."""
    return retired(manifests, content["aliases"], content.get(USED, ()))


def beyond(content: Content, manifests: Manifests, keep: int) -> tuple[str, ...]:
    """All but the newest `keep` versions, what an alias points to, and what one of these was fine-tuned from; oldest
    first. A damaged version goes like another one; the newest always stays, so that no name is given twice."""
    names = content["versions"]
    kept = {*names[-max(keep, 1):], *content["aliases"].values()}
    kept |= {manifests[name]["parent"] for name in kept if name in manifests}
    return tuple(name for name in names if name not in kept)


def promoted(content: Content, name: str, expected: str | None) -> Content:
    """With `name` as the champion and the champion so far as `previous`.

    Args:
        content: as it is now.
        name: the version.
        expected: the version that must be the champion until now, if one is given.

    Raises:
        BundleError: another one is.
    """
    aliases = dict(content["aliases"])
    before = aliases.get(CHAMPION)
    if expected is not None and before != expected:
        raise BundleError(f"station {content['station']} got another champion in the meantime", found=before,
                          expected=expected, hint="compare it with that one: give the same command again")
    if before not in (None, name):
        aliases[PREVIOUS] = before
    aliases[CHAMPION] = name
    if aliases.get(CANDIDATE) == name:
        del aliases[CANDIDATE]
    return {**content, "aliases": aliases, USED: sorted({*content.get(USED, ()), name})}


def previous(content: Content) -> str:
    """The version to go back to.

    Raises:
        BundleError: there is none.
    """
    name: str | None = content["aliases"].get(PREVIOUS)
    if name is None:
        raise BundleError(f"station {content['station']} has no previous model to go back to",
                          hint="'wattcast models promote VERSION' makes any version the champion")
    return name


def named(content: Content, name: str, place: str) -> str:
    """The version that `name`, a version or an alias, stands for.

    Raises:
        BundleError: there is none; `place` is where models are kept.
    """
    version: str = content["aliases"].get(name, name)
    station_id = content["station"]
    if not content["versions"]:
        raise BundleError(f"station {station_id} has no trained model in {place}",
                          hint=f"train one first: wattcast train --data … --station {station_id}")
    if version not in content["versions"]:
        known = [*content["aliases"], *content["versions"]]
        raise BundleError(f"station {station_id} has no model {version!r}", found=listing(known))
    return version


def aliases_of(content: Content, name: str) -> tuple[str, ...]:
    """What points to a version."""
    return tuple(alias for alias, version in content["aliases"].items() if version == name)
