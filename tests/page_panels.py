"""What panels.py serves in place of main.py: the page's view alone, over actions that note what is asked of them; of a
long text they note its length.

window.answers, JSON: what each action gives; "" where it is not named. window.next, JSON: the facts with which a panel
is opened again once an action has worked. An action that window.held names waits for the promise window.going.
"""

import json

from js import window
from pyscript.ffi import create_proxy

from browser import qr
from protocol.digits import COMPARED, same_digits
from view.page import View

called = []


class Actions:
    """Those of a View that the two panels use."""

    people = settings = invites = property(lambda self: self)

    def same_number(self, facts, pasted):
        answer = same_digits(pasted, facts["number"])
        note("same_number", [facts["key"], facts["id"], pasted])
        return {"same": answer == "same", "sentence": COMPARED[answer]}

    def __getattr__(self, name):
        async def act(*values):
            note(name, values)
            if name == window.held:
                await window.going
            answer = json.loads(window.answers).get(name, "")
            if not answer:
                await again()
            return answer

        return act


def note(name, values):
    called.append([name, [len(one) if type(one) is str and len(one) > 1_000 else one for one in values]])
    window.called = json.dumps(called)


async def again():
    facts = json.loads(window.next)
    if facts and "identities" in facts and view.shows_device():
        view.show_device(facts)
    if facts and "trust" in facts and view.shows_comparison(facts["key"], facts["id"]):
        await show_comparison(window.next)


async def show_comparison(text):
    facts = json.loads(text)
    if facts["digits"]:
        facts["digits"] = await qr.modules("".join(facts["number"]))
    view.show_comparison(facts)


async def show_device(text):
    view.show_device(json.loads(text))


window.called, window.answers, window.next, window.held = "[]", "{}", "null", ""
window.showComparison = create_proxy(show_comparison)
window.showDevice = create_proxy(show_device)
view = View(Actions())
view.ready([{"id": "passphrase", "title": "Passphrase", "sentence": "", "secret": "passphrase"}], "passphrase")
view.offer_device()
