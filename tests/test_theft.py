"""The table of what a thief opens, against a run; and what it says."""

import theft


def test_the_table_in_the_specification_is_that_of_a_run():
    assert theft.in_specification() == theft.table()


def test_a_thief_reads_everything_below_and_a_narrow_band_at_level_ratchet():
    every = theft.every()
    for level in ("classic", "passphrase", "identity"):
        assert every[level] == [set(theft.TEXTS)] * (len(theft.TEXTS) + 1)
    for said, texts in enumerate(every["ratchet"]):
        before = {text for text in texts if text in theft.TEXTS[:said]}
        # Only what was read last, as it may not have been shown.
        assert before == set(theft.TEXTS[:said][-1:])
        # The chain that was being read, and the one that answers to a key which the thief has.
        assert len(texts - before) <= 4
        assert not texts & set(theft.TEXTS[said + 6 :])
