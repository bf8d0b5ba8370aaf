# What the scripts here share. Sourced, with `set -euo pipefail` in force.

AZURE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# Where the SDKs are installed: away from the sources, and kept from one run to the next.
SDKS="$(cd "$AZURE/../../.." && pwd)/target/azure-sdks"

give_up() {
    echo "$*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || give_up "\`$1\` is missing: install $2"
}

need_python() { python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    give_up "Python 3.11 or later with venv is missing: install python3 and python3-venv, and where the" \
        "distribution has an older one, one of python.org"; }

need_node() {
    need node "Node.js 20 or later, the package nodejs"
    node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' ||
        give_up "Node.js 20 or later is needed, and this is $(node --version): where the distribution's is" \
            "older, install one of nodejs.org"
    need npm "npm, the package npm"
}

need_java() {
    need javac "a JDK of 17 or later, such as the package openjdk-17-jdk-headless"
    need keytool "a JDK of 17 or later, such as the package openjdk-17-jdk-headless"
    local release
    release="$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')"
    [[ "${release:-0}" -ge 17 ]] ||
        give_up "a JDK of 17 or later is needed, and this is $(javac -version 2>&1): install" \
            "openjdk-17-jdk-headless, and where JAVA_HOME is set let it name that one"
    need mvn "Maven, the package maven"
}

# A language is installed if its mark holds the hash of what says which versions.
mark_of() { echo "$SDKS/$1/installed"; }
# Of what is in them alone: where the checkout is makes no other version.
hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
installed() {
    local language="$1"
    shift
    [[ "$(cat "$(mark_of "$language")" 2>/dev/null)" == "$(hash_of "$@")" ]]
}
need_installed() {
    installed "$@" || give_up "the SDK is not installed: run \`bash tests/clients/azure/install.sh $1\` first"
}

PYTHON_FILES=("$AZURE/python/requirements.txt")
NODE_FILES=("$AZURE/node/package.json" "$AZURE/node/package-lock.json")
JAVA_FILES=("$AZURE/java/pom.xml")
