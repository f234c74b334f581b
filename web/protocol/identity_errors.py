"""The refusals of level identity: its specification, section 8. Pure.

They go to errors.py when a page has the level.
"""

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
    for_people = (
        "A message or key arrived after its time was over. If it was a message, its sender's page sends it again."
    )


class ForkedEpoch(Refusal):
    code = "forked-epoch"
    for_people = (
        "A room key arrived that follows another than the one known here: the relay may tell members different things."
    )


IDENTITY_REFUSALS = [BadIdentity, NotAMember, NotAnAdmin, OldList, ForkedList, OldEpoch, ForkedEpoch]
