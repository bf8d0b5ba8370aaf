# What the suites of foreign clients share: the tools of each language, and whether what a suite needs
# is installed. Sourced by the `common.sh` of each folder, which sets SUITES, the folder's name from the
# root of the checkout, and INSTALLED, where its packages are; with `set -euo pipefail` in force.

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

need_go() {
    need go "Go 1.19 or later, the package golang-go"
    [[ "$(printf '%s\n' go1.19 "$(go env GOVERSION)" | sort --version-sort | head -n 1)" == go1.19 ]] ||
        give_up "Go 1.19 or later is needed, and this is $(go env GOVERSION)"
}

# A language is installed if its mark holds the hash of what says which versions.
mark_of() { echo "$INSTALLED/$1/installed"; }
# Of what is in them alone: where the checkout is makes no other version.
hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
installed() {
    local language="$1"
    shift
    [[ "$(cat "$(mark_of "$language")" 2>/dev/null)" == "$(hash_of "$@")" ]]
}
need_installed() {
    installed "$@" || give_up "the packages are not installed: run \`bash $SUITES/install.sh $1\` first"
}

# An installation: `begin` empties its folder, and `end` marks it as complete.
begin() {
    echo "$SUITES: installing the packages for $1" >&2
    rm -rf "${INSTALLED:?}/$1"
    mkdir -p "$INSTALLED/$1"
}
end() {
    local language="$1"
    shift
    hash_of "$@" >"$(mark_of "$language")"
}

# A virtual environment with the packages that a file lists, with all of their dependencies.
install_requirements() {
    python3 -m venv "$INSTALLED/python/venv"
    "$INSTALLED/python/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$1"
    "$INSTALLED/python/venv/bin/pip" check --quiet --disable-pip-version-check
}

# The modules that `package.json` and its lock file name.
install_node_modules() {
    cp "$@" "$INSTALLED/node/"
    npm ci --prefix "$INSTALLED/node" --ignore-scripts --no-audit --no-fund --loglevel=error
}

# The jars that a pom names, and the file `classpath` with the paths of all.
install_class_path() {
    maven --file "$1" dependency:build-classpath "-Dmdep.outputFile=$INSTALLED/java/classpath"
}

# Maven's repository is a cache, which outlives a change of versions.
maven() {
    mvn --quiet --batch-mode "-Dmaven.repo.local=$(dirname "$INSTALLED")/maven-repository" "$@"
}
