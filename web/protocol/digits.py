"""A key as 60 digits that two people can read to each other. Specification, section 2.6. Pure."""

from .encoding import sized

LABEL_SESSION = b"secure-chat session 1 digits"
GROUPS = 12  # of five digits each


async def session_digits(platform, level_id, key):
    """The digits of a session's public value: twelve groups of five, each a string."""
    return groups(await platform.sha512(LABEL_SESSION + sized(level_id.encode("utf-8")) + key))


def groups(digest):
    """Twelve times five bytes of a SHA-512, each big-endian and modulo 100,000: 199 bits in all."""
    fives = [digest[at : at + 5] for at in range(0, 5 * GROUPS, 5)]
    return [f"{int.from_bytes(five, 'big') % 100_000:05}" for five in fives]


# Comparing by what somebody pastes

COMPARED = {
    "same": "All 60 digits are the same. If you got them another way than through this chat, nobody is in the middle.",
    "different": (
        "These are other digits. Unless they were mistyped, somebody may be in the middle: send nothing secret here, "
        "and compare by voice."
    ),
    "too few": "These are fewer than 60 digits, so nothing was compared. Paste all twelve groups.",
    "too many": "These are more than 60 digits, so nothing was compared. Paste the twelve groups alone.",
}


def same_digits(text, number):
    """How the digits 0 to 9 in `text`, whatever stands between and around them, compare with the groups of `number`:
    "same", "different", "too few" or "too many". COMPARED has a sentence for each."""
    found = [one for one in text if one in "0123456789"]
    expected = "".join(number)
    if len(found) != len(expected):
        return "too few" if len(found) < len(expected) else "too many"
    # Of the same length, so that all are compared.
    return "different" if sum([ours != theirs for ours, theirs in zip(expected, found)]) else "same"
