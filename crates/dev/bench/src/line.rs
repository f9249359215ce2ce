//! Whether a cost grows as a line does: a fixed part, and so much for each
//! octet, recipient or part.

/// A cost at a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Octets, recipients, parts.
    pub size: f64,
    /// What it took.
    pub cost: f64,
}

/// A growth below this share of the fixed cost is noise, and no line can be
/// drawn through it.
const VISIBLE: f64 = 0.25;

/// Each cost as a multiple of what a line through the first point and the one
/// before promised: 1 is linear, a square makes about as much as the step.
/// `None` where the growth so far drowns in the fixed cost.
pub fn growth(points: &[Point]) -> Vec<Option<f64>> {
    let of = |at: usize| {
        let (first, before, here) = (points.first()?, points.get(at.checked_sub(1)?)?, points.get(at)?);
        let grown = before.cost - first.cost;
        if at < 2 || grown < VISIBLE * first.cost {
            return None;
        }
        let promised = first.cost + grown * (here.size - first.size) / (before.size - first.size);
        Some(here.cost / promised)
    };
    (0..points.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Point, growth};

    fn costs(cost: fn(f64) -> f64) -> Vec<Option<f64>> {
        let points: Vec<Point> = [1.0, 10.0, 100.0, 1000.0].map(|size| Point { size, cost: cost(size) }).into();
        growth(&points).into_iter().map(|ratio| ratio.map(|ratio| (ratio * 10.0).round() / 10.0)).collect()
    }

    #[test]
    fn a_line_is_one_and_a_square_is_the_step() {
        assert_eq!(costs(|size| 1.0 + size), [None, None, Some(1.0), Some(1.0)]);
        assert_eq!(costs(|size| size * size), [None, None, Some(9.2), Some(9.9)]);
        // Nothing can be said of what hardly grows.
        assert_eq!(costs(|size| 1000.0 + size), [None, None, None, None]);
    }
}
