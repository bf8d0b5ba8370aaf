#!/usr/bin/env bash
# Foreign gRPC clients and JOSE libraries against the binary of this tree: installs the packages that are
# missing, and runs the suites of all languages, or of those that are named: python, node, java, go.
#
# The servers are started by tests/behaviour/interop.rs, which passes their addresses to each suite:
#   INTEROP_TLS_ENDPOINT, INTEROP_CA       an authority with --dev-tls, and the certificate to trust
#   INTEROP_TLS_BOOTSTRAP                  its bootstrap.json, with a credential for each role
#   INTEROP_PLAIN_ENDPOINT                 an authority without TLS, with --token-alg Ed25519
#   INTEROP_PLAIN_BOOTSTRAP                its bootstrap.json
#   INTEROP_SOCKET                         the Unix socket of an enforcer of the first authority
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

[[ $# -gt 0 ]] || set -- python node java go
bash tests/clients/interop/install.sh "$@"
exec cargo test --locked --package lanyard-proto --test main -- --nocapture "${@/#/interop::}"
