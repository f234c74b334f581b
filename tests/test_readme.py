"""What the documents say is what the code does."""

import re

import server
from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The text of README.md under one heading."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def documented_options() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", section("Options"), re.MULTILINE)
    return {option: (default, meaning) for option, default, meaning in rows}


def parsed_options() -> dict[str, tuple[str, str]]:
    """Every option as its row in README.md should be."""
    rows = {}
    for action in server.make_parser()._actions:
        if action.dest == "help":
            continue
        value = action.metavar or (",".join(action.choices) if action.choices else "" if action.nargs == 0 else "N")
        option = f"{action.option_strings[-1]} {value}".strip()
        rows[option] = (server.default_in_words(action), action.help)
    return rows


def test_the_table_of_options_is_that_of_the_command_line():
    assert documented_options() == parsed_options()


def test_each_command_is_one_line_that_begins_with_a_virtual_environment():
    for title, end in (("Start", "python server.py"), ("Tests", "python -m pytest")):
        [command] = re.findall(r"```sh\n(.*?)\n```", section(title), re.DOTALL)
        assert command.startswith("python3 -m venv .venv && ") and command.endswith(end)


def test_every_requirement_is_pinned_exactly():
    for name in ("requirements.txt", "tests/requirements.txt"):
        lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", line) for line in lines), name
