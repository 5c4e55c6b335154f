//! Damaged texts.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Mutation {
    Insert(prop::sample::Index, String),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize, prop::sample::Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let odd =
        "[\r\n\0=:/ *,;{}\"0-9amü\u{feff}\u{202e}😀]{1,3}|\r\nm=|a=extmap:|a=ssrc-group:FID |99999999999";
    let place = any::<prop::sample::Index>;
    let one = prop_oneof![
        4 => (place(), odd).prop_map(|(at, text)| Mutation::Insert(at, text)),
        1 => place().prop_map(Mutation::Cut),
        4 => (place(), 1_usize..40).prop_map(|(at, len)| Mutation::Remove(at, len)),
        2 => (place(), 1_usize..200, place()).prop_map(|(at, len, to)| Mutation::Repeat(at, len, to)),
    ];
    prop::collection::vec(one, 0..8)
}

fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let len = chars.len();
        let span = |at: &prop::sample::Index, span: usize| {
            let start = at.index(len + 1);
            start..(start + span).min(len)
        };
        match mutation {
            Mutation::Insert(at, text) => drop(chars.splice(span(at, 0), text.chars())),
            Mutation::Cut(at) => chars.truncate(at.index(len + 1)),
            Mutation::Remove(at, run) => drop(chars.drain(span(at, *run))),
            Mutation::Repeat(at, run, to) => {
                let copy = chars[span(at, *run)].to_vec();
                drop(chars.splice(span(to, 0), copy));
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn mutated_texts_are_read_or_refused(
        (_, text) in prop::sample::select(&CAPTURED[..]),
        as_json in any::<bool>(),
        mutations in mutations(),
    ) {
        let json = serde_json::json!({ "type": "offer", "sdp": text }).to_string();
        match SessionDescription::parse(&mutated(if as_json { &json } else { text }, &mutations)) {
            Ok(sdp) => {
                for extension in HeaderExtension::ALL {
                    prop_assert_ne!(sdp.extension_id(extension), Ok(Some(0)));
                }
                for number in 0..=255 {
                    let payload_type = PayloadType(number);
                    if let Some(payload) = sdp.payload(payload_type) {
                        prop_assert!(number < 128 && payload.clock_hz > 0);
                    }
                    sdp.media_of(Ssrc(0), payload_type);
                }
                prop_assert!(sdp.rtx_ssrcs().iter().all(|pair| pair.media != pair.rtx));
            }
            Err(error) => prop_assert!(error.to_string().len() < 2000),
        }
    }
}
