"""The refusals of level identity: its specification, section 8. Pure.

They go to errors.py when a page has the level.
"""

from .errors import Refusal


class BadIdentity(Refusal):
    code = "bad-identity"
    for_people = "An identity arrived that is no safe key, so nothing of it is used."


IDENTITY_REFUSALS = [BadIdentity]
