//! The file that a plot goes to.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lanyard_load::{Step, plot};

use super::BenchError;

/// A file that can be written: it is made before anything is measured, not found out about after.
#[derive(Debug)]
pub(super) struct Plot {
    path: PathBuf,
    file: File,
}

impl Plot {
    /// Makes the file, or empties it.
    pub(super) fn create(path: &Path) -> Result<Self, BenchError> {
        let file = File::create(path).map_err(|source| refused(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Draws loads, and says where.
    pub(super) fn draw(mut self, title: &str, loads: &[Step]) -> Result<String, BenchError> {
        let drawn = plot(title, loads);
        let written = self.file.write_all(drawn.as_bytes());
        written.map_err(|source| refused(&self.path, source))?;
        Ok(format!(
            "Latency against load is drawn in {}.",
            self.path.display()
        ))
    }
}

fn refused(path: &Path, source: io::Error) -> BenchError {
    BenchError::Plot {
        file: path.display().to_string(),
        source,
    }
}
