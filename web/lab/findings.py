"""What a page shows of an attack, for people: each code with its sentence, once. Pure."""

from protocol.encoding import NAME_NOT_SHOWN
from protocol.errors import LikeName, SameName, SameNameNow, SameTag, TwoNames, YourName

from .outcome import PRESENCE


def of(victim):
    """[(code, sentence)], in the order of the page."""
    found = []
    if victim.asked_once:
        found.append(("note", victim.asked_once))
    for row in victim.seen.rows():
        found += of_row(row, victim.seen)
    for where in ("alert", "ask"):
        if victim.seen.sentence(where):
            found.append(("alert", victim.seen.sentence(where)))
    once = []
    for one in found:
        if one not in once:
            once.append(one)
    return once


def of_row(row, seen):
    if row["kind"] == "waiting":
        return [("waiting", row["text"])]
    if row["kind"] == "refusal" or (row["kind"] == "notice" and row["code"] not in PRESENCE):
        return [(row["code"], row["text"])]
    if row["kind"] != "message":
        return []
    found = list(zip(row["code"].split(), row["warnings"]))
    found += [(code, mark_sentence(code, row, seen)) for code in row["marks"].split()]
    if row["state"] == "failed":
        found.append(("failed", " ".join(row["warnings"])))
    if row["name"] == NAME_NOT_SHOWN:
        found.append(("name-not-shown", "A name that only the relay asserts, and that is no clean name."))
    return found


def mark_sentence(code, row, seen):
    """As the page says it of this row's writer."""
    others = [one["name"] for one in seen.messages() if code in one["marks"].split() and one["name"] != row["name"]]
    marks = {
        "same-tag": SameTag(row["tag"]),
        "your-name": YourName(),
        "like-name": LikeName(others[0] if others else "another"),
        "two-names": TwoNames(),
        "same-name-now": SameNameNow(row["name"]),
        "same-name": SameName(row["name"]),
    }
    return marks[code].for_people
