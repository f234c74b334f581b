"""The door to the browser's text rules: Unicode normalization and case, strict UTF-8, base64url.

Nothing here may make JavaScript throw: an exception of a plain call passes by every `except` of MicroPython and ends
whatever was running, the pump too. So input is checked first, and no call is used that refuses by throwing.
"""

from js import RegExp, String, TextDecoder, Uint8Array
from pyscript.ffi import to_js

from .webcrypto import octets

# ignoreBOM keeps a byte order mark as text, so that two different byte strings never show as the same text.
DECODER = TextDecoder.new("utf-8", to_js({"ignoreBOM": True}))
ALPHABET = RegExp.new("^[A-Za-z0-9_-]*$")
UNPADDED = to_js({"alphabet": "base64url", "omitPadding": True})
BASE64URL = to_js({"alphabet": "base64url", "lastChunkHandling": "loose"})


def is_ascii(data):
    return not data or max(data) < 0x80


def nfc(text):
    if is_ascii(text.encode("utf-8")):
        return text
    # A string ends at its first NUL when it crosses to JavaScript. NUL joins with nothing, so the parts go separately.
    return "\x00".join([String.new(part).normalize("NFC") for part in text.split("\x00")])


def caseless(text):
    """Compatibility decomposition, in capitals: equal for texts that differ in case or style of letters only."""
    if is_ascii(text.encode("utf-8")):
        return text.upper()
    return "\x00".join([caseless_part(part) for part in text.split("\x00")])


def caseless_part(part):
    # By way of small letters, as some capitals have no other way to the common form (U+1E9E to SS).
    lower = String.new(String.new(part).normalize("NFKD")).toLowerCase()
    return String.new(String.new(lower).toUpperCase()).normalize("NFKD")


def utf8(data):
    """The text that strict UTF-8 holds, or None."""
    if is_ascii(data):
        return data.decode("utf-8")
    text = DECODER.decode(octets(data))
    # The decoder puts U+FFFD in the place of what is wrong, and then the text does not give the same bytes again.
    return text if text.encode("utf-8") == data else None


def base64url(data):
    return octets(data).toBase64(UNPADDED)


def from_base64url(text):
    """The bytes, or None. Ignores spare bits, so callers encode again and compare."""
    if len(text) % 4 == 1 or not ALPHABET.test(text):
        return None
    return bytes.fromhex(Uint8Array.fromBase64(text, BASE64URL).toHex())
