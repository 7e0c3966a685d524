//! A run of 512 consecutive series ids: their last samples in one array, their labels in one buffer. No
//! series has an allocation of its own.
//!
//! A page starts dense (a slot per id). When most of its series have been collected, or a foreign log
//! brings scattered ids, it keeps only the live slots and finds them by a sorted list of offsets.

use scrape_core::Labels;
use scrape_core::labels::Iter;

/// Ids per page.
pub(crate) const PAGE_SERIES: u64 = 512;
/// Largest hole that is filled with unused slots rather than given up density for.
const MAX_HOLE: usize = 128;
/// `last_t` of a series without samples.
pub(crate) const NEVER: i64 = i64::MIN;

/// What the last sample of a series was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub(crate) enum Kind {
    #[default]
    None,
    Float,
    Int,
    FloatHist,
}

/// A series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Timestamp of the newest sample, or [`NEVER`].
    pub(crate) last_t: i64,
    /// Bits of the newest float, or a hash of the newest histogram; of a provisional series its claims.
    pub(crate) last_bits: u64,
    text: u32,
    /// Entry of the metadata table, 0 for none.
    pub(crate) meta: u32,
    /// Low bits of the labels' hash.
    pub(crate) hash: u32,
    pub(crate) kind: Kind,
    live: bool,
    /// A record with the labels is in the log.
    pub(crate) logged: bool,
    /// Used since the last collection.
    pub(crate) touched: bool,
}

/// Bits of [`Slot::last_bits`] that count claims; the others hold the newest claimant.
const CLAIM_BITS: u32 = 16;
const MAX_CLAIMS: u64 = (1 << CLAIM_BITS) - 1;

impl Slot {
    /// Whether only open transactions know the series: nothing of it is in the log.
    #[inline]
    pub(crate) fn is_provisional(&self) -> bool {
        self.last_t == NEVER && !self.logged
    }

    /// Notes that a transaction counts on a provisional series. True when it has to give the claim back,
    /// by [`Slot::unclaim`], if it does not commit.
    ///
    /// A provisional series has no last value, so the claims stand in its place.
    pub(crate) fn claim(&mut self, ticket: u64) -> bool {
        let n = self.last_bits & MAX_CLAIMS;
        let claimant = ticket & (u64::MAX >> CLAIM_BITS);
        // With too many claimants to count the series stays until it is collected.
        if !self.is_provisional()
            || n == MAX_CLAIMS
            || (n > 0 && self.last_bits >> CLAIM_BITS == claimant)
        {
            return false;
        }
        self.last_bits = claimant << CLAIM_BITS | (n + 1);
        true
    }

    /// Gives a claim back. True when the series is provisional and nobody counts on it any more.
    pub(crate) fn unclaim(&mut self) -> bool {
        let n = self.last_bits & MAX_CLAIMS;
        if !self.is_provisional() || n == 0 || n == MAX_CLAIMS {
            return false;
        }
        self.last_bits -= 1;
        n == 1
    }
}

const UNUSED: Slot = Slot {
    last_t: NEVER,
    last_bits: 0,
    text: 0,
    meta: 0,
    hash: 0,
    kind: Kind::None,
    live: false,
    logged: false,
    touched: false,
};

/// Series with neighbouring ids.
#[derive(Debug, Default)]
pub(crate) struct Page {
    slots: Vec<Slot>,
    /// Offsets of the slots, ascending; `None` while slot `i` has offset `i`.
    sparse: Option<Vec<u16>>,
    text: Vec<u8>,
    live: u32,
}

impl Page {
    /// The page and the offset inside it of an id.
    pub(crate) fn locate(id: u64) -> (u64, u16) {
        // The remainder is below 512.
        (id / PAGE_SERIES, (id % PAGE_SERIES) as u16)
    }

    #[inline]
    fn index(&self, off: u16) -> Option<usize> {
        match &self.sparse {
            None => Some(usize::from(off)),
            Some(offs) => offs.binary_search(&off).ok(),
        }
    }

    #[inline]
    pub(crate) fn slot(&self, off: u16) -> Option<&Slot> {
        self.slots.get(self.index(off)?).filter(|s| s.live)
    }

