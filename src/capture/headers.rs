//! With what files and sections begin.

/// Magic numbers, of microseconds, nanoseconds and the modified form; version 2.4.
const MAGICS: [u32; 3] = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34];
const VERSION: [u16; 2] = [2, 4];
/// Behind the version; zero in all files that are.
const ZONE_AND_ACCURACY: usize = 8;

/// Whether here, where a record or a block would begin, stands the header of another file. As a record it would be one
/// of 2055 without any bytes, as a block one of an odd length: none is mistaken for it.
pub(super) fn is_file_header(start: &[u8]) -> bool {
    let Some((&[m0, m1, m2, m3, a0, a1, b0, b1], zeros)) = start.split_first_chunk() else { return false };
    let is = |word: fn([u8; 4]) -> u32, half: fn([u8; 2]) -> u16| {
        MAGICS.contains(&word([m0, m1, m2, m3])) && [half([a0, a1]), half([b0, b1])] == VERSION
    };
    let is_magic = is(u32::from_le_bytes, u16::from_le_bytes) || is(u32::from_be_bytes, u16::from_be_bytes);
    is_magic && zeros.len() >= 4 && zeros.iter().take(ZONE_AND_ACCURACY).all(|byte| *byte == 0)
}

pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
pub(super) const BLOCK_HEADER_LEN: usize = 8;

/// Whether a file's first bytes are a section header's.
pub(super) fn is_section_header(start: &[u8]) -> bool {
    start.starts_with(&SECTION_HEADER.to_le_bytes()) && section_is_big_endian(start).is_some()
}

/// `None` where none begins.
pub(super) fn section_is_big_endian(block: &[u8]) -> Option<bool> {
    let magic = *block.get(BLOCK_HEADER_LEN..)?.first_chunk()?;
    match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
        (BYTE_ORDER_MAGIC, _) => Some(false),
        (_, BYTE_ORDER_MAGIC) => Some(true),
        _ => None,
    }
}
