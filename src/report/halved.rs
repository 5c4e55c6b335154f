//! Series of points with fewer points, extremes kept.

use std::cmp::Ordering;

/// Of each four points, in order of time, those with the least and the greatest value stay.
pub(super) fn halve<T: Copy>(points: &mut Vec<(T, T)>, order: fn(&T, &T) -> Ordering) {
    let by_value = |a: &&(T, T), b: &&(T, T)| order(&a.1, &b.1);
    let kept = points.chunks(4).flat_map(|group| {
        let (least, greatest) = (group.iter().min_by(by_value), group.iter().max_by(by_value));
        let mut pair: Vec<_> = least.into_iter().chain(greatest).copied().collect();
        pair.sort_by(|a, b| order(&a.0, &b.0));
        pair
    });
    *points = kept.collect();
}
