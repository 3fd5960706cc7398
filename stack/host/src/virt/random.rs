//! Seeded bytes, apart for each process, so that one more node in a world shifts nobody else's.

/// splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub(super) struct SplitMix(u64);

impl SplitMix {
    /// A generator for one process of a world.
    pub(super) fn new(seed: u64, machine: &str, process: &str, incarnation: u32) -> Self {
        // FNV-1a over the names; a zero byte keeps "a", "bc" apart from "ab", "c".
        let names = machine.bytes().chain([0]).chain(process.bytes()).chain([0]);
        let hash = names.chain(incarnation.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut mixed = Self(seed ^ hash);
        Self(mixed.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}
