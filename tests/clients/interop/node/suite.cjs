// grpc-js, with the stubs that proto-loader makes of the protos, and jose.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { after, test } = require("node:test");
const grpc = require("@grpc/grpc-js");
const { loadSync } = require("@grpc/proto-loader");
const jose = require("jose");

const { PROTO, INTEROP_CA, INTEROP_SOCKET, INTEROP_TLS_ENDPOINT, INTEROP_PLAIN_ENDPOINT } = process.env;
const bootstrap = (path) => JSON.parse(fs.readFileSync(path, "utf8"));
const TLS_BOOTSTRAP = bootstrap(process.env.INTEROP_TLS_BOOTSTRAP);
const PLAIN_BOOTSTRAP = bootstrap(process.env.INTEROP_PLAIN_BOOTSTRAP);

const FILES = ["identity_service", "policy_service"].map((name) => `lanyard/v1/${name}.proto`);
const { v1 } = grpc.loadPackageDefinition(loadSync(FILES, { includeDirs: [PROTO], enums: String })).lanyard;

const tls = () => grpc.credentials.createSsl(fs.readFileSync(INTEROP_CA));
const plain = () => grpc.credentials.createInsecure();
const open = [];
after(() => open.forEach((client) => client.close()));

function callerJwt({ id, secret }) {
  return new jose.SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid: id })
    .setAudience("lanyard")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(Buffer.from(secret, "base64"));
}

async function metadata(credential) {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${await callerJwt(credential)}`);
  return metadata;
}

// The unary methods of a service as functions of a request, called with one credential.
function caller(Service, address, credentials, credential) {
  const client = new Service(address, credentials);
  open.push(client);
  return async (method, request) => {
    const head = await metadata(credential);
    const options = { deadline: Date.now() + 30_000 };
    return new Promise((resolve, reject) => {
      client[method](request, head, options, (error, response) => (error ? reject(error) : resolve(response)));
    });
  };
}

async function issue(identities) {
  const { identity } = await identities("CreateIdentity", {});
  const { accessToken } = await identities("IssueToken", { identityId: identity.id, scopes: ["chat"] });
  return accessToken.token;
}

const check = (token) => ({ token, capability: "CAPABILITY_CREATE_CHAT_THREAD" });
const tlsIdentities = (host) =>
  caller(v1.IdentityService, `${host}:${new URL(INTEROP_TLS_ENDPOINT).port}`, tls(), TLS_BOOTSTRAP.primary);
const plainIdentities = () =>
  caller(v1.IdentityService, new URL(INTEROP_PLAIN_ENDPOINT).host, plain(), PLAIN_BOOTSTRAP.primary);

for (const host of ["127.0.0.1", "localhost"]) {
  test(`calls over TLS to ${host}`, async () => {
    assert.match(await issue(tlsIdentities(host)), /^ey/);
  });
}

test("checks over a Unix socket", async () => {
  const token = await issue(tlsIdentities("127.0.0.1"));
  const policy = caller(v1.PolicyService, `unix:${INTEROP_SOCKET}`, plain(), TLS_BOOTSTRAP.enforcer);
  const { decision } = await policy("Check", check(token));
  assert.equal(decision.allowed, true);
});

for (const [alg, endpoint, identities] of [
  ["EdDSA", INTEROP_TLS_ENDPOINT, () => tlsIdentities("127.0.0.1")],
  ["Ed25519", INTEROP_PLAIN_ENDPOINT, plainIdentities],
]) {
  test(`jose verifies a token with ${alg} by the JWKS`, async () => {
    const token = await issue(identities());
    const keys = jose.createRemoteJWKSet(new URL(`${endpoint}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jose.jwtVerify(token, keys, { typ: "at+jwt" });
    assert.equal(protectedHeader.alg, alg);
    assert.equal(payload.scope, "chat");
  });
}

test("gRPC-Web is refused and nothing is done", async () => {
  const identities = plainIdentities();
  const count = async () => ((await identities("ListIdentities", {})).identities ?? []).length;
  const before = await count();
  const url = `${INTEROP_PLAIN_ENDPOINT}/lanyard.v1.IdentityService/CreateIdentity`;
  for (const type of ["application/grpc-web+proto", "application/grpc-web-text", "application/grpc"]) {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": type,
        authorization: `Bearer ${await callerJwt(PLAIN_BOOTSTRAP.primary)}`,
      },
      body: Buffer.alloc(5),
    });
    assert.equal(response.status, 415, type);
  }
  assert.equal(await count(), before);
});
