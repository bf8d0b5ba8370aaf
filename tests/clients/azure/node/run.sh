#!/usr/bin/env bash
# Runs the suite against the server that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_node
need_installed node "${NODE_FILES[@]}"

export NODE_EXTRA_CA_CERTS="$AZURE_CA" NODE_PATH="$INSTALLED/node/node_modules"
exec node --test --test-reporter=spec "$AZURE/node/suite.cjs"
