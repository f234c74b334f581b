"""What the documents say is what the code does."""

import re
from pathlib import Path

import server
from conftest import ROOT

ACTIONS = [action for action in server.make_parser()._actions if action.dest != "help"]
README = (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The text of README.md under one heading."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def documented_options() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| `(.+?)` \| (.*?) ?\| (.+?) \|$", section("Options"), re.MULTILINE)
    return {option: (default, meaning) for option, default, meaning in rows}


def parsed_options() -> dict[str, tuple[str, str]]:
    """Every option as its row in README.md should be."""
    return {in_words(action): (default_in_words(action), meaning(action)) for action in ACTIONS}


def in_words(action) -> str:
    value = action.metavar or ",".join(action.choices or [])
    return f"{action.option_strings[-1]} {value}".strip()


def default_in_words(action) -> str:
    if isinstance(action.default, Path):  # another one on each machine
        return f"`{action.default.name}` in the system's {action.dest} folder"
    return str(action.default) if action.default else ""


def meaning(action) -> str:
    return action.help.removesuffix(" (default: %(default)s)")


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
