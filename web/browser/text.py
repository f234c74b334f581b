"""The door to the browser's text rules: Unicode normalization, strict UTF-8, base64url."""

from js import String, TextDecoder, Uint8Array
from pyscript.ffi import to_js

from .webcrypto import octets

# ignoreBOM keeps a byte order mark as text, so that two different byte strings never show as the same text.
DECODER = TextDecoder.new("utf-8", to_js({"fatal": True, "ignoreBOM": True}))
UNPADDED = to_js({"alphabet": "base64url", "omitPadding": True})
BASE64URL = to_js({"alphabet": "base64url", "lastChunkHandling": "loose"})


def is_ascii(data):
    return not data or max(data) < 0x80


def nfc(text):
    return text if is_ascii(text.encode("utf-8")) else String.new(text).normalize("NFC")


def utf8(data):
    """The text that strict UTF-8 holds, or None."""
    if is_ascii(data):
        return data.decode("utf-8")
    try:
        return DECODER.decode(octets(data))
    except Exception:  # noqa: BLE001 - MicroPython shows the TypeError of JavaScript under its own class
        return None


def base64url(data):
    return octets(data).toBase64(UNPADDED)


def from_base64url(text):
    """The bytes, or None for a letter outside the alphabet. Skips white space, which callers see by the length."""
    try:
        return bytes.fromhex(Uint8Array.fromBase64(text, BASE64URL).toHex())
    except Exception:  # noqa: BLE001 - the SyntaxError of JavaScript
        return None
