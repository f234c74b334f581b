"""What the specification says of each attack: its table, section 8, as the server has it."""

from browser import served
from browser.webcrypto import from_octets

from . import matrix
from .outcome import of_label


class Expectation:
    """`platform`: for its UTF-8."""

    def __init__(self, platform):
        self.platform = platform
        self.matrix = None

    async def load(self):
        """Once; it stays without a table where none comes."""
        if self.matrix is None:
            [content] = await served.contents([served.address_of("protocol/README.md")])
            self.matrix = matrix.read(self.platform.utf8(from_octets(content)) or "") if content else None

    def of(self, attack, level):
        """The outcome at this level, which is of the lab; of the one variant if only that is tried. None: not in it."""
        column = level.id.replace("lab-", "", 1)
        for row in self.matrix.attacks if self.matrix else []:
            if row.name == attack.name and column in self.matrix.levels:
                outcome = row.outcomes[self.matrix.levels.index(column)]
                return of_label(outcome, attack.only) if attack.only else outcome
        return None
