"""The attack matrix as a table, below the ladder."""

from view.dom import add, by_id, clone, listen, show

from .page import turn_to


def show_matrix(heads, rows):
    """heads: of the columns. rows: a list of (name, sentence, by, outcomes), an outcome a pair of what it is, for its
    look, and its pieces, (text, is a code)."""
    for head in heads:
        cell = clone("matrix-head")
        cell.textContent = head
        by_id("matrix-heads").append(cell)
    for row in rows:
        by_id("matrix-rows").append(_row(*row))
    show(by_id("matrix-region"), True)


def show_problem(sentence):
    by_id("matrix-problem").textContent = sentence


def _row(name, sentence, by, outcomes):
    row = clone("matrix-row")
    button = row.querySelector("button")
    button.textContent = name
    listen(button, "click", lambda event: turn_to("console", name))
    row.querySelector(".sentence").textContent = sentence
    _add_cell(row).textContent = by
    for kind, pieces in outcomes:
        cell = _add_cell(row)
        cell.setAttribute("data-outcome", kind)
        for text, is_code in pieces:
            if is_code:
                add(cell, "code", text)
            else:
                cell.append(text)
    return row


def _add_cell(row):
    cell = clone("matrix-cell")
    row.append(cell)
    return cell
