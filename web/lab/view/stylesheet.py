"""The lab's look, added to a document that does not name it: that of /lab/chat is the ordinary chat's."""

from pyscript import document

from view.dom import add


def wear(address):
    link = add(document.head, "link", "")
    link.rel = "stylesheet"
    link.href = address
