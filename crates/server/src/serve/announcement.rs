//! What standard output says to a person once everything is up.

use std::{fmt, path::Path};

use super::{
    home::{Data, Home, absolute},
    ports::Bound,
    public_endpoint::PublicEndpoint,
    tls::Trust,
};

/// Where things are, and three commands to try.
#[derive(Debug)]
pub(super) struct Announcement<'a> {
    pub(super) home: &'a Home,
    pub(super) bound: Bound,
    /// Where clients call it, if that was said.
    pub(super) public: Option<&'a PublicEndpoint>,
    /// The certificate to trust that was made here, if one was.
    pub(super) dev_ca: Option<&'a Path>,
}

impl fmt::Display for Announcement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "listening on {}", self.bound.endpoint())?;
        if let Some(public) = self.public {
            writeln!(f, "clients call {public}")?;
        }
        writeln!(f, "admin on http://{}", self.bound.admin)?;
        let flags = match &self.home.data {
            Data::Directory(data) => data_flag(data),
            Data::Redis { .. } => self.flags(),
        };
        write!(f, "data {}", self.home.data)?;
        if let Some(credentials) = &self.home.bootstrap {
            write!(f, ", credentials in {}", credentials.path().display())?;
        }
        writeln!(f)?;
        if matches!(self.home.data, Data::Redis { may_lose: true, .. }) {
            writeln!(f, "what was acknowledged may be lost when Redis crashes")?;
        }
        writeln!(f, "try, in another terminal:")?;
        for command in COMMANDS {
            writeln!(f, "  lanyard {command}{flags}")?;
        }
        match self.dev_ca {
            Some(ca) => Trust { ca: &word(ca) }.fmt(f),
            None => Ok(()),
        }
    }
}

impl Announcement<'_> {
    /// What a command needs in order to find this process and its credentials.
    fn flags(&self) -> String {
        let file = self.home.bootstrap.as_ref();
        let file = file.map_or_else(|| "FILE".to_owned(), |file| word(file.path()));
        let endpoint = self.bound.told(self.public);
        format!(" --credential {file} --endpoint {endpoint}")
    }
}

/// What a command needs in order to find this data directory.
fn data_flag(data: &Path) -> String {
    if data == Path::new("./lanyard-data") {
        return String::new();
    }
    format!(" --data {}", word(data))
}

/// The path for a shell. It is absolute, because the other terminal may be elsewhere.
fn word(path: &Path) -> String {
    quoted(&absolute(path).to_string_lossy())
}

/// The text as one word of a shell, in quotes if it needs them.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,=".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

const COMMANDS: [&str; 3] = [
    "identity create --scope chat --scope voip",
    "check TOKEN create-message",
    "token revoke TOKEN",
];

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::ServeArgs, *};

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn said(flags: &[&str]) -> String {
        let flags = Flags::try_parse_from(["lanyard"].iter().chain(flags)).unwrap();
        let options = flags.serve.redis.options().unwrap();
        let home = match &options {
            None => Home::in_directory(&flags.serve),
            Some(options) => Home::on_redis(&flags.serve, options, Path::new("key")),
        };
        let announcement = Announcement {
            home: &home,
            bound: Bound {
                service: "127.0.0.1:1234".parse().unwrap(),
                admin: "127.0.0.1:5678".parse().unwrap(),
                scheme: "http",
            },
            public: flags.serve.public_endpoint.as_ref(),
            dev_ca: None,
        };
        announcement.to_string()
    }

    #[test]
    fn it_says_where_things_are_and_three_commands_to_try() {
        let expected = "\
listening on http://127.0.0.1:1234
admin on http://127.0.0.1:5678
data in ./lanyard-data, credentials in ./lanyard-data/bootstrap.json
try, in another terminal:
  lanyard identity create --scope chat --scope voip
  lanyard check TOKEN create-message
  lanyard token revoke TOKEN
";
        assert_eq!(said(&[]), expected);
    }

    #[test]
    fn the_commands_find_data_that_is_elsewhere_from_anywhere() {
        assert!(said(&["--data", "/d"]).contains("  lanyard token revoke TOKEN --data /d\n"));
        let spaced = said(&["--data", "/my data"]);
        assert!(spaced.contains("  lanyard check TOKEN create-message --data '/my data'\n"));
        let here = absolute(Path::new("-d"));
        let relative = said(&["--data=-d"]);
        assert!(relative.contains(&format!(" --data {}\n", quoted(&here.to_string_lossy()))));
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_more_into_it() {
        for plain in ["/d", "./a-b_c.d", "/x:y@z%1,2=3+4"] {
            assert_eq!(quoted(plain), plain);
        }
        for (text, word) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("é", "'é'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn where_the_data_is_on_redis_the_commands_are_told_where_to_call_and_as_whom() {
        let redis = [
            "--redis",
            "redis://user@db:7000/2",
            "--master-key-file",
            "key",
        ];
        let with_file = [&redis[..], &["--bootstrap-file", "/b f"]].concat();
        let expected = "\
listening on http://127.0.0.1:1234
admin on http://127.0.0.1:5678
data on redis://db:7000/2, credentials in /b f
try, in another terminal:
  lanyard identity create --scope chat --scope voip --credential '/b f' --endpoint http://127.0.0.1:1234
  lanyard check TOKEN create-message --credential '/b f' --endpoint http://127.0.0.1:1234
  lanyard token revoke TOKEN --credential '/b f' --endpoint http://127.0.0.1:1234
";
        assert_eq!(said(&with_file), expected);
        let without = said(&redis);
        assert!(without.contains("data on redis://db:7000/2\n"), "{without}");
        assert!(
            without.contains("token revoke TOKEN --credential FILE --"),
            "{without}"
        );
    }

    #[test]
    fn where_clients_call_is_said_beside_where_it_listens_and_is_what_commands_are_told() {
        let redis = ["--redis", "redis://db", "--master-key-file", "key"];
        let public = ["--public-endpoint", "https://lanyard.example/"];
        let told = said(&[&redis[..], &public].concat());
        let listens = "listening on http://127.0.0.1:1234\nclients call https://lanyard.example\n";
        assert!(told.starts_with(listens), "{told}");
        assert!(
            told.contains(" --endpoint https://lanyard.example\n"),
            "{told}"
        );
        assert!(!said(&redis).contains("clients call"));
    }

    #[test]
    fn that_something_may_be_lost_is_said_where_it_may() {
        let redis = ["--redis", "redis://db", "--master-key-file", "key"];
        let relaxed = [&redis[..], &["--redis-durability", "relaxed"]].concat();
        let told = "what was acknowledged may be lost when Redis crashes\n";
        assert!(said(&relaxed).contains(told));
        assert!(!said(&redis).contains(told));
        assert!(!said(&[]).contains(told));
    }
}
