"""The one column that must be the station's power, though nothing says so: told by its name, or left over."""

import re
import unicodedata
from collections.abc import Iterable

from wattcast.contracts import TOTAL
from wattcast.data.quality import Assumption

POWER = frozenset((
    "power", "load", "demand", "consumption", "usage", "use", "generation", "generated", "production", "output",
    "energy", "electricity", "w", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh", "leistung", "wirkleistung", "last",
    "verbrauch", "bezug", "netzbezug", "erzeugung", "einspeisung", "puissance", "consommation", "production", "charge",
    "potencia", "consumo", "demanda", "carga", "potenza"))
"""Words that say power or energy, in lower case."""
POWER_PARTS = ("功率", "负荷", "负载", "用电", "电量", "发电", "出力", "有功", "電力", "使用量", "発電",
               "전력", "사용량", "발전", "kwh")
"""The same where words are not kept apart."""
OTHER = frozenset((
    "reactive", "apparent", "kvar", "kvarh", "kva", "var", "factor", "pf", "cos", "phi", "price", "cost", "tariff",
    "forecast", "predicted", "prediction", "limit", "capacity", "rated", "max", "maximum", "min", "minimum",
    "setpoint", "target", "quality", "status", "flag", "voltage", "current", "frequency", "blindleistung",
    "scheinleistung", "preis", "index", "id", "number", "name", "unit",
    "gas", "water", "heat", "steam", "volume", "flow", "wasser", "wärme", "eau", "agua", "type", "soc",
    "battery", "batterie", "density", "irradiance", "irradiation", "insolation", "radiation", "strahlung",
    "globalstrahlung", "einstrahlung", "ghi", "poa", "rayonnement", "irradiancia"))
"""Words of columns that are beside power and not it."""
OTHER_PARTS = ("无功", "视在", "预测", "电价", "价格", "因数", "容量", "上限", "下限", "电压", "电流", "序号",
               "编号", "予測", "燃气", "天然气", "水量", "热量", "蒸汽", "辐照", "辐射", "日射")
"""The same where words are not kept apart."""
_AREA_OR_VOLUME = re.compile(r"[/(\[]\s*m\^?[23](?!\d)|\bco2", re.IGNORECASE)
"""What is told per square metre is radiation, what is told in cubic metres is gas or water; `M2` may be a meter."""
UNIT_WORDS = frozenset(("w", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh"))
GUESSED = "targets"
"""Of what is assumed: which column is the power."""


def power_like(column: str) -> bool:
    """Whether a name says power or energy, and nothing that is beside it."""
    words = _words(column)
    if words - {"last"} - UNIT_WORDS:
        words -= {"last"}      # the German load; not the last of something
    return not _beside(column) and (bool(words & POWER) or any(part in column for part in POWER_PARTS))


def only_power(names: Iterable[str]) -> str | None:
    """The one that must be the power: the only one that says so, or the only one that there is.

    Args:
        names: of the columns that nothing else is known of.
    """
    names = list(names)
    alike = [name for name in names if power_like(name)]
    if len(alike) == 1:
        return alike[0]
    return names[0] if len(names) == 1 and not _beside(names[0]) else None


def assumed_power(column: str) -> Assumption:
    """That it was taken for the total."""
    return Assumption(GUESSED, column, f"{column!r} is taken for the total active power: no other column can be it",
                      f"data.targets: {{{TOTAL}: …}}")


def as_guessed(assumed: Iterable[Assumption]) -> str | bool:
    """By `data.only_power`, what later data of the same station may be: what was guessed now, and nothing else."""
    return next((each.value for each in assumed if each.what == GUESSED), False)


def _words(column: str) -> set[str]:
    plain = re.sub(r"(?<=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])(?=[A-Za-z])", " ",
                   unicodedata.normalize("NFKC", column))
    return set(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", plain).lower()))


def _beside(column: str) -> bool:
    return bool(_words(column) & OTHER) or any(part in column for part in OTHER_PARTS) or bool(
        _AREA_OR_VOLUME.search(unicodedata.normalize("NFKC", column)))
