"""What is taken home of a room: its entries as the relay gave them to this page. Specification, section 10. Pure."""

import json

ABOUT = "What a relay has of a room, as it gave it to one page. open_capture.py opens it with the passphrase."
ENTRY = ("seq", "kind", "id", "name", "at", "body")


def file_name(address):
    """For any file system, and to be typed in any shell as it stands."""
    room = address.partition("/")[2]
    return "".join([one if is_plain(one) else "-" for one in room]) + ".capture.json"


def is_plain(character):
    return ord(character) > 0x7F or character.isalpha() or character.isdigit() or character == "_"


def pieces(address, log, entries):
    """The text of the file in pieces, as a whole log is more than MicroPython has at once. log: its id, or None."""
    level = address.partition("/")[0]
    found = ["{" + members([("about", ABOUT), ("room", address), ("level", level), ("log", log)]) + ',\n"entries": [']
    between = "\n"
    for entry in entries:
        found.append(between + "{" + members([(field, entry[field]) for field in ENTRY]) + "}")
        between = ",\n"
    return found + ["\n]}\n"]


def members(pairs):
    """Of an object, in this order: a MicroPython dict keeps none."""
    return ", ".join([json.dumps(name) + ": " + json.dumps(value) for name, value in pairs])
