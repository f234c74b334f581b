"""One side of a conversation over the page's modules, with the interface that ratchet_library.Party has."""

from protocol import double_ratchet
from protocol.errors import Refusal

NOW = 1_795_000_000  # seconds since 1970-01-01 UTC


class OurParty:
    def __init__(self, platform, ad, sk, pair=None):
        self.platform = platform
        self.ad = ad
        self.sk = sk
        self.pair = pair  # of the signed prekey, of who was begun with
        self.state = double_ratchet.init_bob(sk, pair) if pair else None
        self.now = NOW
        self.refused = ""  # the code of what was refused last

    async def begin(self, bob_public, plaintext):
        self.state = await double_ratchet.init_alice(self.platform, self.sk, bob_public)
        return await self.encrypt(plaintext)

    async def encrypt(self, plaintext):
        after, header, ciphertext = await double_ratchet.encrypt(self.platform, self.state, plaintext, self.ad)
        self.keep(after)
        return header, ciphertext

    async def decrypt(self, header, ciphertext):
        """The plaintext; None for what is refused."""
        before = self.state.octets()
        try:
            after, plaintext = await double_ratchet.decrypt(
                self.platform, self.state, header, ciphertext, self.ad, self.now
            )
        except Refusal as refusal:
            self.refused = refusal.code
            assert self.state.octets() == before
            return None
        self.keep(after)
        return plaintext

    def keep(self, state):
        """Through the bytes in which it is stored, so that nothing is in it that a reload would lose."""
        self.state = double_ratchet.State.read(state.octets())
        assert self.state.octets() == state.octets()
