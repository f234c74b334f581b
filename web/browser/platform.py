"""The page's platform: what the protocol asks for, given by the browser. See protocol/platform.py."""

from protocol.platform import Platform

from . import argon2, clock, text, webcrypto


class BrowserPlatform(Platform):
    """Each method is a door's function; what it takes and gives stands in protocol/platform.py."""

    random = staticmethod(webcrypto.random)
    seconds = staticmethod(clock.seconds)
    time = staticmethod(clock.time)
    nfc = staticmethod(text.nfc)
    caseless = staticmethod(text.caseless)
    utf8 = staticmethod(text.utf8)
    base64url = staticmethod(text.base64url)
    from_base64url = staticmethod(text.from_base64url)
    sha512 = staticmethod(webcrypto.sha512)
    passphrase_key = staticmethod(webcrypto.passphrase_key)
    pbkdf2_aes_key = staticmethod(webcrypto.pbkdf2_aes_key)
    pbkdf2_root = staticmethod(webcrypto.pbkdf2_root)
    argon2id_secret = staticmethod(argon2.Argon2id)
    argon2id_root = staticmethod(argon2.Argon2id.root)
    argon2id_forget = staticmethod(argon2.Argon2id.close)
    hkdf_aes_key = staticmethod(webcrypto.hkdf_aes_key)
    aes_key = staticmethod(webcrypto.aes_key)
    profile_key = staticmethod(webcrypto.profile_key)
    aes_gcm_seal = staticmethod(webcrypto.aes_gcm_seal)
    aes_gcm_open_all = staticmethod(webcrypto.aes_gcm_open_all)
    x25519_generate = staticmethod(webcrypto.x25519_generate)
    x25519_import = staticmethod(webcrypto.x25519_import)
    x25519_unwrap = staticmethod(webcrypto.x25519_unwrap)
    x25519_public = staticmethod(webcrypto.x25519_public)
    x25519 = staticmethod(webcrypto.x25519)
    ed25519_generate = staticmethod(webcrypto.ed25519_generate)
    ed25519_import = staticmethod(webcrypto.ed25519_import)
    ed25519_unwrap = staticmethod(webcrypto.ed25519_unwrap)
    ed25519_sign = staticmethod(webcrypto.ed25519_sign)
    ed25519_verify_all = staticmethod(webcrypto.ed25519_verify_all)
