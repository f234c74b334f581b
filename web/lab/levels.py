"""The levels of the lab: each is the one it stands for, under a name of its own. Specification, section 10. Pure.

The name is part of the room's address, of what every body of `passphrase` is bound to, and of what the page shows all
the time: so nothing that is said in a lab room can be taken for what was said in another, or the other way round.
"""

from protocol.envelope import LAB_PASSPHRASE_PREFIX
from protocol.identity_forms import HistoryForm, MembersForm
from protocol.ladder import Ladder
from protocol.levels.classic import Classic
from protocol.levels.identity import Identity
from protocol.levels.passphrase import Passphrase
from protocol.levels.steward import HISTORY, MEMBERS

MARK = "Lab room: watched and attacked. Say nothing here that is secret."
SENTENCE = "Every page in this room shows its keys to who sits before it. Apart from that: "


class LabClassic(Classic):
    id = "lab-classic"
    title = "Lab: Classic"
    mark = MARK
    open_to_view = True
    sentence = SENTENCE + Classic.sentence

    def __init__(self, platform, passphrase_key):
        super().__init__(platform, passphrase_key)
        self.passphrase_key = passphrase_key  # to be shown; the other level has it anyway, for keys to come


class LabPassphrase(Passphrase):
    id = "lab-passphrase"
    prefix = LAB_PASSPHRASE_PREFIX
    title = "Lab: Passphrase"
    mark = MARK
    open_to_view = True
    sentence = SENTENCE + Passphrase.sentence


class LabIdentity(Identity):
    id = "lab-identity"
    prefix, members_prefix, history_prefix = "lab-identity-1.", "lab-identity-members-1.", "lab-identity-history-1."
    forms = {MEMBERS: MembersForm(members_prefix), HISTORY: HistoryForm(history_prefix)}
    scope = "lab-identity/"
    title = "Lab: Identity"
    mark = MARK
    open_to_view = True
    sentence = SENTENCE + Identity.sentence


LAB = Ladder([LabClassic, LabPassphrase, LabIdentity], "lab-passphrase")
