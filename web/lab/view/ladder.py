"""The part that shows one talk at every level, beside each other."""

from view.dom import add, by_id, clone, listen, listen_submit, show

HEAD, TAIL = 8, 2  # bytes of a long field that are shown unless all are wanted


class LadderView:
    """actions: async talk(text), and async flip(number, field) for a bit of the field of the number-th level's first
    message, "" for none."""

    def __init__(self, actions):
        self._actions = actions
        self._levels = []
        self._text, self._whole = by_id("ladder-text"), by_id("ladder-whole")
        listen_submit(by_id("ladder-form"), self._submitted)
        listen(self._whole, "change", self._whole_changed)

    def levels(self, levels):
        """Makes a column for each: a list of dicts of title and sentence."""
        for number, level in enumerate(levels):
            column = _Column(number, level, self._actions)
            self._levels.append(column)
            by_id("ladder-levels").append(column.element)

    def typed(self):
        return self._text.value

    def busy(self, busy):
        by_id("ladder-say").disabled = busy

    def state(self, sentence):
        by_id("ladder-state").textContent = sentence

    def problem(self, sentence):
        """What is wrong with the text, or "" for nothing."""
        by_id("ladder-problem").textContent = sentence
        if sentence:
            self._text.setAttribute("aria-invalid", "true")
            self._text.focus()
        else:
            self._text.removeAttribute("aria-invalid")

    def talk(self, number, messages, length, price):
        """Fills the number-th column; length and price are sentences. messages: dicts of by, to, text, size (of the
        body, in bytes), parts, a list of (field, bytes), and read, the text or the sentence of a refusal, with code."""
        self._levels[number].fill(messages, length, price)

    def chosen(self, number):
        """The field of which a bit is flipped, or ""."""
        return self._levels[number].chosen()

    def flipped(self, number, message, field):
        """Shows the first message anew, as in talk(), after a bit of this field was flipped."""
        self._levels[number].first.show(message, field)

    async def _submitted(self, event):
        await self._actions.talk(self._text.value)

    def _whole_changed(self, event):
        by_id("ladder-levels").toggleAttribute("data-whole", self._whole.checked)


class _Column:
    def __init__(self, number, level, actions):
        self.element = clone("ladder-level")
        self._actions = actions
        self._number = number
        heading = self.element.querySelector("h3")
        heading.id = "ladder-level-" + str(number)
        heading.textContent = level["title"]
        self.element.setAttribute("aria-labelledby", heading.id)
        self.element.querySelector(".hint").textContent = level["sentence"]
        self._learns = self.element.querySelector(".learns")
        show(self._learns, False)
        self.first = None

    def fill(self, messages, length, price):
        for old in self.element.querySelectorAll(".message"):
            old.remove()
        self.first, answer = [_Message(message) for message in messages]
        self._learns.before(self.first.element)
        self._learns.after(answer.element)
        self._choice = self.first.open()
        listen(self._choice, "change", self._flip)
        self._learns.querySelector(".length").textContent = length
        self._learns.querySelector(".price").textContent = price
        show(self._learns, True)

    def chosen(self):
        return self._choice.value

    async def _flip(self, event):
        await self._actions.flip(self._number, self._choice.value)


class _Message:
    """Who types, what the relay sees, who reads."""

    def __init__(self, message):
        self.element = clone("ladder-message")
        self.element.setAttribute("aria-label", message["by"] + " to " + message["to"])
        self._find(".typed-by").textContent = message["by"] + " types"
        self._find(".typed").textContent = message["text"]
        self._find(".read-by").textContent = message["to"] + " reads"
        self._fields = [field for field, _ in message["parts"]]
        self.show(message, "")

    def _find(self, selector):
        return self.element.querySelector(selector)

    def open(self):
        """Opens what the relay sees, and returns the choice of a field to flip a bit of."""
        self._find(".carried").open = True
        self._find(".flip").hidden = False
        choice = self._find("select")
        for field in self._fields:
            add(choice, "option", field).value = field
        return choice

    def show(self, message, flipped):
        """What the relay has, the last bit of this field flipped, and what the other reads of it."""
        fields = str(len(message["parts"])) + " fields"
        self._find("summary").textContent = "The relay sees " + str(message["size"]) + " bytes in " + fields
        rows = self._find("tbody")
        rows.replaceChildren()
        for field, octets in message["parts"]:
            rows.append(_field(field, octets, field == flipped))
        read = self._find(".read")
        read.textContent = message["read"]
        read.toggleAttribute("data-refused", bool(message["code"]))
        if message["code"]:
            read.append(" ")
            add(read, "code", message["code"], "code")


def _field(field, octets, flipped):
    row = clone("ladder-field")
    row.firstElementChild.textContent = field
    row.querySelector(".size").textContent = str(len(octets))
    cut = len(octets) > HEAD + TAIL + 2
    head, end = (HEAD if cut else len(octets) - 1), (len(octets) - TAIL if cut else len(octets) - 1)
    row.querySelector(".head").textContent = _hex(octets[:head])
    row.querySelector(".middle").textContent = _hex(octets[head:end])
    row.toggleAttribute("data-cut", cut)
    tail = row.querySelector(".tail")
    tail.textContent = _hex(octets[end:-1])
    add(tail, "span", octets[-1:].hex(), "flipped" if flipped else "")
    return row


def _hex(octets):
    """Each byte with a space behind it."""
    return "".join([octets[at : at + 1].hex() + " " for at in range(len(octets))])
