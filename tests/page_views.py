"""What mounted.py runs in place of main.py: the page's views with no chat behind them, called and watched by a test.

`do([place, name, arguments])`, in JSON, calls a method of "view", of "room", the room opened last, or a function of a
door of the browser; `done()` gives what the actions were called with since. `answer([name, value])` is what an action
returns from now on, and while `gate`, a promise, is there, every action waits for it.
"""

import json

from js import window
from pyscript.ffi import create_proxy

from browser import address, clipboard, served
from view.page import View

LEVELS = [
    {"id": "passphrase", "title": "Passphrase", "sentence": "Who knows it can read.", "secret": "passphrase"},
    {"id": "identity", "title": "Identity", "sentence": "This device has keys of its own.", "secret": "device"},
]
COROUTINE = type((lambda: (yield))())  # as MicroPython has it: an async function gives a generator


class Actions:
    def __init__(self):
        self.called = []
        self.answers = {}

    people = settings = invites = property(lambda self: self)

    def __getattr__(self, name):
        async def action(*arguments):
            self.called.append((name,) + arguments)  # noqa: RUF005 - MicroPython has no (*x,)
            if window.gate:
                await window.gate
            return self.answers.get(name)

        return action


def choices(labels):
    """(label, async callable) of each label; pressing one is an action of its name."""
    return [(label, getattr(actions, label)) for label in labels]


async def do(text):
    place, name, arguments = json.loads(text)
    if name == "tools":
        arguments = [choices(arguments[0])]
    elif name == "on_change":
        arguments = [actions.came]
    made = getattr(places[place], name)(*arguments)
    if name == "open_room":
        places["room"] = made
        return "null"
    if type(made) is COROUTINE:
        made = await made
    return json.dumps(made)


def done():
    called, actions.called = actions.called, []
    return json.dumps(called)


def answer(text):
    name, value = json.loads(text)
    actions.answers[name] = value


window.gate = None
actions = Actions()
view = View(actions)
places = {"view": view, "address": address, "clipboard": clipboard, "served": served}
for level in LEVELS:
    level.update({"mark": "", "padded": True})
view.ready(LEVELS, "passphrase")
for work in (do, done, answer):
    setattr(window, work.__name__, create_proxy(work))
