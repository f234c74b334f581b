"""Every refusal: a stable code for tests and logs, a sentence for people. Specification, sections 2 to 6. Pure.

Problem                      what a person typed cannot be used; names the form's field
Refusal                      a message that is not shown; a row with the reason stands in its place
  NotEncrypted OtherLevel Malformed UnknownKind TooManyKeys Replayed
  CannotOpen                           (classic)
  CostOutOfRange KdfUnavailable BadSignature WrongPassphrase SessionChanged BadPadding NotText
Warning_                     a message that is shown, with what its level noticed about it
  Gap Late Forked OutOfOrder
Mark                         beside the name of a message that is shown: its key or name can be taken for another's
  SameTag YourName LikeName TwoNames SameNameNow SameName
BadFrame                     what the relay sent is no frame of the specification
BadInput                     a program called with an argument that it must not give
"""


class BadInput(ValueError):
    """A mistake of the calling program; the text names the argument."""


class BadFrame(Exception):
    """The relay sent something that the specification does not know; the text says what, without quoting it."""

    code = "bad-frame"


class Problem(Exception):
    """What a person typed cannot be used. `field`: name, room, passphrase or message."""

    def __init__(self, field, code, for_people):
        super().__init__(for_people)
        self.field = field
        self.code = code
        self.for_people = for_people


class Refusal(Exception):
    """A message that is not shown."""

    code = "refused"
    for_people = "A message was refused."
    sent_again = False  # if it is an honest message, its sender's page sends it again
    may_open_later = False
    of_known = False  # an honest entry gives it that was read before


class NotEncrypted(Refusal):
    code = "not-encrypted"
    for_people = "Something arrived that is not encrypted. Anyone could have written it, so it is not shown."


class OtherLevel(Refusal):
    code = "other-level"
    for_people = "A message of another protection level arrived here. It may be an attack, so it is not shown."


class Malformed(Refusal):
    code = "malformed"
    for_people = "A message arrived that does not follow the format of this level, so it cannot be read."


class UnknownKind(Refusal):
    code = "unknown-kind"
    for_people = (
        "An entry arrived of a kind that this page does not know. A newer page may be in use; reload to get it."
    )


class TooManyKeys(Refusal):
    code = "too-many-keys"
    for_people = "This message waited for a key while too many others did. Leave and join again to try once more."


class Replayed(Refusal):
    code = "replayed"
    of_known = True
    for_people = "A message arrived again, or older than the first one of its sender here, so it is not shown."


class CannotOpen(Refusal):
    code = "cannot-open"
    for_people = "A message does not open: altered, or written with another passphrase. This level cannot tell which."


class CostOutOfRange(Refusal):
    code = "cost-out-of-range"
    for_people = "This message asks for a key derivation that is too weak or too expensive, so it is not opened."


class KdfUnavailable(Refusal):
    code = "kdf-unavailable"
    for_people = (
        "This message needs a key derivation (Argon2id) that this page does not have, or has not the memory for, so it "
        "is not opened."
    )


class BadSignature(Refusal):
    code = "bad-signature"
    for_people = "A message arrived altered, or was moved here from another room, so it is not shown."


class WrongPassphrase(Refusal):
    code = "wrong-passphrase"
    for_people = "This message was written with another passphrase, so it does not open."


class SessionChanged(Refusal):
    code = "session-changed"
    for_people = (
        "A sender changed its name or key in the middle of a session. That is never honest, so it is not shown."
    )


class BadPadding(Refusal):
    code = "bad-padding"
    for_people = "A message opened, but its padding is wrong. Its sender's program is faulty, so it is not shown."


class NotText(Refusal):
    code = "not-text"
    for_people = "A message opened, but it holds no valid text. Its sender's program is faulty, so it is not shown."


class Warning_:
    """Something noticed about a message that is shown all the same. (`Warning` is a built-in.)"""

    code = "noticed"

    def __init__(self, for_people):
        self.for_people = for_people


class Gap(Warning_):
    code = "gap"

    def __init__(self, missing):
        counted = "1 message" if missing == 1 else f"{missing} messages"
        have = "has" if missing == 1 else "have"
        super().__init__(f"{counted} of this sender before this one {have} not arrived: withheld, or lost.")


class Late(Warning_):
    code = "late"

    def __init__(self):
        super().__init__("This message arrived after later ones of the same sender: the order was changed on the way.")


class Forked(Warning_):
    code = "forked"

    def __init__(self):
        super().__init__(
            "Before writing this, its sender was shown other messages than you: the relay tells you different things."
        )


class OutOfOrder(Warning_):
    code = "out-of-order"

    def __init__(self):
        super().__init__("Its sender had seen more of this room than stands above: the relay changed the order.")


class Mark:
    """Two writers can be taken for each other; both carry it. `label` stands beside the tag of each of their messages.

    urgent: not what happens when somebody has just loaded the page anew, so the message that shows it says it in full.
    """

    code = "alike"
    label = "alike"
    urgent = True

    def __init__(self, for_people):
        self.for_people = for_people


class SameTag(Mark):
    code = "same-tag"
    label = "same tag"

    def __init__(self, tag):
        super().__init__(
            f"Two keys have the tag {tag}. By chance that is rare: somebody may have made a look-alike. "
            "Compare the digits."
        )


class YourName(Mark):
    code = "your-name"
    label = "your name"

    def __init__(self):
        super().__init__(
            "Another key writes under your name while you are here: you in a second place, or somebody posing as you. "
            "Give the others your digits."
        )


class LikeName(Mark):
    code = "like-name"
    label = "looks alike"

    def __init__(self, other):
        super().__init__(
            f"Another key writes as “{other}”, which looks like this name and is not the same. Compare the digits."
        )


class TwoNames(Mark):
    code = "two-names"
    label = "two names"

    def __init__(self):
        super().__init__(
            "One key stands beside two names, which no honest page does: at this level the relay can put any name on a "
            "message."
        )


class SameNameNow(Mark):
    code = "same-name-now"
    label = "two at once"

    def __init__(self, name):
        super().__init__(
            f"Two keys write as “{name}” at the same time: one person in two places, or somebody posing as another. "
            "Compare the digits."
        )


class SameName(Mark):
    code = "same-name"
    label = "shared name"
    urgent = False

    def __init__(self, name):
        super().__init__(
            f"Another key has written as “{name}” too: the same person after a reload, or somebody else. "
            "Compare the digits."
        )


MARKS = [SameTag, YourName, LikeName, TwoNames, SameNameNow, SameName]  # the gravest first

REFUSALS = [
    NotEncrypted,
    OtherLevel,
    Malformed,
    UnknownKind,
    TooManyKeys,
    Replayed,
    CannotOpen,
    CostOutOfRange,
    KdfUnavailable,
    BadSignature,
    WrongPassphrase,
    SessionChanged,
    BadPadding,
    NotText,
]
