import json
from typing import Any

import pytest

from wattcast.errors import BundleError
from wattcast.store import aliases
from wattcast.store.aliases import Content


def registry(*names: str, used: tuple[str, ...] = (), **pointing: str) -> Content:
    return {"station": "works", "versions": list(names), "aliases": pointing, "used": list(used)}


def manifests(**parents: str | None) -> dict[str, dict[str, Any]]:
    return {name: {"parent": parent, "gate": None} for name, parent in parents.items()}


@pytest.mark.parametrize(("text", "said"), [
    ("{", "file is damaged"), ("[]", "file is damaged"), ("{}", "file is damaged"), (b"\xff", "file is damaged"),
    ('{"station": "other", "versions": [], "aliases": {}}', "place belongs to another station"),
])
def test_parsed__refuses_what_is_no_registry_of_the_station(text: str | bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        aliases.parsed(text, "works", "place", "file")


def test_parsed__is_what_was_written() -> None:
    content = registry("v0001", champion="v0001")
    assert aliases.parsed(json.dumps(content), "works", "place", "file") == content


@pytest.mark.parametrize(("taken", "expected"), [
    ([], "v0001"), (["v0001", "v0003"], "v0004"), (["v0001.bak", "vault", "v9999"], "v10000")])
def test_next_name__is_past_all(taken: list[str], expected: str) -> None:
    assert aliases.next_name(taken) == expected


def test_changes__leave_what_they_were_given() -> None:
    content = registry("v0001", "v0002", champion="v0001", candidate="v0002")
    before = json.dumps(content)
    aliases.promoted(aliases.added(content, "v0003", "candidate"), "v0002", "v0001")
    aliases.without(content, ["v0001"])
    assert json.dumps(content) == before


def test_promoted__moves_the_aliases_only_from_where_the_caller_saw_them() -> None:
    content = registry("v0001", "v0002", champion="v0001", candidate="v0002", used=("v0001",))
    after = aliases.promoted(content, "v0002", "v0001")
    assert after["aliases"] == {"champion": "v0002", "previous": "v0001"}
    assert after["used"] == ["v0001", "v0002"]
    assert aliases.previous(after) == "v0001"
    with pytest.raises(BundleError, match="got another champion"):
        aliases.promoted(after, "v0001", "v0001")
    with pytest.raises(BundleError, match="no previous"):
        aliases.previous(content)


def test_named__is_a_version_or_what_an_alias_points_to() -> None:
    content = registry("v0001", champion="v0001")
    assert aliases.named(content, "champion", "place") == aliases.named(content, "v0001", "place") == "v0001"
    assert aliases.aliases_of(content, "v0001") == ("champion",)
    with pytest.raises(BundleError, match="has no model 'v0002'"):
        aliases.named(content, "v0002", "place")
    with pytest.raises(BundleError, match="no trained model in place"):
        aliases.named(aliases.nothing("works"), "champion", "place")


def test_beyond__the_newest_few_stay_and_all_that_is_needed() -> None:
    names = [f"v{number:04d}" for number in range(1, 9)]
    content = registry(*names, champion="v0004", previous="v0002", used=("v0001", "v0002", "v0004"))
    told = manifests(**dict.fromkeys(names)) | manifests(v0004="v0003", v0008="v0005", v0003="v0001")
    assert aliases.beyond(content, told, 1) == ("v0001", "v0006", "v0007")
    assert aliases.beyond(content, told, 3) == ("v0001",)
    assert aliases.beyond(content, told, -1) == aliases.beyond(content, told, 0) == aliases.beyond(content, told, 1)
    assert aliases.beyond(content, told, 8) == aliases.beyond(content, told, 100) == ()
    # What a damaged one was fine-tuned from is not known.
    assert "v0003" in aliases.beyond(content, {name: told[name] for name in names if name != "v0004"}, 1)
