"""A QR code as a drawing: one path of squares, black on white also where the page is dark, as readers expect it."""

from pyscript import document

_SVG = "http://www.w3.org/2000/svg"
_QUIET = 4  # modules of white around a code (ISO/IEC 18004, section 9.1)


def draw(place, modules, label):
    """Put the code into this element, in place of what was there. modules: rows of "1" (dark) and "0" (light)."""
    size = len(modules) + 2 * _QUIET
    drawing = document.createElementNS(_SVG, "svg")
    drawing.setAttribute("class", "qr")
    drawing.setAttribute("viewBox", f"0 0 {size} {size}")
    drawing.setAttribute("role", "img")
    drawing.setAttribute("aria-label", label)
    path = document.createElementNS(_SVG, "path")
    path.setAttribute("d", "".join(_squares(modules)))
    drawing.append(path)
    place.replaceChildren(drawing)


def _squares(modules):
    for y, row in enumerate(modules, _QUIET):
        for x, module in enumerate(row, _QUIET):
            if module == "1":
                yield f"M{x} {y}h1v1h-1z"
