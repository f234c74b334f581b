"""The specification's table of RSA beside HPKE: sizes are computed anew, times measured in turn."""

import re
from pathlib import Path

from hybrid import Hpke, Rsa, ratios, sizes
from protocol.envelope import BODY_CHARACTERS

DOCUMENT = Path(__file__).resolve().parent.parent / "web" / "protocol" / "identity.md"
SECTION = DOCUMENT.read_text("utf-8").partition("\n## 12. ")[2]
ROWS = {what: cells for what, *cells in re.findall(r"^\| ([a-z0-9 ]+) \| (.+?) \| (.+?) \|$", SECTION, re.MULTILINE)}
SLACK = 4  # ratios differ from machine to machine, and more while others use it


def number(cell: str) -> float:
    return float(cell.split()[0].replace(",", ""))


def test_the_sizes_are_those_that_pyca_makes():
    rsa, hpke = sizes(Rsa()), sizes(Hpke())
    assert {what: [f"{rsa[what]:,} bytes", f"{hpke[what]:,} bytes"] for what in rsa} == {
        what: ROWS[what] for what in rsa
    }


def test_a_list_of_the_largest_room_would_not_fit_into_one_body_with_rsa_and_does_with_hpke():
    members = 128 * (32 + 1 + 4 + 64)
    fits = [(members + sizes(kind)["128 of them"]) * 4 / 3 < BODY_CHARACTERS for kind in (Rsa(), Hpke())]
    assert fits == [False, True]


def test_the_ratios_of_time_are_about_those_of_the_table():
    for what, ratio in ratios(rounds=3).items():
        assert number(ROWS[what][1]) == 1
        assert number(ROWS[what][0]) / SLACK < ratio < number(ROWS[what][0]) * SLACK, what


def test_without_its_signature_anybody_could_have_wrapped_a_key():
    for kind in (Rsa(), Hpke()):
        bob = kind.pair()
        assert kind.unwrap(bob, kind.wrap(bob)) == kind.unwrap(bob, kind.wrap(bob))  # no secret of a sender is in it
