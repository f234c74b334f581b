"""How far somebody's key is trusted, in plain words. Specification of level identity, section 7."""

_WORDS = {
    "encrypted": "encrypted",
    "same-key": "same key as before",
    "verified": "verified in person",
}
_MEANINGS = {
    "encrypted": "Written with a key that this device had not met before. Nobody has compared it.",
    "same-key": "The same key as when this device first met this name. Nobody has compared it.",
    "verified": "The number was compared with this person, and this is their key.",
}


def fill(element, trust, when=""):
    """Put the word for one of the three into an element, with what it means; when: a sentence before that."""
    element.textContent = _WORDS[trust]
    element.title = when + _MEANINGS[trust]
    element.setAttribute("data-trust", trust)
