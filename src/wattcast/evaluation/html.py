"""Pages that are read without a network: one shell, styles and pictures inside, nothing fetched."""

from pathlib import Path
from typing import Any

from wattcast.store.files import write_text


def write_page(path: Path, package: str, template: str, **values: Any) -> None:
    """`page` as a file, written aside and renamed.

    Raises:
        DataError: the file cannot be written.
    """
    write_text(path, page(package, template, **values))


def page(package: str, template: str, **values: Any) -> str:
    """A template, filled in.

    Args:
        package: where the template lies.
        template: its name; it extends `page.html`, with styles of its own if it needs some.
        values: that it names.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader

    loader = ChoiceLoader([PackageLoader(each, ".") for each in (package, "wattcast.evaluation")])
    filled = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(template)
    return filled.render(**values)
