"""Who is connected to a room, as the relay asserts it and nobody proves. Pure."""

from .encoding import shown_name
from .looks import look

SOON = 0.1  # seconds: when a relay restarts, a whole room comes in a moment


class Members:
    """`show` and `later` are those of the session."""

    def __init__(self, platform, level, show, later):
        self.platform = platform
        self.level = level
        self.show = show
        self.later = later
        self.due = False
        self.names = {}  # member -> name: one member is one joining of one connection
        self.you = 0

    def replace(self, you, members):
        """The whole list, from a `joined` frame."""
        self.you = you
        self.names = {member["member"]: shown_name(self.platform, member["name"]) for member in members}
        self.tell()

    def change(self, kind, member, name):
        """A member came or went: the notice's text and code. The list follows soon, once for all who come together."""
        name = shown_name(self.platform, name)
        if not self.due:
            self.due = True
            self.later(SOON, self.tell)
        if kind == "member-joined":
            self.names[member] = name
            return f"“{name}” joined.", "joined"
        self.names.pop(member, None)
        return f"“{name}” left.", "left"

    def tell(self):
        self.due = False
        people = self.level.people(list(self.names.values()))
        if people is None:
            self.show.members(self.listed())
        else:
            self.show.people(people)

    def present(self, wanted):
        """How many members have a name of this look."""
        return sum([look(self.platform, name) == wanted for name in self.names.values()])

    def listed(self):
        """Each name once, ours first, then in alphabetical order: dicts of name, count, you and alike.

        alike: another name here looks the same.
        """
        counts = {}
        for name in self.names.values():
            counts[name] = counts.get(name, 0) + 1
        ours = self.names.get(self.you)
        looks = {name: look(self.platform, name) for name in counts}
        shared = {}
        for each in looks.values():
            shared[each] = shared.get(each, 0) + 1
        listed = [
            {"name": name, "count": counts[name], "you": name == ours, "alike": shared[looks[name]] > 1}
            for name in sorted(counts)
        ]
        return [p for p in listed if p["you"]] + [p for p in listed if not p["you"]]
