//! Listings: all pages of them, printed as they come.

use clap::Args;

use super::error::ClientError;
use super::output::{self, Form, Output};
use super::render::Record;
use super::table::Table;

/// What a listing is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    /// The name in the answer, such as `identities`.
    pub(super) name: &'static str,
    /// What people see of each.
    pub(super) columns: &'static [&'static str],
}

/// How much to list.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct PageArgs {
    /// How many to ask for at a time, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) page_size: i32,
    /// Stop after this many
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
}

/// One page: what is on it, and the token of the next one, empty on the last.
pub(super) struct Page {
    /// What is on it.
    pub(super) records: Vec<Record>,
    /// What to ask for next.
    pub(super) next: String,
}

impl Listing {
    /// Walks the pages and prints each as it comes. `fetch` is given the token of the page.
    ///
    /// With `--json` all pages make one object. Where one fails after others were printed, the
    /// object stays open, so that no parser takes half of a listing for the whole.
    pub(super) async fn print(
        self,
        output: &Output,
        limit: Option<usize>,
        mut fetch: impl AsyncFnMut(String) -> Result<Page, ClientError>,
    ) -> Result<(), ClientError> {
        let mut printer = Printer::new(self);
        let mut left = limit.unwrap_or(usize::MAX);
        let mut token = String::new();
        loop {
            let Page { mut records, next } = fetch(token).await?;
            records.truncate(left);
            left = left.saturating_sub(records.len());
            let last = next.is_empty() || left == 0;
            for record in &records {
                output.ensure_declared(record);
            }
            output::write(&match &output.form {
                Form::People => printer.people(&records, last),
                Form::Json => printer.json(&records, last)?,
                Form::Field(path) => lines(&records, path),
            })?;
            if last {
                return Ok(());
            }
            token = next;
        }
    }
}

/// Makes the text of one page after the other.
struct Printer {
    listing: Listing,
    table: Table,
    opened: bool,
    printed: usize,
}

impl Printer {
    fn new(listing: Listing) -> Self {
        Self {
            listing,
            table: Table::new(listing.columns),
            opened: false,
            printed: 0,
        }
    }

    fn people(&mut self, records: &[Record], last: bool) -> String {
        let text = match (self.printed, records) {
            (0, []) if last => format!("no {}\n", self.listing.name.replace('_', " ")),
            (_, []) => String::new(),
            (0, records) => self.table.whole(records) + "\n",
            (_, records) => self.table.rows(records) + "\n",
        };
        self.printed = self.printed.saturating_add(records.len());
        text
    }

    fn json(&mut self, records: &[Record], last: bool) -> Result<String, ClientError> {
        let mut text = String::new();
        if !self.opened {
            self.opened = true;
            text = format!("{{\"{}\":[", self.listing.name);
        }
        for record in records {
            if self.printed > 0 {
                text.push(',');
            }
            text.push_str(&output::json(record)?);
            self.printed = self.printed.saturating_add(1);
        }
        if last {
            text.push_str("]}\n");
        }
        Ok(text)
    }
}

/// One field of each record, a line each.
fn lines(records: &[Record], path: &str) -> String {
    let lines = records.iter();
    let lines = lines.map(|record| output::field_line(record, path).to_string());
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pages_are_one_table() {
        let mut printer = Printer::new(LISTING);

        assert_eq!(printer.people(&[record("a")], false), "ID\na\n");
        assert_eq!(printer.people(&[], false), "");
        assert_eq!(printer.people(&[record("b")], true), "b\n");
        assert_eq!(Printer::new(LISTING).people(&[], true), "no service keys\n");
    }

    #[test]
    fn all_pages_are_one_object() {
        let mut printer = Printer::new(LISTING);
        let mut text = String::new();
        for (ids, last) in [
            (&[][..], false),
            (&["a", "b"], false),
            (&["c"], false),
            (&[], true),
        ] {
            let records: Vec<_> = ids.iter().copied().map(record).collect();
            text.push_str(&printer.json(&records, last).expect("JSON"));
        }

        assert_eq!(
            text,
            "{\"service_keys\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]}\n"
        );
        let empty = Printer::new(LISTING).json(&[], true).expect("JSON");
        assert_eq!(empty, "{\"service_keys\":[]}\n");
    }

    fn record(id: &str) -> Record {
        Record::new().text("id", id)
    }

    const LISTING: Listing = Listing {
        name: "service_keys",
        columns: &["id"],
    };
}
