//! A growable bit set, one bit per cache entry: which entries were seen, and which count for staleness.

/// Bits indexed by entry; reading beyond the end gives `false`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    #[inline]
    pub(crate) fn get(&self, i: u32) -> bool {
        self.0
            .get(i as usize / 64)
            .is_some_and(|w| w >> (i % 64) & 1 == 1)
    }

    /// Sets a bit and says whether it was set before.
    #[inline]
    pub(crate) fn set(&mut self, i: u32) -> bool {
        let (word, mask) = (i as usize / 64, 1u64 << (i % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let was = self.0[word] & mask != 0;
        self.0[word] |= mask;
        was
    }

    #[inline]
    pub(crate) fn unset(&mut self, i: u32) {
        if let Some(w) = self.0.get_mut(i as usize / 64) {
            *w &= !(1u64 << (i % 64));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Calls `f` for each bit set here and not in `other`, ascending.
    pub(crate) fn for_each_minus(&self, other: &Self, mut f: impl FnMut(u32)) {
        for (i, w) in self.0.iter().enumerate() {
            let mut left = w & !other.0.get(i).copied().unwrap_or(0);
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                f(u32::try_from(i * 64).expect("entries are u32") + bit);
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_get_minus() {
        let (mut a, mut b) = (Bits::default(), Bits::default());
        for i in [0, 63, 64, 200] {
            assert!(!a.set(i));
            assert!(a.set(i));
        }
        b.set(63);
        let mut left = Vec::new();
        a.for_each_minus(&b, |i| left.push(i));
        assert_eq!(left, [0, 64, 200]);
        a.unset(0);
        a.unset(9999);
        assert!(!a.get(0) && !a.get(100_000) && a.get(64));
    }
}
