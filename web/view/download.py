"""The door to files: the only Blob. What is offered here is kept by the browser until it is withdrawn."""

from js import URL, Blob
from pyscript.ffi import to_js

from .dom import add


def offer(place, name, pieces):
    """Append a link that saves a file of this name, and return it. pieces: texts, or ArrayBuffers."""
    link = add(place, "a", name)
    # For the browser it is no page, whatever its name says: it is saved, and never shown with the rights of this one.
    link.href = URL.createObjectURL(Blob.new(to_js(pieces), to_js({"type": "application/octet-stream"})))
    link.download = name
    return link


def withdraw(link):
    URL.revokeObjectURL(link.href)
