"""Whether the passphrase is probably wrong: something did not open, and nothing of others did. Section 5. Pure."""

from .errors import CannotOpen, WrongPassphrase
from .levels import Opened


class Verdict:
    """`choices`: what a person can do about it, (label, async callable)."""

    def __init__(self, show, choices):
        self.show = show
        self.choices = choices
        self.others_opened = 0
        self.unopened = 0
        self.told = False

    def count(self, outcome):
        if isinstance(outcome, (WrongPassphrase, CannotOpen)):
            self.unopened += 1
        elif isinstance(outcome, Opened) and not outcome.own:
            self.others_opened += 1

    def tell(self):
        """Says it once, and takes it back when something opens after all."""
        wrong = self.unopened > 0 and self.others_opened == 0
        if wrong and not self.told:
            self.show.alert(
                "Nothing that others wrote here opens with this passphrase. It is probably not theirs: "
                "check it letter by letter, capitals and spaces too.",
                self.choices,
            )
        elif self.told and not wrong:
            self.show.alert("", [])
        self.told = wrong
