"""The lines of a function, as the lab shows them, are those that Python's own parser finds."""

import ast

import pytest

from conftest import ROOT
from lab.sources import NoSuchBlock, block

WEB = ROOT / "web"
FILES = sorted(WEB.rglob("*.py"))
SCOPES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
TEXT = '''"""def seal(): in words."""

KEYS = {}


class Level:
    @property
    def tag(self):
        return 1

    async def seal(
        self,
        text,
    ):
        """def open(): not here."""

        def derive(salt):
            return salt

        return derive(text)

    def sealed(self):
        return 2


def seal(text):
    return text
'''


def blocks(scope, name=""):
    """(dotted name, node) of every function and class that stands right in its module, class or function."""
    for node in scope.body:
        if isinstance(node, SCOPES):
            yield f"{name}{node.name}", node
            yield from blocks(node, f"{name}{node.name}.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_of_every_function_and_class_of_the_page_the_lines_are_found(path):
    text = path.read_text("utf-8")
    lines, seen = text.split("\n"), set()
    for name, node in blocks(ast.parse(text)):
        if name in seen:  # a second function of one name in one function
            continue
        seen.add(name)
        first = min([node.lineno, *[one.lineno for one in node.decorator_list]])
        indented = [line[node.col_offset :] for line in lines[first - 1 : node.end_lineno]]
        assert block(text, name) == (first, indented), name
    assert seen or not [node for node in ast.walk(ast.parse(text)) if isinstance(node, SCOPES)]


def test_a_name_is_found_where_it_stands_and_not_where_another_has_it_too():
    assert block(TEXT, "seal") == (26, ["def seal(text):", "    return text"])
    number, lines = block(TEXT, "Level.seal")
    assert (number, lines[0], lines[-1]) == (11, "async def seal(", "    return derive(text)")
    assert block(TEXT, "Level.seal.derive") == (17, ["def derive(salt):", "    return salt"])
    assert block(TEXT, "Level.tag")[1] == ["@property", "def tag(self):", "    return 1"]


@pytest.mark.parametrize(
    "name", ["sea", "Seal", "open", "Level.open", "Level.derive", "Level.seal.derive.salt", "", "KEYS"]
)
def test_a_name_that_is_not_there_is_said_in_a_sentence(name):
    with pytest.raises(NoSuchBlock) as refused:
        block(TEXT, name)
    assert refused.value.for_people == f"“{name}” is not in this file."


def test_an_empty_file_has_none():
    with pytest.raises(NoSuchBlock):
        block("", "seal")
