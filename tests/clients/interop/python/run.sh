#!/usr/bin/env bash
# Runs the suite against the servers that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_python
need_installed python "${PYTHON_FILES[@]}"

make_work_directory
python="$INSTALLED/python/venv/bin/python"
"$python" -m grpc_tools.protoc --proto_path="$PROTO" --python_out="$work" --grpc_python_out="$work" \
    "${PROTO_FILES[@]}"
PYTHONPATH="$work" "$python" -B -m unittest discover --start-directory "$INTEROP/python" --pattern "test_*.py"
