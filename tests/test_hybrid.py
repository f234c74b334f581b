"""The table of RSA beside HPKE: its sizes, computed anew. Times are measured by `python -m tests.hybrid`."""

import re
from pathlib import Path

from hybrid import Hpke, Rsa, sizes
from protocol.envelope import BODY_CHARACTERS

DOCUMENT = Path(__file__).resolve().parent.parent / "web" / "protocol" / "identity.md"
SECTION = DOCUMENT.read_text("utf-8").partition("\n## 12. ")[2]
ROWS = {what: cells for what, *cells in re.findall(r"^\| ([a-z0-9 ]+) \| (.+?) \| (.+?) \|$", SECTION, re.MULTILINE)}


def test_the_sizes_are_those_that_pyca_makes():
    rsa, hpke = sizes(Rsa()), sizes(Hpke())
    assert {what: [f"{rsa[what]:,} bytes", f"{hpke[what]:,} bytes"] for what in rsa} == {
        what: ROWS[what] for what in rsa
    }


def test_a_list_of_the_largest_room_would_not_fit_into_one_body_with_rsa_and_does_with_hpke():
    members = 128 * (32 + 1 + 4 + 64)
    fits = [(members + sizes(kind)["128 of them"]) * 4 / 3 < BODY_CHARACTERS for kind in (Rsa(), Hpke())]
    assert fits == [False, True]


def test_without_its_signature_anybody_could_have_wrapped_a_key():
    for kind in (Rsa(), Hpke()):
        bob = kind.pair()
        assert kind.unwrap(bob, kind.wrap(bob)) == kind.unwrap(bob, kind.wrap(bob))  # no secret of a sender is in it
