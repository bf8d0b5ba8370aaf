"""The certificate of --dev-tls, as gRPC C-core (BoringSSL) and Python (OpenSSL) verify it."""

import json
import ssl
import unittest
import urllib.request
from urllib.parse import urlsplit

import grpc

from clients import CA, TLS_BOOTSTRAP, TLS_ENDPOINT, Caller, tls_channel

HOSTS = ["127.0.0.1", "localhost"]


class Tls(unittest.TestCase):
    def test_calls_to_each_name_of_this_machine(self):
        for host in HOSTS:
            with self.subTest(host), tls_channel(host) as channel:
                token = Caller(channel, TLS_BOOTSTRAP["primary"]).issue()
                decision = Caller(channel, TLS_BOOTSTRAP["enforcer"]).check(token)
                self.assertTrue(decision.allowed)

    def test_a_name_of_another_machine_is_not_verified(self):
        with open(CA, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        target = urlsplit(TLS_ENDPOINT).netloc
        options = [("grpc.ssl_target_name_override", "bank.example")]
        with grpc.secure_channel(target, credentials, options) as channel:
            with self.assertRaises(grpc.RpcError) as raised:
                Caller(channel, TLS_BOOTSTRAP["primary"]).create_identity()
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_openssl_verifies_the_chain_strictly(self):
        context = ssl.create_default_context(cafile=CA)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for host in HOSTS:
            url = f"https://{host}:{urlsplit(TLS_ENDPOINT).port}/.well-known/jwks.json"
            with self.subTest(host), urllib.request.urlopen(url, context=context) as response:
                self.assertTrue(json.load(response)["keys"])
