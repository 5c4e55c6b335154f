//! Blocks of pcapng as some writers make them.

use super::*;

/// As Wireshark reads them.
#[test]
fn blocks_whose_writer_did_not_count_their_padding_are_read() {
    let order = Order(false);
    for uncounted in 0..4_usize {
        let mut block = order.packet(0, 1, &[7; 8][uncounted..]);
        let (whole, declared) = (block.len(), order.u32((44 - uncounted - 4) as u32));
        block[4..8].copy_from_slice(&declared);
        block[whole - 4..].copy_from_slice(&declared);
        let file = [order.section(), order.interface(1, &[]), block, order.packet(0, 2, b"next")].concat();
        let (frames, error, _) = read(file);
        assert_eq!((frames.len(), error.map(|error| error.to_string())), (2, None), "{uncounted}");
        assert_eq!((&frames[0].3[..], &frames[1].3[..]), (&[7; 8][uncounted..], &b"next"[..]));
    }
}
