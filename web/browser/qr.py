"""The door to QR codes: qrcode-generator, JavaScript that is loaded when the first code is wanted."""

from pyscript import config, js_import

from .webcrypto import settled

ADDRESS = config.get("qr")  # from start.js; None: this server has no copy
CORRECTION = "M"  # a code with 15 % of it unreadable still reads. 60 digits are 25 modules wide then
MOST_DIGITS = 1_000
DIGITS = "0123456789"


async def modules(text):
    """The QR code of decimal digits: its rows, from the top, each a string of "1" (dark) and "0" (light), without the
    quiet zone; None if the library did not come. Raises ValueError for any other text.
    """
    # What JavaScript throws in a plain call passes by every `except`: so nothing is given to it that it would not take.
    if not 0 < len(text) <= MOST_DIGITS or any(one not in DIGITS for one in text):
        raise ValueError("text: need 1 .. 1,000 decimal digits")
    library = await load()
    if library is None:
        return None
    code = library.qrcode(0, CORRECTION)  # 0: the smallest that holds it
    code.addData(text, "Numeric")
    code.make()
    size = range(code.getModuleCount())
    return ["".join(["1" if code.isDark(row, column) else "0" for column in size]) for row in size]


async def load():
    """The module, which the browser loads once, or None."""
    if not ADDRESS:
        return None
    [come] = await settled([js_import(ADDRESS)])
    return come[0] if come else None
