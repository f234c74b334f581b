"""What the records of a device hold, as bytes. Specification, level identity, sections 7.1 and 7.3. Pure."""

from .encoding import Reader, is_clean_name, sized, uint, utf8_bytes
from .errors import BadInput, Malformed

FORM = 1  # of the record of a name
FIELDS, RECORD_BYTES = 32, 131_072  # of what is kept of a message, at most
LOGS, LOG_BYTES = 10_000, 1_024  # of a room at most, and of what the relay calls one


def write_name(name, generation, former):
    """form(1) || generation(4) || former(4) || name. former: the generation before a replacement, 0 for none."""
    numbers = uint(generation, 4, "generation") + uint(former, 4, "former")
    return bytes([FORM]) + numbers + utf8_bytes(name, "name")


def read_name(platform, octets):
    """(name, generation, former). Raises Malformed."""
    reader = Reader(octets)
    form, generation, former = reader.uint(1), reader.uint(4), reader.uint(4)
    name = platform.utf8(octets[reader.at :])
    if form != FORM or name is None or not is_clean_name(platform, name) or not former < generation:
        raise Malformed("name: unknown form")
    return name, generation, former


def write_state(address, state):
    """sized(address) || what a level keeps of the room."""
    return sized(utf8_bytes(address, "address")) + state


def read_state(platform, octets):
    """(address, state). Raises Malformed."""
    reader = Reader(octets)
    address = platform.utf8(reader.sized(LOG_BYTES))
    if address is None:
        raise Malformed("address: no text")
    return address, octets[reader.at :]


def write_record(fields):
    """count(1) || (sized(name) || sized(value)) ..., the names in the order of their letters."""
    if len(fields) > FIELDS:
        raise BadInput("record: too many fields")
    octets = bytes([len(fields)])
    for name in sorted(fields):
        octets += sized(utf8_bytes(name, "name")) + sized(fields[name])
    if len(octets) > RECORD_BYTES:
        raise BadInput("record: too long")
    return octets


def read_record(platform, octets):
    """The dict. Raises Malformed."""
    reader = Reader(octets)
    fields, count = {}, reader.uint(1)
    for _ in range(count):
        name = platform.utf8(reader.sized(RECORD_BYTES))
        if name is None:
            raise Malformed("record: no text")
        fields[name] = reader.sized(RECORD_BYTES)
    if reader.at < len(octets) or len(fields) < count:
        raise Malformed("record: more than it says, or a name twice")
    return fields


def write_message(log, fields):
    """sized(log) || record."""
    return sized(utf8_bytes(log, "log")) + write_record(fields)


def read_message(platform, octets):
    """(log, dict). Raises Malformed."""
    reader = Reader(octets)
    log = platform.utf8(reader.sized(LOG_BYTES))
    if log is None:
        raise Malformed("message: no text")
    return log, read_record(platform, octets[reader.at :])


def message_key(room, log, seq):
    """Keys in the order of the messages: room, number of the log, seq in its log."""
    return f"{room}.{uint(log, 2, 'log').hex()}.{uint(seq, 8, 'seq').hex()}"


def seq_of(key):
    """That of a message_key, or None for any other."""
    parts = key.split(".")
    try:
        return int(parts[3], 16) if len(parts) == 4 else None
    except ValueError:
        return None


def write_room(name, address, logs):
    """sized(name) || sized(address) || sized(log) ...: the logs in the order in which this page met them."""
    return b"".join([sized(utf8_bytes(text, "text")) for text in [name, address] + logs])


def read_room(platform, octets):
    """(name, address, logs). Raises Malformed."""
    reader, texts = Reader(octets), []
    while reader.at < len(octets):
        texts.append(platform.utf8(reader.sized(LOG_BYTES)))
    if None in texts or not 2 <= len(texts) <= LOGS:
        raise Malformed("room: no text, or too many logs")
    return texts[0], texts[1], texts[2:]
