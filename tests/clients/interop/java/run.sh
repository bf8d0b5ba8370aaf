#!/usr/bin/env bash
# Runs the suite against the servers that the environment names: see run.sh beside this directory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
need_java
need_installed java "${JAVA_FILES[@]}"

make_work_directory
classpath="$(<"$INSTALLED/java/classpath")"
mkdir "$work/generated"
"$INSTALLED/java/generator/protoc" --proto_path="$PROTO" --proto_path="$INSTALLED/java/include" \
    --java_out="$work/generated" --plugin="$INSTALLED/java/generator/protoc-gen-grpc-java" \
    --grpc-java_out="$work/generated" "${PROTO_FILES[@]}"
find "$work/generated" -name '*.java' >"$work/sources"
javac -nowarn -proc:none -d "$work/classes" -cp "$classpath" "@$work/sources" "$INTEROP"/java/src/*.java
keytool -importcert -noprompt -alias lanyard-dev -file "$INTEROP_CA" \
    -keystore "$work/trust.p12" -storepass changeit 2>/dev/null
java "-Djavax.net.ssl.trustStore=$work/trust.p12" -Djavax.net.ssl.trustStorePassword=changeit \
    -cp "$classpath:$work/classes" org.junit.platform.console.ConsoleLauncher \
    execute --disable-banner --disable-ansi-colors --details=tree --select-class=InteropSuite
