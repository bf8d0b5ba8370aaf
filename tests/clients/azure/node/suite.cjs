// The Azure Communication Identity SDK for JavaScript, unmodified, against a real server.
"use strict";

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { test } = require("node:test");
const {
  AzureCommunicationTokenCredential,
  createIdentifierFromRawId,
  getIdentifierKind,
  getIdentifierRawId,
  isCommunicationUserIdentifier,
  parseConnectionString,
} = require("@azure/communication-common");
const { CommunicationIdentityClient } = require("@azure/communication-identity");
const { AzureKeyCredential } = require("@azure/core-auth");

const { env } = process;

const SCOPE_SETS = [
  ["chat"],
  ["voip"],
  ["chat.join"],
  ["chat.join.limited"],
  ["voip.join"],
  ["chat", "voip"],
  ["chat", "chat.join", "chat.join.limited"],
  ["voip", "voip.join"],
  ["chat.join", "voip.join"],
];
const RAW_ID = /^8:acs:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DAY = 1440;

const client = new CommunicationIdentityClient(env.AZURE_CONNECTION_STRING);

test("a user is created and is a communication user", async () => {
  const user = await client.createUser();
  assert.match(user.communicationUserId, RAW_ID);
  assert.ok(isCommunicationUserIdentifier(user));
  const parsed = createIdentifierFromRawId(user.communicationUserId);
  assert.equal(getIdentifierKind(parsed).kind, "communicationUser");
  assert.equal(parsed.communicationUserId, user.communicationUserId);
  assert.equal(getIdentifierRawId(user), user.communicationUserId);
});

for (const scopes of SCOPE_SETS) {
  test(`a user is created with a token of ${scopes}`, async () => {
    const made = await client.createUserAndToken(scopes);
    assert.equal(claimsOf(made).sub, made.user.communicationUserId);
    assert.deepEqual(claimsOf(made).scope.split(" ").sort(), [...scopes].sort());
    lives(made, DAY);
  });

  test(`a token of ${scopes} is had for a user`, async () => {
    const user = await client.createUser();
    const token = await client.getToken(user, scopes);
    assert.equal(claimsOf(token).sub, user.communicationUserId);
    assert.deepEqual(claimsOf(token).scope.split(" ").sort(), [...scopes].sort());
    assert.equal(stateOf(token), "ALLOWED");
    lives(token, DAY);
  });
}

test("a token lives as long as it was asked for", async () => {
  const user = await client.createUser();
  for (const tokenExpiresInMinutes of [60, 61, 1439, 1440]) {
    const options = { tokenExpiresInMinutes };
    lives(await client.getToken(user, ["chat"], options), tokenExpiresInMinutes);
    lives(await client.createUserAndToken(["chat"], options), tokenExpiresInMinutes);
  }
});

test("a token does not live shorter or longer than the service allows", async () => {
  const user = await client.createUser();
  for (const tokenExpiresInMinutes of [59, 1441]) {
    const options = { tokenExpiresInMinutes };
    for (const call of [
      () => client.getToken(user, ["chat"], options),
      () => client.createUserAndToken(["chat"], options),
    ]) {
      const error = await refused(400, call);
      assert.match(error.message, /Value must be within the \[60, 1440\] interval/);
      assert.equal(error.code, "ValidationError");
    }
  }
});

test("revoked tokens are dead and the next one is not", async () => {
  const made = await client.createUserAndToken(["chat"]);
  assert.equal(stateOf(made), "ALLOWED");
  await client.revokeTokens(made.user);
  assert.equal(stateOf(made), "TOKEN_REVOKED");
  assert.equal(stateOf(await client.getToken(made.user, ["chat"])), "ALLOWED");
});

test("a deleted user is gone with its tokens", async () => {
  const made = await client.createUserAndToken(["voip"]);
  await client.deleteUser(made.user);
  assert.equal(stateOf(made), "TOKEN_REVOKED");
  const error = await refused(404, () => client.getToken(made.user, ["voip"]));
  assert.equal(error.code, "IdentityNotFound");
  await refused(404, () => client.revokeTokens(made.user));
});

test("scopes that are none are refused", async () => {
  const user = await client.createUser();
  const error = await refused(400, () => client.getToken(user, []));
  assert.match(error.message, /Invalid scopes - Scopes field is required/);
  for (const scopes of [["chat", "fly"], [""]]) {
    await refused(400, () => client.getToken(user, scopes));
    await refused(400, () => client.createUserAndToken(scopes));
  }
});

