"""A room to be taken home, over the page: its capture, and the program that opens it."""

from view.dom import add
from view.download import offer, withdraw

from .dialog import Dialog

_WHAT = (
    "The room as the relay gave it to this page, {}, encrypted as it stands there; and a program in Python that opens "
    "it wherever you like. It asks for the passphrase, and prints what each message says, or why it does not open. "
    "Change a bit of the capture, and look again."
)
_ALONE = (
    "The room as the relay gave it to this page, {}, encrypted as it stands there. No passphrase opens it: its keys "
    "are on the devices of its members and nowhere else, so no program goes with it."
)
_NOT_COME = "The program that opens it did not come again. Reload the page and try once more."


class TakeHomePanel:
    """Of one room at a time."""

    def __init__(self):
        self._dialog = Dialog("take-home", "Take this room home", self._withdraw)
        self._links = []

    def open(self, files, count, integrity):
        """As lab/taking.py gives them."""
        self._withdraw()
        body = self._dialog.body
        body.replaceChildren()
        add(body, "p", (_ALONE if integrity is None else _WHAT).format(count))
        listed = add(body, "ul", "", "files")
        for name, pieces in files:
            self._links.append(offer(add(listed, "li", ""), name, pieces))
        if not integrity:
            if integrity is not None:
                add(body, "p", _NOT_COME, "problem")
            return self._dialog.open()
        hashed = add(body, "p", "What this page was served of the program has the hash ", "file")
        add(hashed, "code", integrity, "integrity")
        lines = ["python -m pip install cryptography", "python " + files[1][0] + " " + files[0][0]]
        add(body, "pre", "\n".join(lines), "formula").tabIndex = 0
        return self._dialog.open()

    def _withdraw(self):
        for link in self._links:
            withdraw(link)
        self._links = []
