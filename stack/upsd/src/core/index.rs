//! Finding a name among many: one hash and one comparison, without regard to ASCII case.

/// Places by name. Built anew when the names change; it never changes what is found, only how fast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// A power of two of slots, each 0 or a place and 1; at least half of them are free.
    slots: Vec<u32>,
}

impl Index {
    /// Indexes `names`, which must differ by more than case.
    pub(super) fn build<'a>(&mut self, names: impl ExactSizeIterator<Item = &'a str>) {
        self.slots.clear();
        self.slots.resize((names.len() * 2).next_power_of_two(), 0);
        for (place, name) in (1..).zip(names) {
            let mut at = self.start(name.as_bytes());
            while self.slots.get(at).is_some_and(|slot| *slot != 0) {
                at = self.after(at);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = place;
            }
        }
    }

    /// The place of the name that `is` says yes to.
    pub(super) fn find(&self, name: &[u8], is: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = self.start(name);
        loop {
            // A free slot ends the search, and there always is one.
            let place = (*self.slots.get(at)? as usize).checked_sub(1)?;
            if is(place) {
                return Some(place);
            }
            at = self.after(at);
        }
    }

    fn start(&self, name: &[u8]) -> usize {
        // The upper half: a product's lower bits depend on the lower bits of its factors only.
        (hash(name) >> 32) as usize & self.mask()
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.mask()
    }

    fn mask(&self) -> usize {
        self.slots.len().saturating_sub(1)
    }
}

/// Whether two names are one.
pub(super) fn same_name(a: &[u8], b: &[u8]) -> bool {
    a == b || a.eq_ignore_ascii_case(b)
}

/// The same for names that differ in case only. Names come from ups.conf and from drivers, so nobody has a use for
/// collisions.
fn hash(name: &[u8]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    // This bit set, letters of either case are equal; that some other characters become equal does no harm.
    const FOLD: u64 = 0x2020_2020_2020_2020;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ (word | FOLD)).wrapping_mul(MIX);
    let mut hash = name.len() as u64;
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    match name.last_chunk::<8>() {
        Some(last) => mix(hash, u64::from_le_bytes(*last)),
        None => mix(hash, rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    fn find(names: &[String], name: &str) -> Option<usize> {
        let mut index = Index::default();
        index.build(names.iter().map(String::as_str));
        index.find(name.as_bytes(), |at| same_name(names[at].as_bytes(), name.as_bytes()))
    }

    quickcheck! {
        fn what_is_indexed_is_found_in_any_case(names: Vec<String>, other: String) -> bool {
            let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
            names.sort();
            names.dedup();
            let expected = names.iter().position(|name| name.eq_ignore_ascii_case(&other));
            (0..names.len()).all(|at| find(&names, &names[at].to_ascii_uppercase()) == Some(at))
                && find(&names, &other) == expected
        }
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(find(&[], ""), None);
        assert_eq!(Index::default().find(b"x", |_| true), None);
    }
}
