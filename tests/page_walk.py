"""What test_key_material.py adds to the page's main.py, once its `chat` runs: `walk()` prints what Python can reach.

On MicroPython closures print what they hold, no deeper. On CPython test_key_material.py looks into them.
"""

import gc
import sys

from js import Object, Uint8Array, window
from pyscript.ffi import create_proxy

TYPED_ARRAYS = ("[object Uint8Array]", "[object ArrayBuffer]")


def walk():
    """One line for each object that the page's Python can reach: how it prints, and bytes in hexadecimal as well."""
    lines, seen, queue = [], {}, [chat, globals(), dict(sys.modules)]  # noqa: F821 - main.py's
    while queue:
        thing = queue.pop()
        if id(thing) not in seen:
            seen[id(thing)] = thing  # kept, so that no later one comes to have its id
            lines.append(printed(thing))
            queue += parts(thing)
    return "\n".join(lines)


def printed(thing):
    if isinstance(thing, (bytes, bytearray)):
        return thing.hex()
    if isinstance(thing, str):
        return thing.replace("\x00", " ")  # a text that crosses to JavaScript ends there
    if type(thing).__name__ == "JsProxy" and Object.prototype.toString.call(thing) in TYPED_ARRAYS:
        return Uint8Array.new(thing).toHex()
    return repr(thing)


def parts(thing):
    if isinstance(thing, dict):
        return list(thing.keys()) + list(thing.values())
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)
    return [] if type(thing).__name__ == "JsProxy" else list(getattr(thing, "__dict__", {}).values())


def collected_walk():
    gc.collect()
    return walk()


window.walk = create_proxy(collected_walk)
