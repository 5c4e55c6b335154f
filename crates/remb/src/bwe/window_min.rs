//! The minimum over the last few values.

/// Sliding minimum: looked for anew only when the least value leaves.
#[derive(Debug, Clone)]
pub(super) struct WindowMin {
    /// A ring, once it is full.
    values: Vec<f64>,
    length: usize,
    next: usize,
    least: f64,
    /// Values since the least.
    age: usize,
}

impl WindowMin {
    /// Over the last `length` values.
    pub(super) fn new(length: usize) -> Self {
        let length = length.max(1);
        Self { values: Vec::with_capacity(length), length, next: 0, least: f64::INFINITY, age: 0 }
    }

    /// Takes a value in and gives the minimum of the last `length` ones, this one included.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> f64 {
        match self.values.get_mut(self.next) {
            Some(oldest) => *oldest = value,
            None => self.values.push(value),
        }
        self.next = if self.next + 1 == self.length { 0 } else { self.next + 1 };
        self.age += 1;
        if value <= self.least {
            (self.least, self.age) = (value, 0);
        } else if self.age == self.length {
            self.look_anew();
        }
        self.least
    }

    /// The latest of the least values.
    #[cold]
    fn look_anew(&mut self) {
        let (newer, older) = self.values.split_at(self.next);
        self.least = f64::INFINITY;
        for (age, value) in newer.iter().rev().chain(older.iter().rev()).enumerate() {
            if *value < self.least {
                (self.least, self.age) = (*value, age);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_minimum_of_the_last_values(values in prop::collection::vec(0.0..100.0f64, 1..300), steps: bool) {
            let mut window = WindowMin::new(60);
            let values: Vec<_> =
                values.iter().map(|value| if steps { (value / 30.0).floor() } else { *value }).collect();
            for (index, value) in values.iter().enumerate() {
                let recent = &values[index.saturating_sub(59)..=index];
                let expected = recent.iter().copied().fold(f64::INFINITY, f64::min);
                prop_assert_eq!(window.push(*value), expected);
            }
        }
    }
}
