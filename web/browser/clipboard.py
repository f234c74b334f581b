"""The door to the clipboard, which is written to and never read: the server's policy lets no page read it."""

from js import Promise, navigator
from pyscript.ffi import to_js


async def copy(text):
    """Whether the browser put this text on the clipboard. It does so where somebody has just pressed something."""
    # Every browser has it where start.js lets the page start, in a secure context.
    results = await Promise.allSettled(to_js([navigator.clipboard.writeText(text)]))
    return results[0].status == "fulfilled"
