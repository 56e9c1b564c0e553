"""The Chinese guides are as whole as the English ones: the same headings, commands, figures and links."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = sorted(path.name for path in (DOCS / "zh").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")


def page(name: str, language: str = "") -> str:
    return (DOCS / language / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """Code by language, without the comments, which are translated."""
    return [(language, re.sub(r"[ \t]*#.*", "", code)) for language, code in BLOCK.findall(text)]


def in_chinese(block: tuple[str, str]) -> bool:
    """Whether it is output that wattcast gives in Chinese."""
    return re.search(r"[\u4e00-\u9fff]", block[1]) is not None


def headings(text: str) -> list[int]:
    """The levels of the headings, in their order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE)]


def sections(text: str) -> list[str]:
    """The prose below each heading, the heading itself included."""
    return re.split(r"^(?=#+ )", BLOCK.sub("", text), flags=re.MULTILINE)[1:]


def figures(prose: str) -> Counter[str]:
    """The numbers in it, those in the names of months included, those in addresses and table tags not."""
    prose = re.sub(r"\]\([^)]*\)|<[^>]*>", "", prose)
    for number, month in enumerate(MONTHS, 1):
        prose = re.sub(rf"\b{month}\b", f" {number} ", prose)
    return Counter(re.findall(r"\d+(?:[.,:]\d+)*", prose))


def links(text: str, language: str = "") -> set[str]:
    """Where links lead, as seen from the English page of the same name."""
    found = re.findall(r"\]\(([^)]+)\)", BLOCK.sub("", text))
    if not language:
        return set(found)
    return {link.removeprefix("../") if link.startswith("../") else link for link in found}


def test_guides__are_there() -> None:
    assert {"first-forecast.md", "your-own-data.md", "fine-tuning.md", "search.md", "nightly.md",
            "troubleshooting.md"} <= set(GUIDES)


@pytest.mark.parametrize("name", GUIDES)
def test_guide__has_the_headings_of_the_english_one(name: str) -> None:
    assert headings(page(name, "zh")) == headings(page(name))


@pytest.mark.parametrize("name", GUIDES)
def test_guide__has_the_commands_of_the_english_one(name: str) -> None:
    for ours, theirs in zip(blocks(page(name, "zh")), blocks(page(name)), strict=True):
        if in_chinese(ours) and not in_chinese(theirs):
            assert (ours[0], figures(ours[1])) == ("text", figures(theirs[1]))
        else:
            assert ours == theirs


@pytest.mark.parametrize("name", GUIDES)
def test_guide__has_the_figures_of_the_english_one(name: str) -> None:
    for ours, theirs in zip(sections(page(name, "zh")), sections(page(name)), strict=True):
        heading = ours.splitlines()[0]
        assert (heading, figures(ours)) == (heading, figures(theirs))


@pytest.mark.parametrize("name", GUIDES)
def test_guide__has_the_links_of_the_english_one(name: str) -> None:
    assert links(page(name, "zh"), "zh") == links(page(name))


@pytest.mark.parametrize("name", GUIDES)
def test_guide__leads_to_a_chinese_guide_where_there_is_one(name: str) -> None:
    english = {PurePosixPath(link.split("#")[0]).name for link in re.findall(r"\]\(\.\./([^)]+)\)", page(name, "zh"))}
    assert english & set(GUIDES) == set()


@pytest.mark.parametrize("name", GUIDES)
def test_guide__has_an_anchor_for_each_heading_that_is_linked_to(name: str) -> None:
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', page(name, "zh")))
    wanted = {match[1] for other in GUIDES
              for match in re.findall(r"\]\(([\w-]+\.md)?#([^)]+)\)", page(other, "zh")) if (match[0] or other) == name}
    assert wanted <= anchors


@pytest.mark.parametrize("name", GUIDES)
def test_guide__says_one_word_for_one_thing(name: str) -> None:
    prose = BLOCK.sub("", page(name, "zh"))
    assert re.findall(r".{4}(?:你|份额|基线|竞争对手|置信区间|种子(?<!随机种子)).{0,4}", prose) == []


def test_figures__tell_a_missing_and_a_changed_number() -> None:
    assert figures("on 24 November 2026 it was 3.5 %, [see](a.md#2)") == figures("2026 年 11 月 24 日为 3.5 %")
    assert figures("12 epochs") != figures("2 epochs")
    assert figures("7 and 7 days") != figures("7 days")


def test_blocks__differ_by_their_comments_only() -> None:
    english, chinese = "```sh\nwattcast demo   # first\n```\n", "```sh\nwattcast demo  # 首先\n```\n"
    assert blocks(english) == blocks(chinese) == [("sh", "wattcast demo\n")]
    assert blocks(english) != blocks(chinese.replace("demo", "train"))
