"""What stands on a real page at an attempt, as lab/outcome.py judges it."""

import re

from lab.seen import Seen
from person import Person, Row


def seen_by(person: Person) -> Seen:
    seen = Seen()
    seen.placed = [as_dict(row) for row in person.rows() if row.kind != "day"]
    seen.said["alert"] = alerts(person)
    seen.said["state"] = sentence(person.page.get_by_role("status", name="State"))
    return seen


def alerts(person: Person) -> str:
    return " ".join(one for one in person.page.get_by_role("alert").filter(visible=True).all_inner_texts() if one)


def sentence(place) -> str:
    """What stands in an element that is shown only if something stands there."""
    return " ".join(place.all_text_contents())


def as_dict(row: Row) -> dict:
    """As much of a row of protocol/rows.py as can be read from the page; its id there is "row-1-s0-17"."""
    return row._asdict() | {"id": re.sub(r"^row-\d+-", "", row.id)}
