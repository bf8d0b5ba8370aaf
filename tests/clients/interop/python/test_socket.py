"""The Unix socket of an enforcer. gRPC C-core sends the percent-encoded path as `:authority`."""

import unittest

import grpc

from clients import SOCKET, TLS_BOOTSTRAP, Caller, tls_channel


class Socket(unittest.TestCase):
    def test_checks_by_each_form_of_the_target(self):
        with tls_channel() as authority:
            token = Caller(authority, TLS_BOOTSTRAP["primary"]).issue()
        for target in [f"unix:{SOCKET}", f"unix://{SOCKET}"]:
            with self.subTest(target), grpc.insecure_channel(target) as channel:
                enforcer = Caller(channel, TLS_BOOTSTRAP["enforcer"])
                # The later ones have the authority as an index into the dynamic table of HPACK.
                for _ in range(20):
                    self.assertTrue(enforcer.check(token).allowed)

    def test_an_authority_of_the_caller_is_kept_as_it_is(self):
        with tls_channel() as authority:
            token = Caller(authority, TLS_BOOTSTRAP["primary"]).issue()
        options = [("grpc.default_authority", "localhost")]
        with grpc.insecure_channel(f"unix:{SOCKET}", options) as channel:
            self.assertTrue(Caller(channel, TLS_BOOTSTRAP["enforcer"]).check(token).allowed)
