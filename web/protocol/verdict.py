"""What a room's banner says of what did not open: the passphrase may be wrong, or Argon2id missing. Section 5. Pure."""

from .errors import CannotOpen, KdfUnavailable, WrongPassphrase
from .levels import Opened

PROBABLY_WRONG = (
    "Nothing that others wrote here opens with this passphrase. It is probably not theirs: "
    "check it letter by letter, capitals and spaces too."
)
NO_ARGON2ID = (
    "Messages here need Argon2id, which this page could not load, or has not the memory for. The others can read what "
    "you write all the same. Whoever runs the server can make cdn.jsdelivr.net or npm available to it and start it "
    "again; then reload this page."
)


class Verdict:
    """`choices`: what a person can do about it, (label, async callable)."""

    def __init__(self, show, choices):
        self.show = show
        self.choices = choices
        self.others_opened = 0
        self.unopened = 0
        self.underived = 0
        self.told = ""

    def count(self, outcome):
        if isinstance(outcome, (WrongPassphrase, CannotOpen)):
            self.unopened += 1
        elif isinstance(outcome, KdfUnavailable):
            self.underived += 1
        elif isinstance(outcome, Opened) and not outcome.own:
            self.others_opened += 1

    def sentence(self):
        if self.underived:
            return NO_ARGON2ID
        return PROBABLY_WRONG if self.unopened and not self.others_opened else ""

    def tell(self):
        """Says it once, and takes it back when something opens after all."""
        sentence = self.sentence()
        if sentence != self.told:
            self.show.alert(sentence, self.choices if sentence else [])
            self.told = sentence
