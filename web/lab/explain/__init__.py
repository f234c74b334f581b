"""A message's formulas with this message's values, step by step. One module per level, each with one function:

    await steps(level, entry, outcome) -> [Step]    level: a session of that level of the lab; outcome: what it made of
                                                    the entry at the time, which a repeat would not give again

The steps go as far as the message came: where it was refused, the last one says why. No formula is worked out here a
second time. Every value comes from the functions that opened the message, called again, and from keys of glass. Pure.
"""

from protocol.errors import Refusal, UnknownKind
from protocol.levels import MESSAGE
from protocol.wire import numbered

WAITING = "waiting"
NOT_DERIVED = "Its key is not derived yet: unknown ones come one after the other, at most ten a minute."
TOO_LATE = "Its key came when this message had been given up, so it was not looked at. Leave and join again."


class Value:
    """What a formula names. value: bytes, text or a whole number; secret: the relay may not learn it."""

    def __init__(self, name, value, secret=False):
        self.name = name
        self.value = value
        self.secret = secret

    def shown(self):
        return self.value.hex() if type(self.value) is bytes else str(self.value)

    def size(self):
        """How long it is, in words; "" for a number."""
        if type(self.value) is int:
            return ""
        unit = "byte" if type(self.value) is bytes else "character"
        return f"{len(self.value)} {unit}" + ("" if len(self.value) == 1 else "s")


def secret(name, value):
    return Value(name, value, True)


class Step:
    """title: the question that it answers. ran: [(file under web/, dotted name)]. given and found: [Value].

    formulas: lines as the specification has them. holds: whether the message goes on from here. sentence: what there is
    to say beside the values. code: of the refusal, or of the warnings, with spaces between; or WAITING, or "".
    """

    def __init__(self, title, ran, given=()):
        self.title = title
        self.formulas = []
        self.ran = ran
        self.given = list(given)
        self.found = []
        self.holds = True
        self.sentence = self.code = ""

    def finds(self, *values):
        self.found += values
        return self

    def says(self, sentence, code=""):
        self.sentence, self.code = sentence, code
        return self

    def warns(self, warnings):
        """None if there are none."""
        if not warnings:
            return None
        sentences = [warning.for_people for warning in warnings]
        return self.says(" ".join(sentences), " ".join([warning.code for warning in warnings]))

    def ends(self, refusal):
        """The message came as far as this."""
        self.holds = False
        return self.says(refusal.for_people, refusal.code)

    def waits(self, sentence):
        """Nobody knows yet, or any more, how it goes on."""
        self.holds = False
        return self.says(sentence, WAITING)


class Message:
    """What is explained. `known`: by name, what the steps have found so far; the levels' steps keep more here."""

    def __init__(self, level, entry, outcome):
        self.level = level
        self.entry = entry
        self.outcome = outcome
        self.known = {}

    def named(self, *names):
        """The values of these names."""
        return [self.known[name] for name in names]

    def octets(self, name):
        return self.known[name].value


async def walk(ways, message):
    """The Steps that these async functions of a message make, up to the first that does not hold."""
    made = []
    for way in ways:
        step = await way(message)
        made.append(step)
        if not step.holds:
            break
        message.known.update({value.name: value for value in step.found})
    return made


def take_apart(message, step):
    """The step with the fields of the body."""
    step.given = [Value("body", message.entry["body"])]
    kind, forms = message.entry["kind"], message.level.forms
    if kind != MESSAGE and kind not in forms:
        return step.ends(UnknownKind())
    try:
        parts = forms.get(kind, message.level).parts(message.level.platform, message.entry["body"])
    except Refusal as refusal:
        return step.ends(refusal)
    names = numbered(["sized(name)" if field == "name" else field for field, _ in parts])
    return step.finds(*[Value(name, octets) for name, (_, octets) in zip(names, parts)])
