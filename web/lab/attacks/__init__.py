"""The attacks of the matrix, in the order of its rows. Specification, section 8.

Pure, and in the Python that MicroPython runs: frames in, frames out. Imports only the protocol and each other, so that
a page can run the very same code.
"""

from . import bodies, cost, identity, lists, logs, order, pairs

ATTACKS = order.ATTACKS + logs.ATTACKS + bodies.ATTACKS + identity.ATTACKS + lists.ATTACKS + pairs.ATTACKS
ATTACKS += cost.ATTACKS
