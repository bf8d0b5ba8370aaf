#!/usr/bin/env bash
# Runs the suite against the server that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_java
need_installed java "${JAVA_FILES[@]}"

# Both are of one run: another may be going on beside it.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
classpath="$(<"$INSTALLED/java/classpath")"
javac -Xlint:all,-processing,-classfile -Werror -d "$work/classes" -cp "$classpath" "$AZURE"/java/src/*.java
keytool -importcert -noprompt -alias lanyard-dev -file "$AZURE_CA" \
    -keystore "$work/trust.p12" -storepass changeit 2>/dev/null
java "-Djavax.net.ssl.trustStore=$work/trust.p12" -Djavax.net.ssl.trustStorePassword=changeit \
    -cp "$classpath:$work/classes" org.junit.platform.console.ConsoleLauncher \
    execute --disable-banner --disable-ansi-colors --details=tree --select-class=AzureSuite
