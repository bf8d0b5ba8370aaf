# What the scripts here share. Sourced, with `set -euo pipefail` in force.

AZURE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
SUITES=tests/clients/azure
# Away from the sources, and kept from one run to the next.
INSTALLED="$(cd "$AZURE/../../.." && pwd)/target/azure-sdks"
source "$AZURE/../tools.sh"

PYTHON_FILES=("$AZURE/python/requirements.txt")
NODE_FILES=("$AZURE/node/package.json" "$AZURE/node/package-lock.json")
JAVA_FILES=("$AZURE/java/pom.xml")
