//! How other programs are made to believe the authority of `--dev-tls`.

use std::fmt;

/// What to do, in a line for each kind of program.
#[derive(Debug)]
pub(in crate::serve) struct Trust<'a> {
    /// The authority's certificate, as a word for a shell.
    pub(in crate::serve) ca: &'a str,
}

impl fmt::Display for Trust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = self.ca;
        writeln!(f, "the certificate is for this machine alone; to trust it:")?;
        writeln!(f, "  curl    curl --cacert {ca} ...")?;
        writeln!(
            f,
            "  Python  export REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca}"
        )?;
        writeln!(f, "  Node    export NODE_EXTRA_CA_CERTS={ca}")?;
        writeln!(
            f,
            "  Java    keytool -importcert -noprompt -alias lanyard-dev -file {ca} \
             -keystore lanyard-dev.p12 -storepass changeit"
        )?;
        writeln!(
            f,
            "          java -Djavax.net.ssl.trustStore=lanyard-dev.p12 \
             -Djavax.net.ssl.trustStorePassword=changeit ..."
        )
    }
}
