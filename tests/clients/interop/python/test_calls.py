"""Calls of each kind with gRPC C-core, and the details of its errors."""

import unittest

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from lanyard.v1 import identity_service_pb2 as identities, policy_service_pb2 as policy

from clients import PLAIN_BOOTSTRAP, Caller, metadata, plain_channel


class Calls(unittest.TestCase):
    def setUp(self):
        self.channel = plain_channel()
        self.addCleanup(self.channel.close)
        self.holder = Caller(self.channel, PLAIN_BOOTSTRAP["primary"])
        self.enforcer = Caller(self.channel, PLAIN_BOOTSTRAP["enforcer"])

    def test_a_token_is_allowed_until_it_is_revoked(self):
        token = self.holder.issue()
        self.assertTrue(self.enforcer.check(token).allowed)
        position = self.holder.revoke(token).position
        decision = self.enforcer.check(token, min_position=position)
        self.assertFalse(decision.allowed)
        self.assertEqual(decision.reason, policy.DECISION_REASON_TOKEN_REVOKED)

    def test_an_error_carries_its_reason_and_its_fields(self):
        request = identities.IssueTokenRequest(identity_id="no-id", scopes=["chat"])
        with self.assertRaises(grpc.RpcError) as raised:
            self.holder.call(self.holder.identities.IssueToken, request)
        status = rpc_status.from_call(raised.exception)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        details = {}
        for detail in status.details:
            for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest):
                message = kind()
                if detail.Unpack(message):
                    details[kind] = message
        info = details[error_details_pb2.ErrorInfo]
        self.assertEqual((info.domain, info.reason), ("lanyard", "INVALID_FIELD"))
        violations = details[error_details_pb2.BadRequest].field_violations
        self.assertEqual([violation.field for violation in violations], ["identity_id"])

    def test_a_stream_of_checks_is_answered_in_order(self):
        token = self.holder.issue()
        check = policy.CheckRequest(token=token, capability="CAPABILITY_CREATE_CHAT_THREAD")
        requests = [policy.StreamCheckRequest(id=number, check=check) for number in range(1, 21)]
        stream = self.enforcer.policy.StreamCheck(
            iter(requests), metadata=metadata(self.enforcer.credential), timeout=30
        )
        answers = [(answer.id, answer.decision.allowed) for answer in stream]
        self.assertEqual(answers, [(number, True) for number in range(1, 21)])


if __name__ == "__main__":
    unittest.main()
