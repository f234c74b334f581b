"""Padding: how long a message is, is told only roughly. Specification, section 4.3. Pure.

Length: Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
PoPETs 2019, section 4), never below 256 bytes. Bytes: ISO/IEC 7816-4, 80 then zeros.
"""

from .errors import BadPadding

LEAST = 256


def padme(length):
    """The smallest padded size for `length` bytes (1 or more); at most 12 % larger."""
    exponent = bits(length) - 1
    low = exponent - bits(exponent)
    if low <= 0:
        return length
    mask = (1 << low) - 1
    return (length + mask) & ~mask


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
