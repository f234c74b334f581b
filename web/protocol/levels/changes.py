"""What a member wants changed in the list of members, and what a change reads like. Level identity, 5.3. Pure.

A wish is applied to whatever list is the newest, so it survives that another change comes first.
"""

from ..errors import Problem
from ..identity_envelope import MEMBERS, Member


class Add:
    def __init__(self, identity, name):
        self.identity = identity
        self.name = name

    def apply(self, members):
        """The members after it. Raises Problem if that is not possible."""
        if any(member.identity == self.identity for member in members):
            return members
        if any(member.name == self.name for member in members):
            raise Problem("message", "name-in-list", f"There is a member “{self.name}” already, with another key.")
        if len(members) >= MEMBERS:
            raise Problem("message", "room-full", f"A room has at most {MEMBERS} members.")
        return members + [Member(self.identity, self.name)]


class Remove:
    def __init__(self, identity):
        self.identity = identity

    def apply(self, members):
        left = [member for member in members if member.identity != self.identity]
        if left and not any(member.admin for member in left):
            raise Problem("message", "no-admin", "Name another admin first: nobody could change the list any more.")
        return left


class MakeAdmin:
    def __init__(self, identity):
        self.identity = identity

    def apply(self, members):
        return [
            Member(member.identity, member.name, member.admin or member.identity == self.identity) for member in members
        ]


class Replace:
    """Another identity in the place of one, under the same name: a new device."""

    def __init__(self, identity, new):
        self.identity = identity
        self.new = new

    def apply(self, members):
        return [
            Member(self.new, member.name, member.admin) if member.identity == self.identity else member
            for member in members
        ]


def is_done(wish, members):
    return [one.octets for one in wish.apply(members)] == [one.octets for one in members]


def described(before, after, signer, ours):
    """Sentences for what a list changes of the one before; signer: the name of who signed it; ours: our identity."""
    old = {member.identity: member for member in before}
    new = {member.identity: member for member in after}
    sentences = [f"{signer} added {named(one, ours)}." for one in after if one.identity not in old]
    for one in before:
        if one.identity not in new:
            sentences.append(gone(one, signer, ours))
        elif new[one.identity].admin and not one.admin:
            sentences.append(f"{signer} made {named(one, ours)} an admin.")
        elif one.admin and not new[one.identity].admin:
            sentences.append(f"{named(one, ours)} is no longer an admin.")
    return sentences


def named(member, ours):
    return "you" if member.identity == ours else f"“{member.name}”"


def gone(member, signer, ours):
    who = named(member, ours)
    if signer == who or (signer, who) == ("You", "you"):
        return f"{signer} left the room for good."
    return f"{signer} removed {who}."
