"""Frames as short lines, for who looks at the wire. Pure."""


def described(frame):
    """What a frame of section 1 says, in a few words."""
    kind = frame["type"]
    if kind == "join":
        return f"join, as “{frame['name']}”, after {frame['after']}"
    if kind == "append":
        return f"append: a body of {len(frame['body'])} characters"
    if kind == "joined":
        kept = f"the log goes from {frame['oldest']} to {frame['newest']}" if frame["newest"] else "the log is empty"
        return f"joined: {kept}"
    if kind == "entries":
        return entries(frame["entries"])
    if kind == "appended":
        return f"appended, as {frame['seq']}"
    if kind == "error":
        return f"error: {frame['code']}"
    if kind in ("member-joined", "member-left"):
        return f"{kind}: “{frame['name']}”"
    if kind == "looked":
        return "looked: " + ", ".join([f"{room['room']} has {room['members']}" for room in frame["rooms"]])
    return kind


def entries(found):
    """Their numbers and names, in short."""
    seqs, names = [entry["seq"] for entry in found], []
    for entry in found:
        if entry["name"] not in names:
            names.append(entry["name"])
    numbers = str(seqs[0]) if len(seqs) == 1 else f"{seqs[0]} to {seqs[-1]}"
    if len(seqs) != seqs[-1] - seqs[0] + 1:
        numbers = ", ".join([str(seq) for seq in seqs])
    return f"{'entry' if len(seqs) == 1 else 'entries'} {numbers} by " + " and ".join([f"“{name}”" for name in names])


def difference(frame, became):
    """In a few words, what a frame was changed to."""
    if described(frame) != described(became):
        return described(became)
    if frame["type"] == "entries":
        for old, new in zip(frame["entries"], became["entries"]):
            for field in ("at", "body", "id", "kind"):
                if old[field] != new[field]:
                    return f"another {field}" + (f": {new['at']}" if field == "at" else "")
    changed = [field for field in sorted(became) if became[field] != frame.get(field)]
    return "another " + ", ".join(changed)
