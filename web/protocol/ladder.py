"""The ladder: every level, lowest first. A new one is added here and nowhere else. Pure."""

from .levels.classic import Classic
from .levels.identity import Identity
from .levels.passphrase import Passphrase
from .levels.ratchet import Ratchet


class Ladder:
    """Levels in their order, and which of them a page begins with."""

    def __init__(self, levels, usual):
        self.levels = levels
        self.usual = usual  # its id

    def of(self, id):
        return self.levels[self.rank(id)]

    def rank(self, id):
        """0 for the lowest. Raises ValueError."""
        return [level.id for level in self.levels].index(id)

    def others(self, id):
        return [level for level in self.levels if level.id != id]


LADDER = Ladder([Classic, Passphrase, Identity, Ratchet], "passphrase")


def facts_of(level):
    """What a view shows of a level."""
    return {
        "id": level.id,
        "title": level.title,
        "sentence": level.sentence,
        "mark": level.mark,
        "padded": level.padded,
        "secret": level.secret,
    }
