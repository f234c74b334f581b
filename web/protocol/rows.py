"""What stands in a room's list of messages, as plain dicts that any view can show. Pure.

An entry carries the id of its row as `row`: a seq alone would not do, as it starts again with a new log.
"""

OURS = "0"  # the number of ourselves as a writer


def row(id, kind, text, **more):
    """A row with all its fields, each a string but for `color` (0 to 11), `own` (a flag) and `warnings` (sentences).

    writer: the number of who wrote it (writers.py), or "". marks: their codes, with spaces between, and mark the word
    that stands beside the tag for them, or "". trust: a state of trust.py as it was when the message was read, or "".

    kind: message, refusal, waiting or notice. tag: four characters, or "" for none. at: "2026-11-23T20:42:34.123Z", or
    "". state: "", sending, relayed or failed. code: of the refusal or notice, or of the warnings, with spaces between.
    """
    made = {
        "id": id, "kind": kind, "text": text, "name": "", "tag": "", "color": 0, "own": False,
        "at": "", "state": "", "warnings": [], "code": "", "writer": "", "marks": "", "mark": "", "trust": "",
    }  # fmt: skip
    made["text"] = text.replace("\x00", "\ufffd")  # a string ends at its first NUL when it crosses to JavaScript
    made.update(more)
    return made


def notice(id, text, code=""):
    return row(id, "notice", text, code=code)


def message(entry, opened, writer, new_marks):
    """An entry that opened. new_marks: of its writer, which this message shows in full."""
    return row(
        entry["row"],
        "message",
        opened.text,
        name=opened.name,
        tag=opened.tag.text,
        color=opened.tag.color,
        own=opened.own,
        at=entry["at"],
        state="relayed" if opened.own else "",
        warnings=[noticed.for_people for noticed in opened.warnings + new_marks],
        code=" ".join([warning.code for warning in opened.warnings]),
        writer=writer.number,
        marks=writer.codes,
        mark=writer.label,
        trust=opened.trust,
    )


def refusal(entry, refused):
    return row(entry["row"], "refusal", refused.for_people, at=entry["at"], code=refused.code)


def waiting(entry):
    return row(entry["row"], "waiting", "A message is waiting for a key.", at=entry["at"])


def own(item, name, tag):
    """A message of ours that the relay has not given a place yet."""
    return row(
        item.row, "message", item.text, name=name, tag=tag.text, color=tag.color, own=True, state=item.state,
        writer=OURS, warnings=[item.problem] if item.problem else [],
    )  # fmt: skip
