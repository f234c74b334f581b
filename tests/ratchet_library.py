"""DoubleRatchet and X3DH of PyPI, set to the parameters of web/protocol/ratchet.md: a second implementation.

Their AEAD is ours to give, so it is pyca's AES-GCM here. X3DH's encoding of public keys carries the label under which
an identity signs its prekeys; where a key stands in AD, the library's format of identities (Ed25519) is used as it is.
"""

import doubleratchet
import x3dh
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doubleratchet.recommended import HashFunction, diffie_hellman_ratchet_curve25519, kdf_hkdf, kdf_separate_hmacs
from x3dh.identity_key_pair import IdentityKeyPairSeed

LABEL = b"secure-chat ratchet 1 "


class Root(kdf_hkdf.KDF):
    @staticmethod
    def _get_hash_function():
        return HashFunction.SHA_256

    @staticmethod
    def _get_info():
        return LABEL + b"root"


class Chain(kdf_separate_hmacs.KDF):
    @staticmethod
    def _get_hash_function():
        return HashFunction.SHA_256


class AesGcm(doubleratchet.AEAD):
    @staticmethod
    def key_and_nonce(key):
        okm = HKDF(SHA256(), 44, bytes(32), LABEL + b"message").derive(key)
        return AESGCM(okm[:32]), okm[32:]

    @classmethod
    async def encrypt(cls, plaintext, key, associated_data):
        cipher, nonce = cls.key_and_nonce(key)
        return cipher.encrypt(nonce, plaintext, associated_data)

    @classmethod
    async def decrypt(cls, ciphertext, key, associated_data):
        cipher, nonce = cls.key_and_nonce(key)
        try:
            return cipher.decrypt(nonce, ciphertext, associated_data)
        except InvalidTag:
            raise doubleratchet.AuthenticationFailedException from None


class Ratchet(diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet):
    privates: tuple = ()  # what comes next, where a conversation has to be the same each time

    @classmethod
    def _generate_priv(cls):
        return cls.privates.pop(0) if cls.privates else super()._generate_priv()


def octets_of(header):
    """A header as the page has it: dh(32) || pn(4) || n(4)."""
    numbers = (header.previous_sending_chain_length, header.sending_chain_length)
    return header.ratchet_pub + b"".join(number.to_bytes(4, "big") for number in numbers)


def header_of(octets):
    return doubleratchet.Header(octets[:32], int.from_bytes(octets[32:36], "big"), int.from_bytes(octets[36:], "big"))


class DoubleRatchet(doubleratchet.DoubleRatchet):
    @staticmethod
    def _build_associated_data(associated_data, header):
        return associated_data + octets_of(header)


OPTIONS = {
    "diffie_hellman_ratchet_class": Ratchet,
    "root_chain_kdf": Root,
    "message_chain_kdf": Chain,
    "message_chain_constant": b"\x02\x01",  # the chain key comes first
    "dos_protection_threshold": 1_000,
    "max_num_skipped_message_keys": 2_000,
    "aead": AesGcm,
}


class Party:
    """One side of a conversation, as the page's modules are used: bytes in, bytes out."""

    def __init__(self, ad, ratchet=None, sk=None, private=None):
        self.ad = ad
        self.ratchet = ratchet
        self.sk = sk
        self.private = private

    async def begin(self, bob_public, plaintext):
        """The state of who begins, and the first message at once, as the library has it."""
        self.ratchet, message = await DoubleRatchet.encrypt_initial_message(
            **OPTIONS,
            shared_secret=self.sk,
            recipient_ratchet_pub=bob_public,
            message=plaintext,
            associated_data=self.ad,
        )
        return octets_of(message.header), message.ciphertext

    async def encrypt(self, plaintext):
        message = await self.ratchet.encrypt_message(plaintext, self.ad)
        return octets_of(message.header), message.ciphertext

    async def decrypt(self, header, ciphertext):
        """The plaintext; None for what the library refuses."""
        message = doubleratchet.EncryptedMessage(header_of(header), ciphertext)
        try:
            if self.ratchet:
                return await self.ratchet.decrypt_message(message, self.ad)
            self.ratchet, plaintext = await DoubleRatchet.decrypt_initial_message(
                **OPTIONS,
                shared_secret=self.sk,
                own_ratchet_priv=self.private,
                message=message,
                associated_data=self.ad,
            )
        except (
            doubleratchet.AuthenticationFailedException,
            doubleratchet.DoSProtectionException,
            doubleratchet.DuplicateMessageException,
        ):
            return None
        return plaintext


class X3DH(x3dh.BaseState):
    @staticmethod
    def _encode_public_key(key_format, pub):
        return pub if key_format is x3dh.IdentityKeyFormat.ED_25519 else LABEL + b"prekey" + pub

    @classmethod
    def of_seed(cls, seed):
        form, keys = x3dh.IdentityKeyFormat.ED_25519, IdentityKeyPairSeed(seed)
        return cls.create(form, x3dh.HashFunction.SHA_256, LABEL + b"x3dh", keys)
