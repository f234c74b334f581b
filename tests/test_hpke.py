"""HMAC, HKDF and HPKE against other implementations, the standard library and pyca/cryptography, in both directions.

The vectors of the RFCs, here and in the page: both_identity.py, run by test_micropython.py.
"""

import hmac as standard

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from known_identity import HPKE
from protocol.errors import BadInput
from protocol.hkdf import expand, hkdf, hmac_sha256
from protocol.hpke import labeled_expand, open_base, seal_base
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()
unhurried = settings(deadline=None)  # the machine may be busy
# Around the block of 64 bytes, where HMAC does something else with the key.
keys = st.integers(0, 200).flatmap(lambda size: st.binary(min_size=size, max_size=size))


@unhurried
@given(key=keys, data=st.binary(max_size=300))
def test_hmac_is_that_of_the_standard_library(key, data):
    assert hmac_sha256(key, data) == standard.digest(key, data, "sha256")


@pytest.mark.parametrize("size", [0, 1, 31, 32, 63, 64, 65, 128, 1_000])
def test_a_key_of_any_length_makes_an_hmac(size):
    assert hmac_sha256(b"k" * size, b"data") == standard.digest(b"k" * size, b"data", "sha256")


@unhurried
@given(ikm=st.binary(max_size=100), salt=keys, info=st.binary(max_size=100), length=st.integers(1, 200))
def test_hkdf_is_that_of_pyca(ikm, salt, info, length):
    assert hkdf(ikm, salt, info, length) == HKDF(SHA256(), length, salt, info).derive(ikm)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 65, 255 * 32])
def test_hkdf_gives_as_many_bytes_as_asked_for(length):
    assert expand(bytes(32), b"info", length) == expand(bytes(32), b"info", 255 * 32)[:length]
    assert len(expand(bytes(32), b"info", length)) == length


def test_hkdf_gives_no_more_than_its_counter_reaches():
    with pytest.raises(BadInput):
        expand(bytes(32), b"info", 255 * 32 + 1)


def test_a_labeled_length_that_has_no_two_bytes_is_refused():
    with pytest.raises(BadInput):
        labeled_expand(b"suite", bytes(32), b"label", b"", 2**16)


def pair(seed):
    private = X25519PrivateKey.from_private_bytes(seed)
    return private, private.public_key().public_bytes_raw()


seeds = st.binary(min_size=32, max_size=32)
texts = st.binary(max_size=400)


@unhurried
@given(seed=seeds, info=texts, plaintext=texts)
def test_what_is_sealed_here_pyca_opens(seed, info, plaintext):
    private, public = pair(seed)
    sealed = run(seal_base(PLATFORM, public, info, b"", plaintext))
    assert HPKE.decrypt(sealed, private, info) == plaintext
    assert len(sealed) == 32 + len(plaintext) + 16


@unhurried
@given(seed=seeds, info=texts, plaintext=texts)
def test_what_pyca_seals_is_opened_here(seed, info, plaintext):
    private, public = pair(seed)
    sealed = HPKE.encrypt(plaintext, private.public_key(), info)
    assert run(open_base(PLATFORM, private, public, info, b"", sealed)) == plaintext


@unhurried
@given(info=texts, aad=texts, plaintext=texts, other=texts)
def test_another_info_or_aad_opens_nothing(info, aad, plaintext, other):
    private, public = pair(bytes(range(32)))
    sealed = run(seal_base(PLATFORM, public, info, aad, plaintext))
    assert run(open_base(PLATFORM, private, public, info, aad, sealed)) == plaintext
    assert (run(open_base(PLATFORM, private, public, other, aad, sealed)) is None) == (other != info)
    assert (run(open_base(PLATFORM, private, public, info, other, sealed)) is None) == (other != aad)


def test_two_seals_of_one_text_have_nothing_in_common():
    _, public = pair(bytes(range(32)))
    one, other = [run(seal_base(PLATFORM, public, b"", b"", bytes(64))) for _ in range(2)]
    assert one[:32] != other[:32]
    assert one[32:48] != other[32:48]


def test_the_result_of_all_zeros_is_refused_by_the_reference_too():
    private, _ = run(PLATFORM.x25519_generate())
    assert run(PLATFORM.x25519(private, bytes(32))) is None
