"""Text only ever enters the page as text: a look at all the code of web/ for whatever could make markup, code or
style of it. What the browser refuses of that is in test_policy.py."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parent.parent / "web"
CODE = sorted(path for path in WEB.rglob("*") if path.suffix in (".py", ".js", ".html"))
VIEW = sorted([*(WEB / "view").rglob("*.py"), *(WEB / "lab" / "view").rglob("*.py")])
DOCUMENT = ("document", "ownerDocument", "getRootNode", "createElement", "getElementById", "querySelector")

SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|parseHTML|srcdoc|DOMParser"
    r"|XSLTProcessor|execCommand|javascript:(?! )|cssText|insertRule|replaceSync|adoptedStyleSheets|setAttributeNode"
    r"|setAttributeNS|\.style\b|importScripts|\beval\b|new Function|\bon[a-z]+=[\"']",
    re.IGNORECASE,
)
# What the view sets of elements; nothing of it is markup, code, style or an address.
PROPERTIES = {"textContent", "value", "className", "id", "title", "dateTime", "type", "rows", "open", "hidden"}
PROPERTIES |= {"disabled", "checked", "scrollTop", "tabIndex", "role"}
ATTRIBUTES = re.compile(r"(aria|data)-[a-z-]+")
ELEMENTS = {
    "p",
    "div",
    "span",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "button",
    "option",
    "bdi",
    "code",
    "details",
    "summary",
    "dialog",
    "h2",
    "h3",
    "pre",
}
# Besides, in these modules alone: an address of our own or of a file that is saved, a drawing, the label of a field.
BESIDES = {
    "stylesheet.py": {"link", "rel", "href"},
    "download.py": {"a", "href", "download"},
    "qr.py": {"svg", "path", "class", "viewBox", "d"},
    "acts.py": {"for"},
}

# Which argument says what is set or made.
NAMING = {".setAttribute": 0, ".toggleAttribute": 0, "setattr": 1, "add": 1, ".createElementNS": 1}


def sinks(source: str) -> list[str]:
    return SINKS.findall(source)


def set_in(source: str) -> set[str]:
    """The properties that Python source sets of anything but `self`, and the attributes and elements that it names; "?"
    for one that is not written out."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) != "self":
            found.add(node.attr)
        if isinstance(node, ast.Call) and (name := called(node.func)) in NAMING:
            argument = node.args[NAMING[name]]
            found.add(argument.value if isinstance(argument, ast.Constant) else "?")
    return found


def called(function: ast.expr) -> str:
    """`name` of a function, `.name` of a method."""
    return f".{function.attr}" if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_no_code_of_the_page_can_make_markup_code_or_style_of_text():
    found = {path.relative_to(WEB).as_posix(): sinks(path.read_text("utf-8")) for path in CODE}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("path", VIEW, ids=lambda path: path.relative_to(WEB).as_posix())
def test_the_view_sets_nothing_of_an_element_that_is_more_than_text(path):
    odd = {one for one in set_in(path.read_text("utf-8")) if not ATTRIBUTES.fullmatch(one)}
    assert odd <= PROPERTIES | ELEMENTS | BESIDES.get(path.name, set())


def test_nobody_but_the_view_names_the_document_or_what_leads_to_it():
    for path in sorted(set(WEB.rglob("*.py")) - set(VIEW)):
        tree = ast.parse(path.read_text("utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert names.isdisjoint(DOCUMENT), path


class Markup(HTMLParser):
    """Every start tag: (name, attributes)."""

    def __init__(self, text: str):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


# The lab's page is the only one with a frame, and what stands in it is the lab's chat.
@pytest.mark.parametrize(("page", "framed"), [("index.html", []), ("lab/index.html", ["/lab/chat"])])
def test_a_pages_own_markup_has_no_handler_no_style_and_no_address_but_its_own(page, framed):
    tags = Markup((WEB / page).read_text("utf-8")).tags
    assert [attributes["src"] for tag, attributes in tags if tag == "iframe"] == framed
    for tag, attributes in tags:
        assert tag not in ("style", "base", "object", "embed"), tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc", "action")], tag
        for name in ("href", "src", "data-interpreter"):
            own = r"\{\{folder\}\}[\w./]+|\{\{interpreter\}\}|#[\w-]+|data:,|/lab/chat"
            assert re.fullmatch(own, attributes.get(name, "#none")), attributes
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert [one.get("type", "classic") for one in scripts] == ["importmap", "mpy", "classic"]


# Controls: the helpers above find what they look for


@pytest.mark.parametrize(
    "source",
    [
        "row.innerHTML = text",
        'li.insertAdjacentHTML("beforeend", text)',
        'link.href = "javascript:" + text',
        "element.style = text",
        '<p onclick="x()">',
        "new DOMParser().parseFromString(text)",
    ],
)
def test_a_sink_is_found(source):
    assert sinks(source)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a.b['c'].href = text", "href"),
        ("self.link.href = text", "href"),
        ("setattr(a, 'href', text)", "href"),
        ("a.setAttribute(name, text)", "?"),
        ("a.setAttribute('onclick', text)", "onclick"),
        ("add(parent, 'script', text)", "script"),
        ("document.createElementNS(space, 'script')", "script"),
        ("a.src += text", "src"),
    ],
)
def test_what_is_set_of_an_element_is_found(source, found):
    assert found in set_in(source)


def test_what_an_object_of_the_view_sets_of_itself_does_not_count():
    assert set_in("self._link = text") == set()
