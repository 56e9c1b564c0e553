"""The zone that a night's date and deadline go by."""

from collections import Counter
from datetime import datetime

import pandas as pd

from wattcast.errors import ConfigError
from wattcast.settings import Settings
from wattcast.store.base import Store
from wattcast.workflows.kept_descriptions import known_description
from wattcast.workflows.many import outcome_of


def zone_of_night(settings: Settings, store: Store) -> str:
    """As `nightly.night_zone` says, else `data.time.timezone` where it is given, else as most stations have it; in a
    first night the computer's.

    Raises:
        ConfigError: `nightly.night_zone` is no zone.
    """
    named, described = settings.nightly.night_zone, settings.data.time
    if named is not None:
        return _required(named)
    if "timezone" in described.model_fields_set:
        return described.timezone
    zones = Counter(zone for name in store.stations() if (zone := _of_station(store, name, described.timezone)))
    return zones.most_common(1)[0][0] if zones else datetime.now().astimezone().isoformat(timespec="seconds")[19:]


def _of_station(store: Store, name: str, usual: str) -> str | None:
    """None where nothing is said of it, or what is said cannot be read: its forecast tells of that."""
    known = outcome_of(name, lambda station_id: known_description(store.station(station_id))).result
    return str(known.get("time.timezone", usual)) if known else None


def _required(zone: str) -> str:
    try:
        pd.DatetimeTZDtype(tz=zone)
    except (KeyError, ValueError, TypeError, IndexError, OSError):
        raise ConfigError(f"nightly.night_zone {zone!r} is not a time zone",
                          expected="an IANA name such as Asia/Shanghai") from None
    return zone
