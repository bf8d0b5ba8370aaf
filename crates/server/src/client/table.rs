//! Records as a table, for people.

use super::render::{Record, width};

/// The columns of a table, as wide as the widest cell so far.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, usize)>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: &[&'static str]) -> Self {
        Self {
            columns: columns.iter().map(|name| (*name, width(name))).collect(),
        }
    }

    /// A heading, then a line for each record. Later records may follow by [`Table::rows`].
    pub(super) fn whole(&mut self, records: &[Record]) -> String {
        let rows = self.rows(records);
        let heading = self.line(|name| name.replace('_', " ").to_uppercase());
        if rows.is_empty() {
            heading
        } else {
            format!("{heading}\n{rows}")
        }
    }

    /// A line for each record.
    pub(super) fn rows(&mut self, records: &[Record]) -> String {
        for (name, widest) in &mut self.columns {
            let cells = records.iter().map(|record| width(&record.cell(name)));
            *widest = cells.max().unwrap_or_default().max(*widest);
        }
        let rows = records
            .iter()
            .map(|record| self.line(|name| record.cell(name)));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// A table with every column that any of the records has.
    pub(super) fn of(records: &[Record]) -> Self {
        let mut columns = Vec::new();
        for name in records.iter().flat_map(Record::names) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        Self::new(&columns)
    }

    fn line(&self, cell: impl Fn(&'static str) -> String) -> String {
        let cells = self
            .columns
            .iter()
            .map(|(name, widest)| format!("{:widest$}", cell(name)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_goes_on_keeps_its_columns() {
        let row = |id: &str| Record::new().text("id", id).text("name", "n");
        let mut table = Table::new(&["id", "name"]);

        assert_eq!(table.whole(&[row("long-id")]), "ID       NAME\nlong-id  n");
        assert_eq!(table.rows(&[row("id")]), "id       n");
    }
}
