//! How many frames something concerns, and where to look first.

use serde::Serialize;

/// How many, and the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// Wireshark's number of the first; 0 where there is none.
    pub first_frame: u64,
}

impl Count {
    /// One more.
    pub fn add(&mut self, frame: u64) {
        if self.count == 0 {
            self.first_frame = frame;
        }
        self.count += 1;
    }

    /// Both together.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let both = [self, other].into_iter().filter(|count| count.count > 0);
        let first_frame = both.map(|count| count.first_frame).min().unwrap_or(0);
        Self { count: self.count + other.count, first_frame }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_remembers_the_first_frame() {
        let mut count = Count::default();
        count.add(7);
        count.add(9);
        assert_eq!(count, Count { count: 2, first_frame: 7 });
        assert_eq!(count.join(Count::default()), count);
        assert_eq!(count.join(Count { count: 1, first_frame: 3 }), Count { count: 3, first_frame: 3 });
    }
}
