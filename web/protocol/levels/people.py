"""The members of a room, against the keys that are known here and as a view shows them. Level identity, 7. Pure."""

from . import Tag

CHANGED_KEY = (
    "“{}” has another key than before. Most often that is a new device, or a browser that was cleared; it can also be "
    "somebody in the middle. Compare the safety number before you send what must stay between you."
)


def meet(membership, trust):
    """Pins whom the newest list brings, and gives [(sentence, code)] of those whose key is another than before.

    Where there are too many pins the others stay strangers: no list is refused for that.
    """
    notices = []
    for member in membership.members():
        pin = trust.pin_of(member.name)
        if member.identity == membership.ours.public or (pin and pin.identity == member.identity):
            continue
        if pin:
            trust.moved(pin, member.identity, 0)
            notices.append((CHANGED_KEY.format(member.name), "key-changed"))
        elif trust.of(member.identity) is None and not trust.is_full():
            trust.first_contact(member.name, member.identity, 0)
    return notices


def people(platform, membership, trust, present):
    """members: those of the list, each with id (base64url), name, tag, color, admin, you, present, trust and changed;
    waiting: names that are connected and no member's; admin: whether we are one; two: whether the room is one of two.
    present: the names that are connected.
    """
    listed = membership.members()
    names = [member.name for member in listed]
    is_member = membership.us() is not None
    return {
        "members": [shown(platform, membership, trust, member, present) for member in listed],
        "waiting": sorted({name for name in present if name not in names}) if is_member else [],
        "admin": membership.is_admin(),
        "two": False,
    }


def shown(platform, membership, trust, member, present):
    tag, you = Tag(member.identity), member.identity == membership.ours.public
    pin = trust.of(member.identity)
    return {
        "id": platform.base64url(member.identity),
        "name": member.name,
        "tag": tag.text,
        "color": tag.color,
        "admin": member.admin,
        "you": you,
        "present": member.name in present,
        "trust": trust.state(member.identity),
        "changed": pin is not None and pin.former is not None,
    }


def changed_keys(membership, trust):
    """The pins of members whose key was verified, and is another now that nobody has acknowledged."""
    pins = [trust.of(member.identity) for member in membership.members()]
    return [pin for pin in pins if pin and pin.former_verified]
