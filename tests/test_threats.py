"""The threat model, README.md, the specification and SECURITY.md: what they link to and the paths that they name are
there, the tests that they name exist, and the times in the table of guesses follow from its rates."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import bench_guess
from conftest import ROOT

THREATS = ROOT / "web" / "protocol" / "threats.md"
DOCUMENTS = [THREATS, THREATS.with_name("README.md"), ROOT / "README.md", ROOT / ".github" / "SECURITY.md"]
DOCUMENTS.append(THREATS.with_name("identity.md"))
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
# `web/runtime.json`, tests/, `python -m tests.soak`: from the top of the repository, in backticks or not.
PATH_OR_MODULE = re.compile(r"(?<![\w./-])(?:(?:web|tests)/[\w./-]*|(?<=-m )tests\.\w+)")
# A link to a test file, or the name of a test, which is in the file that was linked last in the same paragraph.
TEST_FILE_OR_NAME = re.compile(r"\[(test_\w+\.py)\]\(([^)]+)\)|`(test_\w+)`")


def text_of(document: Path) -> str:
    return document.read_text("utf-8")


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def headings_of(document: Path) -> set[str]:
    """The fragments that lead to its headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(document: Path) -> list[str]:
    broken = []
    for _, target in LINK.findall(text_of(document)):
        path, _, heading = target.partition("#")
        if path.startswith("http"):
            continue
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (heading and heading not in headings_of(file)):
            broken.append(target)
    return broken


def missing_paths(text: str) -> list[str]:
    named = [path.rstrip(".") for path in PATH_OR_MODULE.findall(text)]
    files = {path: path.replace(".", "/") + ".py" if path.startswith("tests.") else path for path in named}
    return [path for path, file in files.items() if not (ROOT / file).exists()]


def named_tests(text: str) -> list[tuple[str | None, str]]:
    """Every test that a text names, with the address of its file; None where no file is linked."""
    found = []
    for paragraph in re.split(r"\n(?=\n|- |\d+\. |\||#)", text):
        address = None
        for _, target, name in TEST_FILE_OR_NAME.findall(paragraph):
            address = target or address
            found += [(address, name)] if name else []
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_something(document):
    assert broken_links(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_of_the_repository_that_is_named_is_there(document):
    assert missing_paths(text_of(document)) == []


def test_a_path_that_is_not_there_is_missed_wherever_it_stands_and_one_that_is_there_is_not():
    text = "`tests/gone.py`, `python -m tests.away --now`, in web/none/. `.venv/bin/python x tests/lost`; "
    missing = ["tests/gone.py", "tests.away", "web/none/", "tests/lost"]
    assert missing_paths(text + "`tests/soak.py`, `-m tests.soak`, /srv/web/x, level/web/, web/view/.") == missing


def test_every_test_that_the_threat_model_names_is_in_the_file_that_it_links_to():
    named = named_tests(text_of(THREATS))
    assert len(named) > 60
    missing = [name for address, name in named if not address or name not in names_in(THREATS.parent / address)]
    assert missing == []


def test_a_test_file_is_linked_under_its_own_name():
    shown = [(text, Path(target).name) for text, target in LINK.findall(text_of(THREATS)) if text.endswith(".py")]
    assert [pair for pair in shown if pair[0] != pair[1]] == []


def test_every_answer_for_a_report_names_a_test():
    answers = text_of(THREATS).partition("## 9. Answers for a report")[2].split("\n### ")[1:]
    assert len(answers) >= 10
    assert [answer.splitlines()[0] for answer in answers if not named_tests(answer)] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "[test_a.py](x/test_a.py): `test_one`,\n`test_two`",
            [("x/test_a.py", "test_one"), ("x/test_a.py", "test_two")],
        ),
        ("[test_a.py](a): `test_one`; [test_b.py](b): `test_two`", [("a", "test_one"), ("b", "test_two")]),
        ("[test_a.py](a)\n\n`test_one`", [(None, "test_one")]),
        ("- [test_a.py](a)\n- `test_one`", [(None, "test_one")]),
    ],
)
def test_a_named_test_belongs_to_the_file_linked_before_it_in_its_paragraph(text, named):
    assert named_tests(text) == named


# ------------------------------------------------------------------------------------------ what a guess costs


def guesses() -> str:
    return text_of(THREATS).partition("## 4. What a guess costs")[2].partition("\n## ")[0]


def tables() -> list[str]:
    return re.findall(r"^\|.+(?:\n\|.+)+", guesses(), re.MULTILINE)


def rates_in(table: str) -> dict[str, float]:
    rows = re.findall(r"^\| (\S[^|]+) \| ([\d,.]+) \|", table, re.MULTILINE)
    return {title: float(rate.replace(",", "")) for title, rate in rows}


def test_the_costs_of_a_guess_have_their_date_and_machine():
    assert re.search(
        r"^20\d\d-\d\d-\d\d, \d+ cores \(.+\), \d+ GiB, Python [\d.]+, OpenSSL [\d.]+", guesses(), re.MULTILINE
    )


def test_the_costs_of_a_guess_are_those_of_what_the_levels_use_now():
    assert [list(rates_in(table)) for table in tables()] == [list(bench_guess.kinds())] * 2


def test_the_times_of_a_guess_follow_from_the_rates():
    core, gpu = tables()
    assert core == bench_guess.table(rates_in(core))
    assert gpu == bench_guess.table({title: kind.gpu for title, kind in bench_guess.kinds().items()})


def test_what_a_card_is_worth_follows_from_the_rates():
    core, gpu = map(rates_in, tables())
    told = re.search(r"work of about ([\d,]+) such cores, with Argon2id that of about ([\d,]+):", guesses())
    worth = [gpu[title] / core[title] for title in core if title.startswith("passphrase")]
    assert [float(number.replace(",", "")) for number in told.groups()] == [float(f"{ratio:.2g}") for ratio in worth]


def test_a_look_alike_tag_takes_less_than_a_minute_as_the_documents_say():
    specification, *others = [text_of(document) for document in (DOCUMENTS[1], THREATS, DOCUMENTS[2])]
    seconds = re.search(r"^\| Ed25519 keys [^|]+\|[^|]+\| ([\d.]+) s \|", specification, re.MULTILINE)[1]
    assert 20 < float(seconds) < 60
    assert ["less than a minute of one core" in text for text in others] == [True, True]


def test_a_guess_is_told_from_a_miss_by_what_the_bench_calls():
    level = bench_guess.sealer(bench_guess.kinds()["classic: PBKDF2, 150,000"], b"4711")
    body = bench_guess.run(level.seal("meet at noon"))
    assert [bench_guess.opens("classic/kitchen", body, guess) for guess in (b"4710", b"4711")] == [False, True]
