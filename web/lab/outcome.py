"""What people see at the end of an attack, as one of the outcomes of the specification, section 8. Pure.

The attack matrix is computed by this, and so is what the lab's console says.
"""

from protocol.encoding import NAME_NOT_SHOWN
from protocol.identity_errors import IDENTITY_REFUSALS
from protocol.ratchet_errors import BadPrekeys

from .attacks.attack import OPENLY
from .seen import seq_of

PRESENCE = ("joined", "left")  # codes of honest notices
# And of those that a level with a list of members has besides, and one for two.
OF_THE_LEVEL = ("members", "unproven", "shared", "begun", "begun-anew", "read-before")
NO_EFFECT, SUCCEEDS = "no effect", "succeeds"


class Talk:
    """What Alice and Bob really said and did in a room, whatever their pages show of it."""

    def __init__(self, relayed_is_final=True, is_read_once=False):
        self.relayed_is_final = relayed_is_final  # as the level has it
        self.is_read_once = is_read_once  # a page that was loaded anew shows no more what had been read before
        self.said = []  # (name, text)
        self.absences = 0  # how often one of them was away, and came back
        self.absent = set()  # who came back with a new session
        self.heard = {}  # name -> how much had been said when their page was loaded anew
        self.notes = set()  # who was asked something before the join

    def comes_anew(self, name):
        """With a new session, as after a reload."""
        self.absences += 1
        self.absent.add(name)
        self.heard[name] = len(self.said)

    def is_whole(self, name, shown):
        """Whether a page shows all that was said, as [(name, text)], and nothing else."""
        if self.is_read_once and name in self.heard:
            return len(shown) >= len(self.said) - self.heard[name] and shown == self.said[len(self.said) - len(shown) :]
        return shown == self.said

    def was_done(self, what, seen):
        """Whether the page shows that what was said last got so far: "writes", "says" or "hears"."""
        text = self.said[-1][1]
        same = [row for row in seen.messages() if row["text"] == text]
        if what == "hears":
            return bool(same)
        if what == "writes":
            # Until the page says that the relay has it; it may never take its place in the log. Some levels say so only
            # of what has taken it.
            return any(row["state"] == "relayed" or not self.relayed_is_final for row in same)
        return any(seq_of(row) is not None for row in same)


def has_newest(seen, log):
    """Whether the newest entry of the log stands on the page, opened or refused; it is known by its time."""
    return any(row["at"] == log[-1]["at"] for row in seen.rows())


def is_settled(seen, attack):
    """Whether all that was appended stands on the page, all keys are derived and all is sent."""
    here = [seq_of(row) for row in seen.rows()]
    if any(type(seq) is int and seq not in here for seq in attack.answers.values()):
        return False
    never_relayed = attack.leaves_sending and not attack.hand.level.relayed_is_final
    if not never_relayed and any(row["state"] == "sending" for row in seen.rows()):
        return False
    kinds = [row["kind"] for row in seen.rows()]
    return "refusal" in kinds if attack.leaves_waiting else "waiting" not in kinds


def counted(things):
    counts = {}
    for thing in things:
        counts[thing] = counts.get(thing, 0) + 1
    return counts