    #[inline]
    pub(crate) fn slot_mut(&mut self, off: u16) -> Option<&mut Slot> {
        let i = self.index(off)?;
        self.slots.get_mut(i).filter(|s| s.live)
    }

    pub(crate) fn live(&self) -> u32 {
        self.live
    }

    /// Offsets and slots of the live series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &Slot)> {
        let off = move |i: usize| self.sparse.as_ref().map_or(i as u16, |o| o[i]);
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, s)| s.live)
            .map(move |(i, s)| (off(i), s))
    }

    pub(crate) fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().filter(|s| s.live)
    }

    /// The labels of a series in their flat form.
    pub(crate) fn labels(&self, slot: &Slot) -> &[u8] {
        let at = slot.text as usize;
        let len = u32::from_le_bytes([
            self.text[at],
            self.text[at + 1],
            self.text[at + 2],
            self.text[at + 3],
        ]);
        &self.text[at + 4..at + 4 + len as usize]
    }

    /// The pairs of a series.
    pub(crate) fn pairs(&self, slot: &Slot) -> Iter<'_> {
        Iter::over(self.labels(slot))
    }

    /// Adds a series at a free offset. `None` when the labels of the page would exceed 4 GiB.
    pub(crate) fn insert(&mut self, off: u16, labels: &Labels, hash: u32) -> Option<&mut Slot> {
        let bytes = labels.as_bytes();
        let text = u32::try_from(self.text.len()).ok()?;
        let len = u32::try_from(bytes.len()).ok()?;
        u32::try_from(self.text.len() + 4 + bytes.len()).ok()?;
        let i = self.place(off);
        self.text.extend_from_slice(&len.to_le_bytes());
        self.text.extend_from_slice(bytes);
        self.live += 1;
        self.slots[i] = Slot {
            text,
            hash,
            live: true,
            ..UNUSED
        };
        if self.slots.len() == PAGE_SERIES as usize {
            // Full: the labels will not grow any more.
            self.text.shrink_to_fit();
        }
        Some(&mut self.slots[i])
    }

    /// Makes a slot for an offset.
    fn place(&mut self, off: u16) -> usize {
        let n = usize::from(off);
        if self.sparse.is_none() && n > self.slots.len() + MAX_HOLE {
            self.make_sparse();
        }
        match &mut self.sparse {
            None => {
                if self.slots.len() <= n {
                    self.slots.resize(n + 1, UNUSED);
                }
                n
            }
            Some(offs) => match offs.binary_search(&off) {
                Ok(i) => i,
                Err(i) => {
                    offs.insert(i, off);
                    self.slots.insert(i, UNUSED);
                    i
                }
            },
        }
    }

    fn make_sparse(&mut self) {
        // Offsets are below 512.
        let offs = self.iter().map(|(off, _)| off).collect::<Vec<u16>>();
        self.slots.retain(|s| s.live);
        self.slots.shrink_to_fit();
        self.sparse = Some(offs);
    }

    /// Forgets a series. [`Page::compact`] gives the memory back.
    pub(crate) fn remove(&mut self, off: u16) {
        if let Some(s) = self.slot_mut(off) {
            *s = UNUSED;
            self.live -= 1;
        }
    }

    /// Gives the memory of removed series back. A page that is still being filled stays dense.
    pub(crate) fn compact(&mut self, filling: bool) {
        let mostly_unused = (self.live as usize) * 2 < self.slots.len();
        if self.sparse.is_some() || (mostly_unused && !filling) {
            self.make_sparse();
        }
        let mut text = Vec::with_capacity(
            self.slots
                .iter()
                .filter(|s| s.live)
                .map(|s| self.labels(s).len() + 4)
                .sum(),
        );
        for i in 0..self.slots.len() {
            if self.slots[i].live {
                let at = text.len() as u32;
                let bytes = self.labels(&self.slots[i]);
                text.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                text.extend_from_slice(bytes);
                self.slots[i].text = at;
            }
        }
        self.text = text;
    }

    /// Bytes of heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.sparse.as_ref().map_or(0, |o| o.capacity() * 2)
            + self.text.capacity()
    }
}
