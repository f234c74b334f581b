"""The number by which two people see that nobody stands between them, or all of a room that they have one list."""

from . import qr
from .dialog import Dialog
from .dom import by_id, in_lines, listen, listen_submit, show

_TRUST = {
    "encrypted": (
        "Encrypted",
        "What you write is sealed for this key. That it is theirs, nobody has compared yet.",
    ),
    "same-key": (
        "Same key as before",
        "This page knows the key from earlier. Whose it was at the first contact, nobody has compared yet.",
    ),
    "verified": (
        "Verified in person",
        "You compared this number and said so. It holds for this key alone: after a change of keys, compare again.",
    ),
}
_READ_ALOUD = (
    "Read the digits to each other where you know the voice or the face, all twelve groups. Or let the other side read "
    "the code with a camera and paste what it says. Do not send them through this chat: whoever is in the middle would "
    "change them."
)
# Of a member, a room and oneself: title, what the number is and how to compare it, and what to do where it differs.
_MEMBER = (
    "Safety number",
    "You both see the same number if nobody is in the middle. " + _READ_ALOUD,
    "If a single digit differs, somebody may be in the middle. Send nothing secret here. Ask them in another way, by "
    "telephone or face to face, whether they have a new device; then compare again.",
)
_ROOM = (
    "Number of the room",
    "It stands for who is in the room, under which names, and who is an admin. All of you see the same number if the "
    "relay shows all of you the same list. " + _READ_ALOUD,
    "If it differs, look first whether somebody has just come or gone. If not, the relay may show you different lists. "
    "Send nothing secret here, and ask the others in another way who they see in the list of members.",
)
_OWN = (
    "Your own key",
    "These are the digits of your key on this device. Each of the others compares with you another number, made of "
    "both your keys: it stands behind their tags.",
    "",
)


class ComparePanel:
    """actions: same_number(facts, pasted), which gives a dict {"same": bool, "sentence": text}; async verified(key, id,
    bool), after which whoever gave the facts opens the panel again with new ones, if it still shows() them."""

    def __init__(self, actions):
        self._actions, self._facts, self._busy = actions, None, False
        self._dialog = Dialog(by_id("compare"), self._closed)
        self._find = self._dialog.find
        self._pasted, self._answer = by_id("compare-pasted"), by_id("compare-answer")
        listen_submit(self._find(".pasting"), self._compared)
        listen(self._pasted, "input", lambda event: self._say(""))
        listen(self._find(".verify"), "click", self._verified)

    def open(self, facts):
        """facts: a dict with "key" of the room, "id" of the member or "" for the room itself, "name", "tag", "color",
        "trust": encrypted, same-key or verified, "you": bool, "changed": a sentence or "", "number": twelve groups, and
        "digits": a QR code of them as qr.draw() takes it, or None."""
        if self._facts is None or _what(self._facts) != _what(facts):
            self._pasted.value = ""
            self._say("")
        self._facts = facts
        self._fill_who(facts)
        self._fill_number(facts)
        is_other = bool(facts["id"]) and not facts["you"]
        self._fill_trust(facts["trust"], is_other)
        show(self._find(".pasting"), not facts["you"])
        self._dialog.open()

    def shows(self, key, member):
        """Whether it is open, and about this member of this room; "" for the room itself."""
        return self._facts is not None and (self._facts["key"], self._facts["id"]) == (key, member)

    def _fill_who(self, facts):
        self._find(".name").textContent = facts["name"]
        tag = self._find(".tag")
        tag.textContent = facts["tag"]
        tag.className = "tag tag-" + str(facts["color"])
        show(tag, bool(facts["tag"]))
        show(self._find(".you"), facts["you"])
        self._find(".changed").textContent = facts["changed"]

    def _fill_number(self, facts):
        title, how, otherwise = _ROOM if not facts["id"] else _OWN if facts["you"] else _MEMBER
        by_id("compare-title").textContent = title
        self._find(".how").textContent = how
        self._find(".otherwise").textContent = otherwise
        self._find(".digits").textContent = in_lines(facts["number"])
        place = self._find(".code-drawn")
        show(place, facts["digits"] is not None)
        if facts["digits"] is not None:
            qr.draw(place, facts["digits"], "QR code of the same digits")

    def _fill_trust(self, trust, is_other):
        place, verify = self._find(".trust"), self._find(".verify")
        show(place, is_other)
        show(self._find(".verifying"), is_other)
        state, meaning = _TRUST[trust] if is_other else ("", "")
        place.setAttribute("data-trust", trust)
        self._find(".trust-state").textContent = state
        self._find(".trust-meaning").textContent = meaning
        is_verified = trust == "verified"
        verify.textContent = "No longer verified" if is_verified else "Mark as verified in person"
        hint = "" if is_verified else "Once you have compared all twelve groups, and not before."
        self._find(".verifying .hint").textContent = hint

    def _say(self, sentence, same=False):
        self._answer.textContent = sentence
        self._answer.setAttribute("data-same", "true" if same else "false")

    async def _compared(self, event):
        answer = self._actions.same_number(self._facts, self._pasted.value)
        self._say(answer["sentence"], answer["same"])

    async def _verified(self, event):
        if self._busy:
            return
        self._busy, facts = True, self._facts
        try:
            await self._actions.verified(facts["key"], facts["id"], facts["trust"] != "verified")
        finally:
            self._busy = False

    def _closed(self):
        self._facts = None
        self._pasted.value = ""
        self._say("")


def _what(facts):
    return facts["key"], facts["id"], facts["number"]
