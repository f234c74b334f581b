"""Who is in a room, as the relay asserts it and nobody proves. Pure."""


class Members:
    def __init__(self):
        self.names = {}  # member -> name: one member is one joining of one connection
        self.you = 0

    def replace(self, you, members):
        """The whole list, from a `joined` frame."""
        self.you = you
        self.names = {member["member"]: member["name"] for member in members}

    def change(self, kind, member, name):
        """A member came or went: the notice's text and code."""
        if kind == "member-joined":
            self.names[member] = name
            return f"{name} joined.", "joined"
        self.names.pop(member, None)
        return f"{name} left.", "left"

    def listed(self):
        """Each name once, ours first, then in alphabetical order: dicts of name, count and you."""
        every = list(self.names.values())
        ours = self.names.get(self.you)
        listed = [{"name": name, "count": every.count(name), "you": name == ours} for name in sorted(set(every))]
        return [p for p in listed if p["you"]] + [p for p in listed if not p["you"]]
