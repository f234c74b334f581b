"""One file per rung of the ladder, one shared shape. Specification, section 2.4. Pure.

A level, for one session (one Join of one page):

    await Level.start(platform, room, name, passphrase) -> level   passphrase: bytes, not kept
    Level.mark                      what stands in the room's header all the time, or ""
    level.tag                       Tag of our own session, shown beside our name
    Level.comparison                what it shows that the digits of two keys are equal: a sentence
    await level.prepare()           agrees with itself on what to seal with; once the log has been read
    await level.seal(text) -> body  a retry sends the same body again, and never seals anew
    await level.open(entries) -> [Opened | Waiting | Refusal]   in the order of the log, each entry once
    await level.wish(entry) -> bool whether its key is unknown, and wanted from now on
    level.keyring                   what is still to be derived, or None
    level.complete_from(oldest)     the relay keeps nothing older
    level.new_log()                 the relay began the room's log anew: seqs start again
    level.close()                   the room was left: nothing is derived any more

For who looks at a body, or attacks it:

    Level.parts(platform, body)     [(field, bytes)] in the order of the specification, sized fields with their length;
                                    raises Refusal for a body that cannot be taken apart
    Level.pieces(parts)             the body as it is spelt: strings, and lists of parts, whose bytes stand there joined
                                    and in base64url
    Level.body_of(platform, parts)  the body of parts of any length
    Level.meanings                  {field: what it is, in a few words}
    Level.sealed, Level.signature   the field of ciphertext || tag, and that of a signature over all before it, or ""
    Level.padded                    whether texts are padded as in section 4.3
    Level.in_clear                  what a body tells the relay of the session that wrote it: part of a sentence
    Level.open_to_view              whether a page keeps what the relay sees of all entries, and not only of its own
"""

from hashlib import sha256

MESSAGE = "message"  # the kind of entry that a text is; entries of other kinds are for levels to come
TAG_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no letter that looks like another
TAG_COLORS = 12


class Tag:
    """Short form of a key: 20 bits as four characters, and a colour. A hint, never a proof. Section 2.6."""

    def __init__(self, key):
        self.key = key  # the public value whole: what tells sessions apart, which a tag does not
        digest = sha256(key).digest()
        number = int.from_bytes(digest[:3], "big") >> 4
        self.text = "".join([TAG_LETTERS[number >> shift & 31] for shift in (15, 10, 5, 0)])
        self.color = digest[3] % TAG_COLORS


class Opened:
    """A message to show. `name` is what its sender signed, or where a level has no better the relay's word."""

    def __init__(self, text, name, tag, own, warnings):
        self.text = text
        self.name = name
        self.tag = tag
        self.own = own
        self.warnings = warnings


class Waiting:
    """The key is not derived yet; open() the entry again once `key_name` is."""

    def __init__(self, key_name):
        self.key_name = key_name