class Outcome:
    """pages: name -> Seen, of everyone in the room. Lists where order counts: a MicroPython dict keeps none."""

    def __init__(self, attack, talk, pages):
        self.attack = attack
        self.talk = talk
        self.people = len(attack.deceives)
        self.labels = {seq: attack.labels[id] for id, seq in attack.answers.items()}
        self.marks = {}  # label -> {(refused or seen, code): names of those who see it}
        self.false = set()  # labels of what is shown as if someone had said it, with nothing beside it
        self.whole = True
        for name in attack.deceives:
            self.look(name, pages[name])

    def mark(self, label, what, code, who):
        self.marks.setdefault(label, {}).setdefault((what, code), set()).add(who)

    def look(self, who, seen):
        rows, honest = seen.rows(), counted(self.talk.said)
        for row in rows:
            label = self.labels.get(seq_of(row), "")
            if row["kind"] == "refusal":
                self.mark(label, "refused", row["code"], who)
            elif row["kind"] == "waiting":
                self.mark(label, "seen", "waiting", who)
            elif row["kind"] == "notice" and row["code"] not in PRESENCE + OF_THE_LEVEL:
                self.mark(label, "seen", row["code"], who)
            elif row["kind"] == "message":
                self.look_at_message(row, label, honest, who)
        self.look_around(who, seen)
        messages = seen.messages()
        said = [(row["name"], row["text"]) for row in messages]
        if not self.talk.is_whole(who, [one for one in said if one != OPENLY]):
            self.whole = False
        times = [entry["at"] for entry in self.attack.hand.log]
        if any(seq_of(row) is not None and row["at"] not in times for row in messages):
            self.whole = False
        if counted([row["code"] for row in rows if row["code"] in PRESENCE]) != self.presence(who):
            self.whole = False

    def look_at_message(self, row, label, honest, who):
        codes = row["code"].split() + [code for code in row["marks"].split() if not self.is_honest(code, row)]
        if row["state"] == "failed":
            codes.append("failed")
        if row["name"] == NAME_NOT_SHOWN:
            codes.append("name-not-shown")
        for code in codes:
            self.mark(label, "seen", code, who)
        message = (row["name"], row["text"])
        was_said = honest.get(message, 0) > 0 or row["text"] in self.attack.words or message == OPENLY
        honest[message] = honest.get(message, 0) - 1
        if not was_said and not codes:
            self.false.add(label)

    def is_honest(self, mark, row):
        """Who reloads or joins anew has two keys under one name, and is marked so without any attack."""
        return mark == "same-name" and row["name"] in self.talk.absent

    def look_around(self, who, seen):
        """What is said beside the messages."""
        for sentence in (seen.sentence("alert"), seen.sentence("ask")):
            if sentence:
                self.mark("", "seen", code_of(sentence), who)
        if seen.sentence("state"):
            self.mark("", "seen", "standing", who)
        if who in self.talk.notes:
            self.mark("", "seen", "note", who)

    def presence(self, who):
        """The notices that Alice, who is there from the start to the end, should have of Bob; Bob has none of her."""
        if who != "Alice":
            return {}
        away = self.talk.absences
        return {"joined": 1 + away, "left": away} if away else {"joined": 1}

    # ------------------------------------------------------------------------------------------ in words

    def text(self):
        """Outcomes, each once, with what it is the outcome of if there are several."""
        variants = []
        for id in self.attack.order:
            label = self.attack.labels[id]
            if label and label not in variants:
                variants.append(label)
        found = [(label, self.of(label)) for label in variants]
        rest = self.of("")
        if not variants or rest != NO_EFFECT:
            found.append(("the rest" if variants else "", rest))
        texts = []  # outcome, labels
        for label, outcome in found:
            gather(texts, outcome, label)
        if len(texts) == 1:
            return texts[0][0]
        return "; ".join([f"{outcome} ({', '.join(labels)})" for outcome, labels in texts])

    def of(self, label):
        answers = [self.attack.answers.get(id) for id in self.attack.order if self.attack.labels[id] == label]
        if label in self.false:
            return SUCCEEDS
        if label in self.marks:
            return self.marked(self.marks[label])
        if not label and (self.attack.learned or not self.whole):
            return SUCCEEDS
        refused = sorted({f"`{answer}`" for answer in answers if type(answer) is str})
        return f"refused by the relay: {', '.join(refused)}" if refused else NO_EFFECT

    def marked(self, marks):
        by = []  # what is seen and by whom, codes
        for what, code in sorted(marks):
            who = marks[(what, code)]
            seers = "" if len(who) == self.people else " by " + " and ".join(sorted(who))
            gather(by, what + seers, f"`{code}`")
        return "; ".join([f"{what}: {', '.join(codes)}" for what, codes in by])


def of_label(text, label):
    """Of an outcome in words, that of one variant: it is named in brackets, unless all had the same."""
    for part in text.split("); "):
        outcome, bracket, labels = part.rpartition(" (")
        if bracket and label in labels.rstrip(")").split(", "):
            return outcome
    return text


def code_of(sentence):
    """Of what stands in a banner: that of the refusal that it tells, or else "alert"."""
    for refusal in IDENTITY_REFUSALS + [BadPrekeys]:
        if sentence.startswith(refusal.for_people):
            return refusal.code
    return "alert"


def gather(groups, key, item):
    """Adds the item to the group of this key, (key, items); groups stand in the order of their first item."""
    for known, items in groups:
        if known == key:
            items.append(item)
            return
    groups.append((key, [item]))
