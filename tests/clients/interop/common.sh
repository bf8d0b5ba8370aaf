# What the scripts here share. Sourced, with `set -euo pipefail` in force.

INTEROP="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(cd "$INTEROP/../../.." && pwd)"
SUITES=tests/clients/interop
# Away from the sources, and kept from one run to the next.
INSTALLED="$ROOT/target/interop"
source "$INTEROP/../tools.sh"

PYTHON_FILES=("$INTEROP/python/requirements.txt")

PROTO="$ROOT/proto"
# The sources that code is generated from.
PROTO_FILES=("$PROTO"/lanyard/v1/*.proto)

# A directory of one run, since another may be in progress beside it.
make_work_directory() {
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
}
