//! The view of a point that may not know yet how large the store is that it is of.

use std::sync::{Arc, OnceLock};

use lanyard_revocation::View;

/// What a point knows. Nothing at all, until the feed has told how many partitions the store has.
///
/// All copies are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<OnceLock<Arc<View>>>);

impl Known {
    /// A point that has heard nothing, and so accepts nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The view, if there is one yet.
    #[must_use]
    pub fn view(&self) -> Option<&Arc<View>> {
        self.0.get()
    }

    /// The view, made now if there is none.
    pub(crate) fn view_or(&self, make: impl FnOnce() -> View) -> &Arc<View> {
        self.0.get_or_init(|| Arc::new(make()))
    }
}

impl From<Arc<View>> for Known {
    fn from(view: Arc<View>) -> Self {
        Self(Arc::new(OnceLock::from(view)))
    }
}
