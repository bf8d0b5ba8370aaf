//! The count of one call by its status, also when its client disconnects before the response.

use axum::http::StatusCode;

use crate::serve::Metrics;

/// Counts a call once: by its status, or as given up when it is dropped without one.
#[derive(Debug)]
pub(super) struct CallCount<'a> {
    metrics: &'a Metrics,
    label: &'static str,
    status: u16,
}

impl<'a> CallCount<'a> {
    pub(super) const fn new(metrics: &'a Metrics, label: &'static str) -> Self {
        let status = CLIENT_CLOSED_REQUEST;
        Self {
            metrics,
            label,
            status,
        }
    }

    /// Counts the call by its status.
    pub(super) fn finish(mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for CallCount<'_> {
    fn drop(&mut self) {
        self.metrics.count_call(self.label, self.status.into());
    }
}

/// No registered status, but the one that proxies log for it.
const CLIENT_CLOSED_REQUEST: u16 = 499;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_by_its_status_and_a_dropped_one_as_499() {
        let metrics = Metrics::new(Vec::new());
        CallCount::new(&metrics, "finished").finish(StatusCode::CREATED);
        drop(CallCount::new(&metrics, "dropped"));
        let text = metrics.to_text().unwrap();
        for sample in [
            r#"lanyard_calls_total{path="finished",code="201"} 1"#,
            r#"lanyard_calls_total{path="dropped",code="499"} 1"#,
        ] {
            assert!(text.contains(sample), "{text}");
        }
    }
}
