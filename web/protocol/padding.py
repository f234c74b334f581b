"""Padding: how long a message is, is told only roughly. Specification, section 4.3. Pure.

Length: Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
PoPETs 2019, section 4), never below 256 bytes. Bytes: ISO/IEC 7816-4, 80 then zeros.
"""

from .errors import BadPadding

LEAST = 256


def padme(length):
    """The smallest padded size for `length` bytes (1 or more); at most 12 % larger."""
    mask = step(length) - 1
    return (length + mask) & ~mask


def step(length):
    """Padmé rounds up to a multiple of this."""
    exponent = bits(length) - 1
    return 1 << max(0, exponent - bits(exponent))


def bits(number):
    """Position of the highest set bit, counted from 1; MicroPython has no int.bit_length."""
    count = 0
    while number:
        number >>= 1
        count += 1
    return count


def padded_size(length):
    """Padmé's size, and never below 256."""
    return LEAST if length <= LEAST else padme(length)


def texts_of(size):
    """(least, most) bytes of the texts that pad() makes so many bytes of; None if there are none."""
    if size < LEAST or padded_size(size) != size:
        return None
    if size == LEAST:
        return (1, LEAST - 1)
    return (size - step(size - 1), size - 1)


def pad(data):
    """data || 80 || 00...: at least one byte more."""
    size = padded_size(len(data) + 1)
    return data + b"\x80" + bytes(size - len(data) - 1)


def unpad(padded):
    """The data that pad() was given. BadPadding if no pad() makes these bytes."""
    end = len(padded.rstrip(b"\x00")) - 1
    if end < 0 or padded[end] != 0x80 or len(padded) != padded_size(end + 1):
        raise BadPadding()
    return padded[:end]
