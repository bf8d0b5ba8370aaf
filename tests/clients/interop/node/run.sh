#!/usr/bin/env bash
# Runs the suite against the servers that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_node
need_installed node "${NODE_FILES[@]}"

export NODE_EXTRA_CA_CERTS="$INTEROP_CA" NODE_PATH="$INSTALLED/node/node_modules" PROTO
exec node --test --test-reporter=spec "$INTEROP/node/suite.cjs"
