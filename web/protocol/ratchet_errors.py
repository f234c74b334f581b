"""The refusals of level ratchet, beside those of the levels below it: its specification, section 5. Pure."""

from .errors import Refusal


class BadPrekeys(Refusal):
    code = "bad-prekeys"
    for_people = (
        "The directory's prekeys are not signed by whom they name, so no conversation is begun with them. Try again "
        "later, or ask whoever runs this relay."
    )


class PrekeyGone(Refusal):
    code = "prekey-gone"
    for_people = (
        "Somebody began a conversation with a prekey that this device no longer has, so it cannot be read. Begin the "
        "conversation anew from here."
    )


class NoKeys(Refusal):
    code = "no-keys"
    of_known = True
    for_people = "This was written with keys that this device does not have, or no more, so it cannot be read here."


class DoesNotOpen(Refusal):
    code = "does-not-open"
    of_known = True
    for_people = (
        "A message does not open with the keys of this conversation: it was changed on the way, was meant for another "
        "conversation, or arrived again long after it was read."
    )


class KeyDeleted(Refusal):
    code = "key-deleted"
    of_known = True
    for_people = "A message arrived again, or so late that its key was deleted, so it cannot be read."


class TooFarAhead(Refusal):
    code = "too-far-ahead"
    for_people = (
        "A message claims that more than 1,000 before it are missing, so this page does not try to open it. If it "
        "stays so, begin the conversation anew."
    )


class NotOfThisPair(Refusal):
    code = "not-of-this-pair"
    for_people = "Somebody tried to begin a conversation in this room, which is one between two others."


class NotYours(Refusal):
    code = "not-yours"
    for_people = "This was written between two others."


class BegunAgain(Refusal):
    code = "begun-again"
    of_known = True
    for_people = "The beginning of a conversation arrived again, so it does not count."


class NotStored(Refusal):
    code = "not-stored"
    for_people = (
        "This device could not store what comes after this message, so the message is not shown, and its key is still "
        "there. Make room on the device, and join the room again."
    )


class OfALostSession(Refusal):
    code = "lost-session"
    sent_again = True
    for_people = (
        "A message was written with keys that its reader has lost, so it cannot be read. The page of whoever wrote it "
        "sends it again."
    )
