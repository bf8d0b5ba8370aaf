"""The Azure Communication Identity SDK for Python, unmodified, against a real server.

Every test runs twice, with the synchronous client and with the asynchronous one.
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import unittest
from datetime import datetime, timedelta, timezone

from azure.communication.chat import CommunicationTokenCredential
from azure.communication.chat.aio import CommunicationTokenCredential as AsyncTokenCredential
from azure.communication.identity import (
    CommunicationIdentifierKind,
    CommunicationIdentityClient,
    CommunicationTokenScope as Scope,
    CommunicationUserIdentifier,
    identifier_from_raw_id,
)
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncIdentityClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

SCOPE_SETS = [
    [Scope.CHAT],
    [Scope.VOIP],
    [Scope.CHAT_JOIN],
    [Scope.CHAT_JOIN_LIMITED],
    [Scope.VOIP_JOIN],
    [Scope.VOIP, Scope.CHAT],
    [Scope.CHAT, Scope.CHAT_JOIN, Scope.CHAT_JOIN_LIMITED],
    [Scope.VOIP, Scope.VOIP_JOIN],
    [Scope.CHAT_JOIN, Scope.VOIP_JOIN],
]
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
RAW_ID = re.compile(f"8:acs:{UUID}_{UUID}")
DEFAULT = timedelta(hours=24)


class Awaited:
    """An asynchronous client whose calls are waited for, so that one suite serves for both."""

    def __init__(self, client):
        self.client = client
        self.loop = asyncio.new_event_loop()

    def __getattr__(self, name):
        call = getattr(self.client, name)
        return lambda *args, **options: self.loop.run_until_complete(call(*args, **options))

    def close(self):
        self.loop.run_until_complete(self.client.close())
        self.loop.close()


class Synchronous(CommunicationIdentityClient):
    """The synchronous client has no method that closes it; its transport has."""

    def close(self):
        self._identity_service_client.close()


class Suite:
    """What both clients must do. `from_string` and `from_key` make one."""

    def setUp(self):
        self.client = self.from_string(os.environ["AZURE_CONNECTION_STRING"])

    def owned(self, client):
        self.addCleanup(client.close)
        return client

    def user(self):
        return self.client.create_user()

    def refused(self, status, call, *args, **options):
        with self.assertRaises(HttpResponseError) as caught:
            call(*args, **options)
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        return json.loads(caught.exception.response.text())["error"]

    def lives(self, token, lifetime):
        """The token says of itself, and the service of it, that it lives this long from now."""
        claims = claims_of(token.token)
        told = expiry(token)
        self.assertEqual(claims["exp"] - claims["iat"], lifetime.total_seconds())
        self.assertLess(abs(told.timestamp() - claims["exp"]), 1)
        self.assertLess(abs(told - datetime.now(timezone.utc) - lifetime), timedelta(minutes=1))

    def test_a_user_is_created_and_is_a_communication_user(self):
        user = self.user()
        self.assertRegex(user.raw_id, f"^{RAW_ID.pattern}$")
        self.assertEqual(user.properties["id"], user.raw_id)
        parsed = identifier_from_raw_id(user.raw_id)
        self.assertIsInstance(parsed, CommunicationUserIdentifier)
        self.assertEqual(parsed.kind, CommunicationIdentifierKind.COMMUNICATION_USER)
        self.assertEqual(parsed.properties["id"], user.properties["id"])
        self.assertNotEqual(self.user().raw_id, user.raw_id)

    def test_a_user_is_created_with_a_token_of_each_set_of_scopes(self):
        for scopes in SCOPE_SETS:
            with self.subTest(scopes=scopes):
                user, token = self.client.create_user_and_token(scopes)
                claims = claims_of(token.token)
                self.assertEqual(claims["sub"], user.raw_id)
                self.assertEqual(sorted(claims["scope"].split()), sorted(map(str_of, scopes)))
                self.lives(token, DEFAULT)

    def test_a_token_of_each_set_of_scopes_is_had_for_a_user(self):
        user = self.user()
        for scopes in SCOPE_SETS:
            with self.subTest(scopes=scopes):
                token = self.client.get_token(user, scopes)
                claims = claims_of(token.token)
                self.assertEqual(claims["sub"], user.raw_id)
                self.assertEqual(sorted(claims["scope"].split()), sorted(map(str_of, scopes)))
                self.assertEqual(state_of(token.token), "ALLOWED")
                self.lives(token, DEFAULT)

    def test_scopes_may_be_plain_text(self):
        token = self.client.get_token(self.user(), ["chat", "voip.join"])
        self.assertEqual(sorted(claims_of(token.token)["scope"].split()), ["chat", "voip.join"])

    def test_a_token_lives_as_long_as_it_was_asked_for(self):
        user = self.user()
        for minutes in [60, 61, 1439, 1440]:
            with self.subTest(minutes=minutes):
                lifetime = timedelta(minutes=minutes)
                self.lives(self.client.get_token(user, ["chat"], token_expires_in=lifetime), lifetime)
                _, token = self.client.create_user_and_token(["chat"], token_expires_in=lifetime)
                self.lives(token, lifetime)

    def test_a_token_does_not_live_shorter_or_longer_than_the_service_allows(self):
        user = self.user()
        for minutes in [0, 59, 1441]:
            with self.subTest(minutes=minutes):
                lifetime = timedelta(minutes=minutes)
                for call in [
                    lambda: self.client.get_token(user, ["chat"], token_expires_in=lifetime),
                    lambda: self.client.create_user_and_token(["chat"], token_expires_in=lifetime),
                ]:
                    error = self.refused(400, call)
                    self.assertEqual(error["code"], "ValidationError")
                    self.assertEqual(error["target"], "ExpiresInMinutes")
                    self.assertEqual(
                        error["message"],
                        f"ExpiresInMinutes value {minutes} is invalid. "
                        "Value must be within the [60, 1440] interval.",
                    )

    def test_revoked_tokens_are_dead_and_the_next_one_is_not(self):
        user, before = self.client.create_user_and_token(["chat"])
        self.assertEqual(state_of(before.token), "ALLOWED")
        self.assertIsNone(self.client.revoke_tokens(user))
        self.assertEqual(state_of(before.token), "TOKEN_REVOKED")
        after = self.client.get_token(user, ["chat"])
        self.assertEqual(state_of(after.token), "ALLOWED")

    def test_a_deleted_user_is_gone_with_its_tokens(self):
        user, token = self.client.create_user_and_token(["voip"])
        self.assertIsNone(self.client.delete_user(user))
        self.assertEqual(state_of(token.token), "TOKEN_REVOKED")
        for call in [
            lambda: self.client.get_token(user, ["voip"]),
            lambda: self.client.revoke_tokens(user),
        ]:
            self.assertEqual(self.refused(404, call)["code"], "IdentityNotFound")

    def test_scopes_that_are_none_are_refused(self):
        user = self.user()
        error = self.refused(400, self.client.get_token, user, [])
        self.assertEqual(error["message"], "Invalid scopes - Scopes field is required.")
        error = self.refused(400, self.client.get_token, user, None)
        self.assertIn("The Scopes field is required.", error["message"])
        for unknown in [["chat", "fly"], [""], ["CHAT "]]:
            self.refused(400, self.client.get_token, user, unknown)
            self.refused(400, self.client.create_user_and_token, unknown)

    def test_a_user_of_another_resource_is_out_of_reach(self):
        user = CommunicationUserIdentifier(os.environ["AZURE_OTHER_USER"])
        other = self.from_string(os.environ["AZURE_OTHER_CONNECTION_STRING"])
        token = other.get_token(user, ["chat"])
        for call in [
            lambda: self.client.get_token(user, ["chat"]),
            lambda: self.client.revoke_tokens(user),
            lambda: self.client.delete_user(user),
        ]:
            error = self.refused(401, call)
            self.assertEqual(error["code"], "IdentityNotOwned")
        self.assertEqual(state_of(token.token), "ALLOWED")

    def test_a_wrong_key_is_denied(self):
        wrong = base64.b64encode(bytes(32)).decode()
        client = self.from_key(os.environ["AZURE_ENDPOINT"], AzureKeyCredential(wrong))
        error = self.refused(401, client.create_user)
        self.assertEqual(error["code"], "Denied")
        self.assertIn("Denied by the resource provider", error["message"])

    def test_the_exchange_of_a_teams_token_is_refused_as_for_a_token_that_is_not_valid(self):
        with self.assertRaises(ClientAuthenticationError) as caught:
            self.client.get_token_for_teams_user("token", str(user_id()), str(user_id()))
        self.assertEqual(caught.exception.status_code, 401)
        error = json.loads(caught.exception.response.text())["error"]
        self.assertEqual(error["code"], "InvalidAccessToken")

    def test_an_endpoint_and_a_key_do_as_well_as_a_connection_string(self):
        endpoint = os.environ["AZURE_ENDPOINT"].rstrip("/")
        key = AzureKeyCredential(key_of(os.environ["AZURE_CONNECTION_STRING"]))
        for form in [endpoint, endpoint + "/", endpoint.removeprefix("https://")]:
            with self.subTest(form=form):
                user, token = self.from_key(form, key).create_user_and_token(["chat"])
                self.client.revoke_tokens(user)
                self.assertEqual(state_of(token.token), "TOKEN_REVOKED")

    def test_the_second_key_does_as_well_as_the_first(self):
        client = self.from_string(os.environ["AZURE_SECONDARY_CONNECTION_STRING"])
        user, token = client.create_user_and_token(["chat"])
        self.assertEqual(state_of(token.token), "ALLOWED")
        self.client.delete_user(user)

    def test_without_tls_an_endpoint_and_a_key_do_too(self):
        key = AzureKeyCredential(os.environ["AZURE_PLAIN_KEY"])
        client = self.from_key(os.environ["AZURE_PLAIN_ENDPOINT"], key)
        user, token = client.create_user_and_token(["voip"], token_expires_in=timedelta(hours=1))
        claims = claims_of(token.token)
        self.assertEqual(claims["sub"], user.raw_id)
        self.assertEqual(claims["acsScope"], "voip")
        self.assertEqual(f"8:{claims['skypeid']}", user.raw_id)
        self.assertIn(claims["resourceId"], user.raw_id)
        client.delete_user(user)


class SynchronousClient(Suite, unittest.TestCase):
    """With `CommunicationIdentityClient`."""

    def from_string(self, text):
        return self.owned(Synchronous.from_connection_string(text))

    def from_key(self, endpoint, key):
        return self.owned(Synchronous(endpoint, key))

    def test_a_token_credential_reads_our_tokens(self):
        user, token = self.client.create_user_and_token(["chat"])
        read = CommunicationTokenCredential(token.token).get_token()
        self.assertEqual((read.token, read.expires_on), (token.token, claims_of(token.token)["exp"]))
        fresh = lambda: self.client.get_token(user, ["chat"])
        credential = CommunicationTokenCredential(token.token, token_refresher=fresh)
        self.addCleanup(credential.close)
        self.assertEqual(credential.get_token().token, token.token)


class AsynchronousClient(Suite, unittest.TestCase):
    """With `aio.CommunicationIdentityClient`."""

    def from_string(self, text):
        return self.owned(Awaited(AsyncIdentityClient.from_connection_string(text)))

    def from_key(self, endpoint, key):
        return self.owned(Awaited(AsyncIdentityClient(endpoint, key)))

    def test_a_token_credential_reads_our_tokens(self):
        _, token = self.client.create_user_and_token(["chat"])

        async def read():
            async with AsyncTokenCredential(token.token) as credential:
                return await credential.get_token()

        told = asyncio.run(read())
        self.assertEqual((told.token, told.expires_on), (token.token, claims_of(token.token)["exp"]))


def str_of(scope):
    return scope.value


def expiry(token):
    """`expires_on` is a time for the synchronous client and a text for none; both forms are read."""
    told = token.expires_on
    if isinstance(told, datetime):
        return told
    return datetime.fromisoformat(told)


def claims_of(token):
    payload = token.split(".")[1]
    padded = payload + "=" * (-len(payload) % 4)
    return json.loads(base64.urlsafe_b64decode(padded))


def state_of(token):
    """What the authority says of the token over gRPC."""
    command = [os.environ["LANYARD"], "token", "inspect", token, "--field", "reason"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def key_of(connection_string):
    return connection_string.split("accesskey=")[1]


def user_id():
    return "00000000-0000-0000-0000-000000000001"


if __name__ == "__main__":
    unittest.main(verbosity=2)
