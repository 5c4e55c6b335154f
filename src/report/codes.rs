//! The codes of warnings and notes, and what each means to a reader. `--strict` ends with 5 on a warning, never on a note.

/// Every code with its line in the manual.
pub const CODES: &[(&str, &str)] = &[
    (
        "N-AGGREGATED",
        "Offload put several RTP packets of equal length into one frame. Each is read; all of them have the frame's time.",
    ),
    ("N-CLOCK-GRAIN", "All times of the capture are whole milliseconds. Nothing is concluded from less."),
    (
        "N-CONCATENATED",
        "Behind the first capture stands another one, as where rotated files were put together by cat, or another section of a pcapng. All are read; frames are numbered through all of them.",
    ),
    (
        "N-EVENT-LOG",
        "A WebRTC event log was read beside the capture (--event-log). Their clocks were brought together by the RTP packets that both have; the message says how many, how far the log is ahead, and within what.",
    ),
    (
        "N-INFERRED-ID",
        "The id of a header extension was not told by a flag or an SDP but found by how its element behaves.",
    ),
    (
        "N-LOG-ZEROED",
        "A text log of an old Firefox has the payload of RTP packets as zeros. Header, extensions and length are right, which is all that counts.",
    ),
    (
        "N-PADDING",
        "The P bit is set and the padding count is zero or more than there is. In SRTP the count is ciphertext. The packet \
         counts whole, as padding does anyway.",
    ),
    (
        "N-PRIVATE-EXTENSION",
        "The header extension block has a profile that RFC 8285 does not know. Its elements are not read; the packet counts.",
    ),
    (
        "N-READ-TWICE",
        "What a header extension or a stream is was found out too late. The capture is a file, and was read again, told so from the start; the outputs are those of the second reading.",
    ),
    (
        "N-SESSIONS",
        "The event log has several sessions: its writing was stopped and begun again, or logs were put together. One is read, the first with media or that of --session.",
    ),
    (
        "W-CAPTURE-TIME",
        "abs-capture-time serves as send time, which libwebrtc never does: delays of encoder, pacer and retransmission look like delays of the network.",
    ),
    (
        "W-CLOCK-DRIFT",
        "The capture's clock drifts against the sender's by more than 500 ppm, more than crystals do. It looks like a queue that grows or drains.",
    ),
    (
        "W-CLOCK-RATE",
        "abs-send-time and capture time run at rates more than 1 % apart: the capture was replayed at another speed, or its times were rewritten.",
    ),
    (
        "W-CLOCK-STEP",
        "Capture times step against the send times and stay there: the capture's or the sender's clock was set in mid-call. To the estimator it is a queue that fills or drains at once.",
    ),
    (
        "W-COARSE-CLOCK",
        "All times of the capture are multiples of a grain above 1 ms, as an old capture driver or a log has them. Nothing is concluded from less than the grain: not at which end the capture was taken, nor that clocks drift. Above 5 ms a flow is not fit for estimation.",
    ),
    (
        "W-CRYPTEX",
        "The header extensions are encrypted (Cryptex, RFC 9335), and with them the send times. RTP timestamps serve.",
    ),
    (
        "W-DUPLICATES",
        "Packets are in the capture more than once: the same SSRC, sequence number, RTP timestamp, length and header extensions within 5 s, as a mirror port, a bridge, all interfaces or the captures of both ends in one show them. A retransmission is stamped anew and is none. --copies says which copy counts: by default the first. Where their spacing varies by more than 5 ms they are of two places in the network, and it is the last of each that arrived.",
    ),
    (
        "W-FRAGMENTS",
        "Not all fragments of some datagrams are there. These datagrams are lost to the estimate.",
    ),
    (
        "W-INCOMPLETE",
        "The capture is cut off or damaged. What was read before that is in the outputs; the exit code is 5.",
    ),
    (
        "W-LATE-AUDIO",
        "A stream showed itself to be audio only after some of its packets had been fed. --sdp or --exclude-ssrc leaves it out from its start.",
    ),
    (
        "W-LEARNED-LATE",
        "What a header extension or a stream is was found out only after packets had been fed otherwise. The flag that is named tells it from the start.",
    ),
    ("W-LIMIT-ESTIMATED", "More than 256 flows count; the ones that came first are estimated."),
    ("W-LIMIT-EVENTS", "More than 4,096 events of a flow; the ones that were found first are told."),
    ("W-LIMIT-FIGURES", "More than 16 flows are estimated; the ones that came first are drawn."),
    ("W-LIMIT-FLOWS", "More flows than --max-flows; further ones are not counted."),
    (
        "W-LIMIT-HELD",
        "Packets that wait to be understood take more than 8 MiB in all flows together. The flows that waited longest decided early.",
    ),
    (
        "W-LIMIT-INTERFACES",
        "More than 1,024 interfaces in a section of a pcapng file. Packets of further ones are not read.",
    ),
    (
        "W-LIMIT-RECORDED",
        "REMBs that were recorded before it was known what flow they steer take more than 4 MiB in all flows together. The oldest are missing where recorded REMBs are drawn or compared.",
    ),
    ("W-LIMIT-SSRCS", "More streams than --max-ssrcs; further ones are not counted."),
    ("W-LIMIT-TCP", "More than 1,024 directed TCP streams with RTP framing; further ones are not read."),
    (
        "W-LOG-GAPS",
        "Text logs of today's Chrome have hours and minutes as 00. After a silence of more than 30 s it is not known how many minutes it was: the shortest is taken. Chrome's own log prefix, if it is left in, tells.",
    ),
    (
        "W-LOG-SIZES",
        "Many packets of a text log have the same greatest length, as where Janus was told to truncate them. Their original length is not in the log, and the bit rate is taken too low.",
    ),
    (
        "W-NO-ESTIMATE",
        "The capture ended before there was an estimate: 5 s of throughput, a packet train or an over-use is needed.",
    ),
    (
        "W-NO-SEND-TIME",
        "Packets of streams that count have no send time, and the estimator in use makes nothing of them.",
    ),
    (
        "W-OFFLOAD",
        "RTP packets are larger than an Ethernet frame. Either the link has larger frames, or offload put several packets into one and the snaplen hides where the next begin; of these only what shows is read, and the sizes are wrong. Capture with offload switched off (ethtool -K … gro off gso off tso off), or without a snaplen.",
    ),
    (
        "W-PATH-CHANGE",
        "An SSRC is on several flows. One after the other: the path changed in mid-call, and --merge-flows makes them one session. With the same packets at the same time: both sides of a relay or of an address translation, or an echo; each flow is taken for itself, and --flow picks one.",
    ),
    (
        "W-PCAP-TIME",
        "REMBs have times before 1970 or after 2106, which a pcap cannot hold. They are in remb.csv and not in remb.pcap or the merged capture; nor are frames of before 1970 in the latter.",
    ),
    (
        "W-REMB-SSRCS",
        "REMBs concern more streams than the 255 that a message can list. They are sent without a list, as libwebrtc does it.",
    ),
    (
        "W-REMB-UNUSABLE",
        "REMBs are in the capture and not used: their number of SSRCs does not fit their length, their rate is above 2^63 bit/s, the snaplen cut it off, they are in or behind what is no RTCP, they go with the media that they are about, or no flow between their hosts has a stream that they list.",
    ),
    (
        "W-RTT-DEFAULT",
        "No round trip time was given or could be read; 200 ms was taken, as libwebrtc does before it knows one. Where the real one is shorter, the estimate rises too slowly near the link's capacity and falls too seldom.",
    ),
    (
        "W-SDP-DISAGREES",
        "The SDP or a flag names the id of a header extension that no packet has, or whose values cannot be what it says. What was said is followed, as the receiver did; where another element behaves like it, that is named. An SFU that forwards the publisher's ids does this.",
    ),
    (
        "W-SENDER-CLOCKS",
        "The abs-send-times of two streams of a flow are more than 1 s apart, or run apart: they are of more than one sender's clock, as behind an SFU that forwards the element. The estimator takes them as of one, and sees delays that are none.",
    ),
    (
        "W-SENDER-SIDE",
        "The capture was taken where the flow was sent. Its times are not those of arrival: queues on the way do not show.",
    ),
    (
        "W-SQUASHED",
        "Capture times advance by less than a tenth of what RTP timestamps do: the file's times were rewritten. No estimate can be made from it.",
    ),
    (
        "W-TCP-GAPS",
        "Bytes are missing in TCP streams that carry RTP. The messages in them are lost to the estimate.",
    ),
    (
        "W-TIME-STEPS-BACK",
        "A frame has an earlier time than the one before it: a clock that was set, or several interfaces. The packet keeps its time; the estimator's clock stands still.",
    ),
    (
        "W-TRANSPORT-CC",
        "Packets have transport-wide sequence numbers, by which the sender estimates. libwebrtc does not count them for REMB; --ignore-transport-cc does.",
    ),
    (
        "W-TRUNCATED",
        "The snaplen cut RTP headers before their send time. Capture at least 128 bytes a frame, for RTCP with many blocks 256.",
    ),
    (
        "W-UDP-LENGTH",
        "UDP headers state more bytes than their IP packets hold: a broken generator or offload. The length of the IP packet counts. A receiver's kernel drops such packets.",
    ),
    (
        "W-UNCERTAIN",
        "What a header extension or a stream is could not be told from the packets; the most plausible reading was taken, or none. --sdp tells it.",
    ),
    ("W-UNMATCHED", "A flow, stream or header extension that a flag names is not in the capture."),
    (
        "W-UNREAD-ENCAPSULATION",
        "Frames have a link type or an encapsulation that is not read: it is named, a link type with its number. Whatever RTP is in them is missing.",
    ),
];

/// The page of the manual that lists them.
pub fn page() -> String {
    let row = |(code, meaning): &(&str, &str)| format!("| `{code}` | {meaning} |\n");
    let rows: String = CODES.iter().map(row).collect();
    format!(
        "# Warnings and notes\n\n\
         Each names how many frames or packets it concerns and the first of them, by Wireshark's number. `--strict` ends\n\
         with exit code 5 on any warning (`W-`), never on a note (`N-`); a limit (`W-LIMIT-`) does so without it. Notes are\n\
         shown by `inspect`, with `-v`, and in `summary.json`.\n\n\
         | code | meaning |\n|---|---|\n{rows}"
    )
}
