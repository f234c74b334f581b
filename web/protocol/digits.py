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
