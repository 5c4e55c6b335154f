//! The minimum over the last few values, in constant time a value.

use std::collections::VecDeque;

/// Sliding minimum: only values that may still become the minimum are kept, in ascending order.
#[derive(Debug, Clone)]
pub(super) struct WindowMin {
    length: u64,
    pushed: u64,
    ascending: VecDeque<(u64, f64)>,
}

impl WindowMin {
    /// Over the last `length` values.
    pub(super) fn new(length: usize) -> Self {
        Self { length: length as u64, pushed: 0, ascending: VecDeque::with_capacity(length) }
    }

    /// Takes a value in and gives the minimum of the last `length` ones, this one included.
    pub(super) fn push(&mut self, value: f64) -> f64 {
        while self.ascending.back().is_some_and(|(_, kept)| *kept >= value) {
            self.ascending.pop_back();
        }
        if self.ascending.front().is_some_and(|(index, _)| index + self.length <= self.pushed) {
            self.ascending.pop_front();
        }
        self.ascending.push_back((self.pushed, value));
        self.pushed += 1;
        self.ascending.front().map_or(value, |(_, smallest)| *smallest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_minimum_of_the_last_values(values in prop::collection::vec(0.0..100.0f64, 1..300)) {
            let mut window = WindowMin::new(60);
            for (index, value) in values.iter().enumerate() {
                let recent = &values[index.saturating_sub(59)..=index];
                let expected = recent.iter().copied().fold(f64::INFINITY, f64::min);
                prop_assert_eq!(window.push(*value), expected);
            }
        }
    }
}
