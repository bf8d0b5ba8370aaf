#!/usr/bin/env bash
# Runs the suite against the servers that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_go
need_installed go "${GO_FILES[@]}"
# For its protoc: the generators of Go are only plugins.
need_python
need_installed python "${PYTHON_FILES[@]}"

make_work_directory
cp "${GO_FILES[@]}" "$INTEROP/go/suite_test.go" "$work/"
PATH="$INSTALLED/go/bin:$PATH" "$INSTALLED/python/venv/bin/python" -m grpc_tools.protoc --proto_path="$PROTO" \
    --go_out="$work" --go_opt=module=lanyard --go-grpc_out="$work" --go-grpc_opt=module=lanyard "${PROTO_FILES[@]}"
cd "$work"
GOPROXY=off go_with_caches test -count=1 -v ./...
