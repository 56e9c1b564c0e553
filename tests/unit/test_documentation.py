"""What the pages say must be true of the code: settings, flags, examples, links, and both languages alike."""

import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from wattcast import legacy
from wattcast.cli import app
from wattcast.data.columns import resolve
from wattcast.data.tables import read_header
from wattcast.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
EXAMPLES = sorted(path for path in ROOT.glob("examples/*.yaml") if path.stem != "corpus")
FILES = {"gefcom2012_wind_wp1": "gefcom2012_wind_power", "gefcom2012_wind_wp2": "gefcom2012_wind_power"}
"""Of examples that share a file, as it holds two stations side by side."""

tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
constants = runpy.run_path(str(ROOT / "docs" / "constants.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", [path for path in PAGES if ROOT / "docs" in path.parents], ids=named)
def test_tables__are_what_the_code_says(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert tables["updated"](page) == page, "run: python docs/tables.py"


def test_tables__every_one_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert {name for name in tables["TABLES"] if f"<!-- table: {name} -->" not in pages} == set()


def test_every_setting__says_what_it_is() -> None:
    silent = {key for name, field in Settings.model_fields.items()
              for key, found in tables["rows"](type(field.default), name) if not found.description}
    assert not silent


def test_updated__replaces_an_old_table() -> None:
    page = "before\n<!-- table: evaluation -->\nstale row\n<!-- end of table -->\nafter\n"
    updated = tables["updated"](page)
    assert "stale row" not in updated
    assert "evaluation.holdout_weeks" in updated
    assert updated.startswith("before\n")
    assert updated.endswith("<!-- end of table -->\nafter\n")


def test_constants__the_page_is_what_the_code_says() -> None:
    assert constants["PAGE"].read_text(encoding="utf-8") == constants["page"](), "run: python docs/constants.py"


def test_constants__each_says_why_it_is_there_and_its_unit() -> None:
    silent = [(found.where, found.names) for found in constants["constants"]() if not (found.why and found.unit)]
    assert silent == [], "write the string below it, with its unit in brackets at the end if its first words tell none"


def test_constants__reads_values_units_and_words_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        'SPAN, FEWEST = pd.Timedelta(days=10), 100\n"""Below these, nothing | is known. [days, rows]"""\n'
        'OFTEN: int = 2 * 3\n"""How many times\nit is tried."""\nHOUR = pd.Timedelta(hours=1)\nWORDS = ("a", "b")\n'
        'lower = 3\n', encoding="utf-8")
    spans, often = constants["constants"](tmp_path)
    assert (spans.names, spans.value, spans.unit, spans.why) == (
        ("SPAN", "FEWEST"), "10, 100", "days, rows", "Below these, nothing | is known.")
    assert (often.value, often.unit, often.why) == ("2 * 3", "times", "How many times it is tried.")
    assert "| `SPAN`, `FEWEST` | 10, 100 | days, rows | Below these, nothing \\| is known. | one.py |" in constants[
        "page"](tmp_path)


def verbs() -> dict[str, Any]:
    """Every verb by its full name, `models list` included."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None) or {}
        found |= {f"{name} {word}": each for word, each in inner.items()}
        if not inner or command.invoke_without_command:
            found[name] = command
    return found


def flags_of(command: Any) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")} - {"--help"}


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z_-]*", text))


def sections(page: str) -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("verb", verbs())
def test_commands__every_flag_of_a_verb_is_described(verb: str) -> None:
    described = sections((ROOT / "docs" / "commands.md").read_text(encoding="utf-8"))
    text = described[verb.split()[0]] + described["Flags that most verbs share"]
    assert flags_of(verbs()[verb]) - flags_in(text) == set()


def test_commands__every_flag_on_the_page_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        legacy.main("train.py", ["--help"])
    known = flags_in(capsys.readouterr().out) | {"--help", "--version"}.union(*map(flags_of, verbs().values()))
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert flags_in(page) - known == set()


def documented_commands() -> list[Any]:
    """The words of every `wattcast …` line of a shell block that is meant to be run as it stands."""
    found = []
    for path in PAGES:
        for block in blocks(path.read_text(encoding="utf-8"), "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("wattcast ") and not set("[]…|") & set(line):
                    found.append(pytest.param(shlex.split(line, comments=True)[1:], id=f"{named(path)}: {line[:40]}"))
    return found


@pytest.mark.parametrize("words", documented_commands())
def test_documented_command__verb_and_flags_exist(words: list[str]) -> None:
    verb = " ".join(words[:2]) if " ".join(words[:2]) in verbs() else words[0]
    assert verb in verbs()
    assert {word for word in words if word.startswith("--")} <= flags_of(verbs()[verb])


def documented_settings() -> list[str]:
    return sorted({assignment for path in PAGES
                   for assignment in re.findall(r"--set (\w+\.[\w.]+=[^\s`]+)", path.read_text(encoding="utf-8"))
                   if not assignment.startswith("section.")})


@pytest.mark.parametrize("assignment", documented_settings())
def test_documented_setting__is_accepted(assignment: str) -> None:
    load_settings(assignments=[assignment])


def documented_descriptions() -> list[Any]:
    return [pytest.param(block, id=named(path)) for path in PAGES
            for block in blocks(path.read_text(encoding="utf-8"), "yaml")]


@pytest.mark.parametrize("text", documented_descriptions())
def test_documented_description__is_accepted(text: str, tmp_path: Path) -> None:
    file = tmp_path / "station.yaml"
    file.write_text(text, encoding="utf-8")
    found = load_settings(file)
    assert found.data.targets or found.model_fields_set == {"nightly"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example__describes_its_set(path: Path) -> None:
    config = load_settings(path).data
    assert path.stem.endswith(config.station)
    data = DATA / f"{FILES.get(path.stem, path.stem)}.csv.gz"
    if not data.exists():
        pytest.skip("the public data sets are not beside the repository")
    elsewhere = config.known_future if config.weather_forecasts else ()
    columns = resolve(read_header(data), config, str(data), elsewhere=elsewhere)
    assert columns.targets == config.targets
    assert columns.time == "time"


def test_examples__each_is_listed() -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if f"`{path.name}`" not in page] == []


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_page__local_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def readme(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_readmes__have_the_same_commands() -> None:
    def code(page: str) -> list[str]:
        return [re.sub(r"\s*#.*", "", block) for language in ("sh", "yaml") for block in blocks(page, language)]

    assert code(readme("README.md")) == code(readme("README.zh-CN.md"))


def test_readmes__have_the_same_sections_and_links() -> None:
    def outline(page: str) -> tuple[list[int], list[str]]:
        marks = [len(mark) for mark in re.findall(r"^(#+) ", page, re.MULTILINE)]
        links = {link.replace("docs/zh/", "docs/") for link in re.findall(r"\]\(([^)]+)\)", page)}
        return marks, sorted(links - {"README.md", "README.zh-CN.md"})

    assert outline(readme("README.md")) == outline(readme("README.zh-CN.md"))


def test_readmes__have_the_same_figures() -> None:
    def figures(page: str) -> list[list[str]]:
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
        return [row for row in rows if len(row) > 2 and re.fullmatch(r"[\d.]+", row[1])]

    found = figures(readme("README.md"))
    assert {"steel", "openstef_287", "tetouan", "sgcc_solar_1"} <= {row[0] for row in found}
    assert {len(row) for row in found} == {7}
    assert found == figures(readme("README.zh-CN.md"))


def test_mkdocs__every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w/-]+\.md", str(yaml.safe_load(text)["nav"])))
    assert listed == {path.relative_to(ROOT / "docs").as_posix() for path in PAGES if ROOT / "docs" in path.parents}
