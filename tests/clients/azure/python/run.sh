#!/usr/bin/env bash
# Runs the suite against the server that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_python
need_installed python "${PYTHON_FILES[@]}"

# One for the synchronous transport, one for the asynchronous.
export REQUESTS_CA_BUNDLE="$AZURE_CA" SSL_CERT_FILE="$AZURE_CA"
exec "$INSTALLED/python/venv/bin/python" -B "$AZURE/python/suite.py"
