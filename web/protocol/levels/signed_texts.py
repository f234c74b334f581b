"""What levels share whose bodies are signed and hold a padded text. Specification, sections 4.1, 4.3 and 4.6. Pure."""

from ..encoding import uint
from ..envelope import TEXT_BYTES
from ..errors import BadSignature, NotText, Refusal
from ..identity import verified_all
from ..padding import unpad


def nonce(counter):
    """0^8 || counter(4). Safe although it is fixed: the key is one session's, and its counter never seals two texts."""
    return bytes(8) + uint(counter, 4, "counter")


class SignedTexts:
    """Who inherits has a platform, and header_of(body): what is authenticated besides the ciphertext. A body has
    signature, ciphertext, and public, the key that signs it."""

    async def check_signatures(self, outcomes):
        """Puts a refusal in the place of each body whose signature is wrong; all others have their header as `aad`."""
        due = [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, Refusal)]
        signed = []
        for i in due:
            body = outcomes[i]
            body.aad = self.header_of(body)
            signed.append((body.public, body.signature, body.aad + body.ciphertext))
        for i, valid in zip(due, await verified_all(self.platform, signed)):
            if not valid:
                outcomes[i] = BadSignature()

    def text_of(self, padded):
        """Raises BadPadding or NotText."""
        data = unpad(padded)
        text = self.platform.utf8(data)
        if not text or len(data) > TEXT_BYTES:
            raise NotText()
        return text
