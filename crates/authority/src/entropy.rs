//! Chance, behind a seam: ids and secrets are made from it, and tests choose it.

use aws_lc_rs::rand;

/// The system gives no randomness. Nothing is made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct EntropyError;

/// Where ids and secrets come from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the bytes with randomness that nobody can foresee.
    ///
    /// # Errors
    /// If there is none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        rand::fill(bytes).map_err(|_| EntropyError)
    }
}
