"""What of a name is compared, so that two that look alike are found. Specification, section 2.6. Pure."""

from .encoding import visible

# Capitals of Greek and Cyrillic that are drawn as one of Latin's. By no means all that looks alike (UTS #39 has more).
TWINS = {
    "\u0391": "A", "\u0392": "B", "\u0395": "E", "\u0396": "Z", "\u0397": "H", "\u0399": "I", "\u039a": "K",
    "\u039c": "M", "\u039d": "N", "\u039f": "O", "\u03a1": "P", "\u03a4": "T", "\u03a5": "Y", "\u03a7": "X",
    "\u0405": "S", "\u0406": "I", "\u0408": "J", "\u0410": "A", "\u0412": "B", "\u0415": "E", "\u041a": "K",
    "\u041c": "M", "\u041d": "H", "\u041e": "O", "\u0420": "P", "\u0421": "C", "\u0422": "T", "\u0423": "Y",
    "\u0425": "X", "\u0474": "V", "\u04ae": "Y", "\u04ba": "H", "\u04c0": "I", "\u0500": "D", "\u051a": "Q",
    "\u051c": "W",
}  # fmt: skip


def look(platform, name):
    """Equal for names that differ only in case, spaces, invisible characters, styles of letters, or by TWINS."""
    folded = platform.caseless(name).replace(" ", "")
    if len(folded.encode("utf-8")) == len(folded):  # ASCII, as most names: nothing more to do
        return folded
    return "".join([TWINS.get(character, character) for character in folded if visible(character)])
