"""Of a file of Python the lines of one function, method or class, found by indentation. Pure.

MicroPython keeps no source and has no parser for it. Our files are formatted by one program, so that a block begins
with its `def` or `class`, is indented by four, and ends before the next line that is not.
"""

INDENT = 4


class NoSuchBlock(Exception):
    def __init__(self, name):
        super().__init__(name)
        self.for_people = f"“{name}” is not in this file."


def block(text, name):
    """(number of the first line, lines without the common indentation) of a dotted name ("Passphrase.seal").

    With its decorators. Raises NoSuchBlock.
    """
    lines = text.split("\n")
    start, end, indent = 0, len(lines), 0
    for depth, part in enumerate(name.split(".")):
        indent = depth * INDENT
        start = beginning(lines, start, end, " " * indent, part)
        if start is None:
            raise NoSuchBlock(name)
        end = ending(lines, start, end, " " * indent)
    while start and lines[start - 1].startswith(" " * indent + "@"):
        start -= 1
    return start + 1, [line[indent:] for line in lines[start:end]]


def beginning(lines, start, end, indent, name):
    """Where a block of this name begins, or None."""
    heads = []
    for head in ("def ", "async def ", "class "):
        heads += [indent + head + name + "(", indent + head + name + ":"]
    for at in range(start, end):
        if any(lines[at].startswith(head) for head in heads):
            return at
    return None


def ending(lines, start, end, indent):
    """The line after the last one of the block that begins at `start`."""
    last = start
    for at in range(start + 1, end):
        line = lines[at]
        if not line:
            continue
        # The parenthesis that ends a head of several lines stands as far left as the head.
        if not line.startswith(indent + " ") and not line.startswith(indent + ")"):
            break
        last = at
    return last + 1
