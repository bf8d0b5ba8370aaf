# What the scripts here share. Sourced, with `set -euo pipefail` in force.

INTEROP="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(cd "$INTEROP/../../.." && pwd)"
SUITES=tests/clients/interop
# Away from the sources, and kept from one run to the next.
INSTALLED="$ROOT/target/interop"
source "$INTEROP/../tools.sh"

PYTHON_FILES=("$INTEROP/python/requirements.txt")
NODE_FILES=("$INTEROP/node/package.json" "$INTEROP/node/package-lock.json")
JAVA_FILES=("$INTEROP/java/pom.xml")
GO_FILES=("$INTEROP/go/go.mod" "$INTEROP/go/go.sum" "$INTEROP/go/tools.go")

PROTO="$ROOT/proto"
# The sources that code is generated from.
PROTO_FILES=("$PROTO"/lanyard/v1/*.proto)

# A directory of one run, since another may be in progress beside it.
make_work_directory() {
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
}

# Go with the modules and the compiled packages of earlier runs. What is downloaded can be removed again.
go_with_caches() {
    GOFLAGS="-modcacherw -trimpath" GOTOOLCHAIN=local GOMODCACHE="$ROOT/target/go-modules" \
        GOCACHE="$ROOT/target/go-build" GOBIN="$INSTALLED/go/bin" go "$@"
}