test("a user of another resource is out of reach", async () => {
  const user = { communicationUserId: env.AZURE_OTHER_USER };
  const other = new CommunicationIdentityClient(env.AZURE_OTHER_CONNECTION_STRING);
  const token = await other.getToken(user, ["chat"]);
  for (const call of [
    () => client.getToken(user, ["chat"]),
    () => client.revokeTokens(user),
    () => client.deleteUser(user),
  ]) {
    const error = await refused(401, call);
    assert.equal(error.code, "IdentityNotOwned");
  }
  assert.equal(stateOf(token), "ALLOWED");
});

test("a wrong key is denied", async () => {
  const wrong = new AzureKeyCredential(Buffer.alloc(32).toString("base64"));
  const stranger = new CommunicationIdentityClient(env.AZURE_ENDPOINT, wrong);
  const error = await refused(401, () => stranger.createUser());
  assert.equal(error.code, "Denied");
  assert.match(error.message, /Denied by the resource provider/);
});

test("the exchange of a Teams token is refused as for a token that is not valid", async () => {
  const options = {
    teamsUserAadToken: "token",
    clientId: "00000000-0000-0000-0000-000000000001",
    userObjectId: "00000000-0000-0000-0000-000000000001",
  };
  const error = await refused(401, () => client.getTokenForTeamsUser(options));
  assert.equal(error.code, "InvalidAccessToken");
});

test("an endpoint and a key do as well as a connection string", async () => {
  const { endpoint, credential } = parseConnectionString(env.AZURE_CONNECTION_STRING);
  for (const form of [endpoint, endpoint.replace(/\/$/, "")]) {
    const keyed = new CommunicationIdentityClient(form, credential);
    const made = await keyed.createUserAndToken(["chat"]);
    await client.revokeTokens(made.user);
    assert.equal(stateOf(made), "TOKEN_REVOKED");
  }
});

test("the second key does as well as the first", async () => {
  const second = new CommunicationIdentityClient(env.AZURE_SECONDARY_CONNECTION_STRING);
  const made = await second.createUserAndToken(["chat"]);
  assert.equal(stateOf(made), "ALLOWED");
  await client.deleteUser(made.user);
});

test("without TLS an endpoint and a key do too, if that is allowed", async () => {
  const key = new AzureKeyCredential(env.AZURE_PLAIN_KEY);
  const options = { allowInsecureConnection: true };
  const plain = new CommunicationIdentityClient(env.AZURE_PLAIN_ENDPOINT, key, options);
  const made = await plain.createUserAndToken(["voip"], { tokenExpiresInMinutes: 60 });
  const { sub, acsScope } = claimsOf(made);
  assert.deepEqual([sub, acsScope], [made.user.communicationUserId, "voip"]);
  await plain.deleteUser(made.user);
});

test("a token credential reads our tokens", async () => {
  const { user, token } = await client.createUserAndToken(["chat"]);
  const fixed = new AzureCommunicationTokenCredential(token);
  const read = await fixed.getToken();
  assert.equal(read.token, token);
  assert.equal(read.expiresOnTimestamp, claimsOf({ token }).exp * 1000);
  fixed.dispose();
  const tokenRefresher = async () => (await client.getToken(user, ["chat"])).token;
  const refreshed = new AzureCommunicationTokenCredential({ tokenRefresher });
  assert.equal(claimsOf(await refreshed.getToken()).sub, user.communicationUserId);
  refreshed.dispose();
});

/** The error of a call that must be refused with this status. */
async function refused(status, call) {
  let told;
  await assert.rejects(call, (error) => {
    told = error;
    return true;
  });
  assert.equal(told.statusCode, status, told.message);
  return told;
}

/** The token says of itself, and the service of it, that it lives this long from now. */
function lives(made, minutes) {
  const { iat, exp } = claimsOf(made);
  assert.equal(exp - iat, minutes * 60);
  assert.ok(Math.abs(made.expiresOn.getTime() / 1000 - exp) < 1);
  assert.ok(Math.abs(exp - Date.now() / 1000 - minutes * 60) < 60);
}

function claimsOf({ token }) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
}

/** What the authority says of the token over gRPC. */
function stateOf({ token }) {
  const words = ["token", "inspect", token, "--field", "reason"];
  return execFileSync(env.LANYARD, words, { encoding: "utf8" }).trim();
}
