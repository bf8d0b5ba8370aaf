"""JOSE libraries that verify tokens by the JWKS, for both values of --token-alg."""

import json
import ssl
import unittest
import urllib.request

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from clients import (
    CA,
    PLAIN_BOOTSTRAP,
    PLAIN_ENDPOINT,
    TLS_BOOTSTRAP,
    TLS_ENDPOINT,
    Caller,
    plain_channel,
    tls_channel,
)


class Authority:
    """The algorithm that an authority was started with, its key set, and a token that it has issued."""

    def __init__(self, algorithm, endpoint, channel, bootstrap):
        self.algorithm = algorithm
        self.context = ssl.create_default_context(cafile=CA)
        self.url = f"{endpoint}/.well-known/jwks.json"
        with channel:
            self.token = Caller(channel, bootstrap["primary"]).issue()

    def jwks(self):
        context = self.context if self.url.startswith("https") else None
        with urllib.request.urlopen(self.url, context=context) as response:
            return json.load(response)


class Jwks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authorities = [
            Authority("EdDSA", TLS_ENDPOINT, tls_channel(), TLS_BOOTSTRAP),
            Authority("Ed25519", PLAIN_ENDPOINT, plain_channel(), PLAIN_BOOTSTRAP),
        ]

    def test_the_alg_of_the_key_is_that_of_its_tokens(self):
        for authority in self.authorities:
            with self.subTest(authority.algorithm):
                header = jwt.get_unverified_header(authority.token)
                keys = {key["kid"]: key["alg"] for key in authority.jwks()["keys"]}
                self.assertEqual(header["alg"], authority.algorithm)
                self.assertEqual(keys[header["kid"]], authority.algorithm)

    def test_pyjwt(self):
        # It has no algorithm named Ed25519, so such a key is none to it.
        authority = self.authorities[0]
        header = jwt.get_unverified_header(authority.token)
        keys = jwt.PyJWKSet.from_dict(authority.jwks())
        options = {"verify_aud": False}
        key = keys[header["kid"]]
        claims = jwt.decode(authority.token, key, algorithms=["EdDSA"], options=options)
        self.assertEqual(claims["scope"], "chat")

    def test_joserfc(self):
        for authority in self.authorities:
            with self.subTest(authority.algorithm):
                keys = KeySet.import_key_set(authority.jwks())
                token = joserfc_jwt.decode(authority.token, keys, algorithms=[authority.algorithm])
                self.assertEqual(token.claims["scope"], "chat")
