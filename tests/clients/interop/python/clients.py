"""Channels to the servers of the harness, and calls with a fresh caller JWT."""

import base64
import json
import os
import time
from urllib.parse import urlsplit

import grpc
import jwt
from lanyard.v1 import (
    capability_pb2,
    identity_service_pb2 as identities,
    identity_service_pb2_grpc,
    policy_service_pb2 as policy,
    policy_service_pb2_grpc,
)

TLS_ENDPOINT = os.environ["INTEROP_TLS_ENDPOINT"]
PLAIN_ENDPOINT = os.environ["INTEROP_PLAIN_ENDPOINT"]
CA = os.environ["INTEROP_CA"]
SOCKET = os.environ["INTEROP_SOCKET"]


def bootstrap(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


TLS_BOOTSTRAP = bootstrap(os.environ["INTEROP_TLS_BOOTSTRAP"])
PLAIN_BOOTSTRAP = bootstrap(os.environ["INTEROP_PLAIN_BOOTSTRAP"])


def caller_jwt(credential):
    now = int(time.time())
    claims = {"aud": "lanyard", "iat": now, "exp": now + 300}
    secret = base64.b64decode(credential["secret"])
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": credential["id"]})


def metadata(credential):
    return (("authorization", f"Bearer {caller_jwt(credential)}"),)


def tls_channel(host="127.0.0.1"):
    with open(CA, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    port = urlsplit(TLS_ENDPOINT).port
    return grpc.secure_channel(f"{host}:{port}", credentials)


def plain_channel():
    return grpc.insecure_channel(urlsplit(PLAIN_ENDPOINT).netloc)


class Caller:
    """Calls over a channel with the credential of one role of a bootstrap file."""

    def __init__(self, channel, credential):
        self.credential = credential
        self.identities = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self.policy = policy_service_pb2_grpc.PolicyServiceStub(channel)

    def call(self, method, request, **options):
        return method(request, metadata=metadata(self.credential), timeout=30, **options)

    def create_identity(self):
        request = identities.CreateIdentityRequest()
        return self.call(self.identities.CreateIdentity, request).identity

    def issue(self, scope="chat"):
        request = identities.IssueTokenRequest(identity_id=self.create_identity().id, scopes=[scope])
        return self.call(self.identities.IssueToken, request).access_token.token

    def revoke(self, token):
        request = identities.RevokeTokenRequest(token=token)
        return self.call(self.identities.RevokeToken, request).revocation

    def check(self, token, min_position=None):
        request = policy.CheckRequest(
            token=token,
            capability=capability_pb2.CAPABILITY_CREATE_CHAT_THREAD,
            min_position=min_position,
        )
        return self.call(self.policy.Check, request).decision
