//! What is made of many figures, and of two.

/// The one in the middle, or the mean of the two there. Nothing of nothing.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = figures.get(middle).copied()?;
    if figures.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = middle.checked_sub(1).and_then(|lower| figures.get(lower));
    lower.map(|lower| f64::midpoint(*lower, upper))
}

/// How many times the one is the other. None of nothing is none.
#[must_use]
pub fn quotient(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { real(part) / real(of) }
}

/// The same number, as one that can be divided.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing here is counted so far that it matters"
)]
pub(crate) const fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_however_far_out_the_others_are() {
        assert_eq!(median([3.0, 1.0, 1e9]), Some(3.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([7.0]), Some(7.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn a_quotient_of_nothing_is_nothing() {
        assert!((quotient(3, 4) - 0.75).abs() < 1e-9);
        assert!(quotient(3, 0).abs() < 1e-9);
    }
}
