"""The refusals of level identity, beside those of errors.py: its specification, section 8. Pure."""

from .errors import Refusal


class BadIdentity(Refusal):
    code = "bad-identity"
    for_people = "An identity arrived that is no safe key, so nothing of it is used."


class NotAMember(Refusal):
    code = "not-a-member"
    for_people = "Something arrived from somebody who is not in the list of members, so it does not count."


class NotAnAdmin(Refusal):
    code = "not-an-admin"
    for_people = "A member tried to change the list of members, which only an admin may. Nothing was changed."


class OldList(Refusal):
    code = "old-list"
    for_people = "A list of members arrived again, or after another had taken its place, so it does not count."


class ForkedList(Refusal):
    code = "forked-list"
    for_people = (
        "Something refers to a list of members that this page was never shown: the relay may tell members different "
        "things."
    )


class OldEpoch(Refusal):
    code = "old-epoch"
    sent_again = True
    for_people = (
        "A message or key arrived after its time was over. If it was a message, its sender's page sends it again."
    )


class ForkedEpoch(Refusal):
    code = "forked-epoch"
    for_people = (
        "A room key arrived that follows another than the one known here: the relay may tell members different things."
    )


class BadBundle(Refusal):
    code = "bad-bundle"
    for_people = "The directory's answer is not signed by whom it names, so it is not used."


class OldBundle(Refusal):
    code = "old-bundle"
    for_people = "The directory shows an older key than it has shown before, so it is not used."


class OtherIdentity(Refusal):
    code = "other-identity"
    for_people = (
        "This name has another key now, and the key known here has not signed that. Compare the safety number before "
        "you go on."
    )


class BadWrap(Refusal):
    code = "bad-wrap"
    for_people = "A member began a new room key and gave this page a wrong one, so this page begins another."


class OtherKey(Refusal):
    code = "other-key"
    for_people = "A message was sealed with another room key than the one known here, so it cannot be read."


class NotForYou(Refusal):
    code = "not-for-you"
    may_open_later = True
    for_people = "This was written while you were not a member, so this page has no key for it."


IDENTITY_REFUSALS = [
    BadIdentity,
    BadBundle,
    OldBundle,
    OtherIdentity,
    NotAMember,
    NotAnAdmin,
    OldList,
    ForkedList,
    OldEpoch,
    ForkedEpoch,
    BadWrap,
    OtherKey,
    NotForYou,
]
