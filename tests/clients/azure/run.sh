#!/usr/bin/env bash
# The Azure SDKs against a server of this tree: installs what is missing, and runs the suites of all
# three languages, or of those that are named: python, node, java.
#
# The server is started by tests/behaviour/azure_sdks.rs, which tells each suite where it is:
#   AZURE_ENDPOINT, AZURE_CA               a server with --dev-tls, and the certificate to trust
#   AZURE_CONNECTION_STRING                its first resource, by the primary key
#   AZURE_SECONDARY_CONNECTION_STRING      the same, by the secondary key
#   AZURE_OTHER_CONNECTION_STRING          another resource of it
#   AZURE_OTHER_USER                       a user of that
#   AZURE_PLAIN_ENDPOINT, AZURE_PLAIN_KEY  a server without TLS, with --acs-claims
#   LANYARD, LANYARD_DATA                  the command line, and the first server's data
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

[[ $# -gt 0 ]] || set -- python node java
bash tests/clients/azure/install.sh "$@"
exec cargo test --locked --package lanyard-proto --test main -- --nocapture "${@/#/azure_sdks::}"
