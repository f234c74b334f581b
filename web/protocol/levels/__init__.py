"""One file per rung of the ladder, one shared shape. Specification, section 2.4. Pure.

A level, for one session (one Join of one page):

    await Level.start(platform, room, name, secret) -> level
    Level.secret                    what `secret` is: "passphrase", its bytes, which are not kept; or "device", what
                                    Membership has as its entrance
    Level.mark                      what stands in the room's header all the time, or ""
    level.tag                       Tag of our own session, shown beside our name
    Level.comparison                what it shows that the digits of two keys are equal: a sentence
    await level.prepare()           once the log has been read: agrees with itself on what to seal with, and gives
                                    [(sentence, code)] of what people should know
    level.can_seal()                whether there is a key to seal with
    level.standing()                why this page cannot write in the room, as a sentence, or ""
    await level.seal(text) -> body  a retry sends the same body again, and never seals anew
    Level.relayed_is_final          whether what the relay has taken counts; else only what was read in the log
    Level.has_duties                whether this page ever has to append entries of the level's own:
    await level.control(wants_to_write) -> Control or None      what it should append now
    await level.open(entries) -> [Opened | Waiting | Changed | Refusal]   in the order of the log, each entry once
    await level.reopen(entries)     the same for entries that were not for us, once Changed says that more can be read
    await level.wish(entry) -> bool whether its key is unknown, and wanted from now on
    level.keyring                   what is still to be derived, or None
    level.resumed()                 Resumed, if the level keeps by itself what it has read and sealed; else None
    Level.keeps_sealed              whether what was sealed lasts in that, and does not depend on the log it is for
    Level.of_two                    whether a room is one of two people: whom to talk to is asked, and no list is signed
    level.begins_at(log, oldest)    the relay's id of the log that is about to be read, and the oldest seq it keeps
    level.new_log()                 the relay began the room's log anew: seqs start again
    level.people(present)           who is a member, as people.py gives it, where the level knows that; else None
    level.changed_keys()            where Level.secret is "device": pins that were verified, and have another key now
    level.unconfirmed()             since when nobody has confirmed that, if it is too long, in seconds of 1970; else 0
    level.close()                   the room was left: nothing is derived any more

For who looks at a body, or attacks it:

    Level.parts(platform, body)     [(field, bytes)] in the order of the specification, sized fields with their length;
                                    raises Refusal for a body that cannot be taken apart
    Level.pieces(parts)             the body as it is spelt: strings, and lists of parts, whose bytes stand there joined
                                    and in base64url
    Level.body_of(platform, parts)  the body of parts of any length
    Level.forms                     {kind: the same for bodies of a kind of its own, as identity_forms.py has it}
    Level.meanings                  {field: what it is, in a few words}
    Level.sealed, Level.signature   the field of ciphertext || tag, and that of a signature over all before it, or ""
    Level.padded                    whether texts are padded as in section 4.3
    Level.in_clear                  what a body tells the relay of the session that wrote it: part of a sentence
    Level.open_to_view              whether a page keeps what the relay sees of all entries, and not only of its own
"""

from hashlib import sha256

from ..envelope import written

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
    """A message to show. `name` is what its sender signed, or where a level has no better the relay's word.

    trust: a state of trust.py, where the level has such; else "".
    """

    def __init__(self, text, name, tag, own, warnings, trust=""):
        self.text = text
        self.name = name
        self.tag = tag
        self.own = own
        self.warnings = warnings
        self.trust = trust


class Waiting:
    """The key is not derived yet; open() the entry again once `key_name` is."""

    def __init__(self, key_name):
        self.key_name = key_name


class Changed:
    """No message, but what the level itself has to say: [(sentence, code)]. opens: more can be opened from now on."""

    def __init__(self, notices, opens=False):
        self.notices = notices
        self.opens = opens


class Control:
    """An entry of the level's own, to be appended if the newest of its kind has this seq; None for at any rate."""

    def __init__(self, kind, body, if_newest):
        self.kind = kind
        self.body = body
        self.if_newest = if_newest


class Resumed:
    """What a level kept on an earlier visit. log, read: the relay's id of the log, and the seq up to which it was read;
    fresh: [(seq, at, Opened)] that may not have been shown yet; unsent: [(body, text)] of ours that were not read in
    the log yet, body "" for a text that has to be sealed anew."""

    def __init__(self, log, read, fresh, unsent):
        self.log = log
        self.read = read
        self.fresh = fresh
        self.unsent = unsent


class Prefixed:
    """What is the same where a body is its level's `prefix`, and all its fields in one run."""

    @classmethod
    def pieces(cls, parts):
        return [cls.prefix, parts]

    @classmethod
    def body_of(cls, platform, parts):
        return written(platform, cls.pieces(parts))


class SharedSecret:
    """What is the same at all levels where a passphrase is all that a room has: anyone who knows it may write."""

    secret = "passphrase"
    forms = {}
    relayed_is_final = True
    has_duties = False
    of_two = keeps_sealed = False

    def resumed(self):
        return None

    def can_seal(self):
        return True

    def standing(self):
        return ""

    async def control(self, wants_to_write):
        return None

    async def reopen(self, entries):
        return await self.open(entries)

    def people(self, present):
        return None

    def unconfirmed(self):
        return 0
