//! Receives a browser's video by webrtc-rs, and says by REMB how much the link can carry. See README.md.

mod capture;
mod output;
mod peer;
mod signalling;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;

use crate::capture::Capture;
use crate::output::Output;
use crate::peer::Receiver;

/// Receives a browser's video and steers it by REMB.
///
/// Open the page that it serves, or give it offers as JSON lines on standard input: {"offer": "v=0..."} is answered by
/// {"answer": "v=0..."}.
#[derive(Parser)]
struct Arguments {
    /// Where the page and the signalling are served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// The address that media is received on; another machine needs one that it can reach.
    #[arg(long, default_value = "127.0.0.1")]
    media: IpAddr,
    /// Writes all that is received and sent, decrypted, as a pcap of raw IP, and the answer as FILE.sdp.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Sends no REMB, to see what the sender does without.
    #[arg(long)]
    no_remb: bool,
    /// One JSON object a line: REMBs, and what the page measures.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let capture = arguments.capture.as_deref().map(Capture::create).transpose()?;
    let output = Output { json: arguments.json };
    let receiver = Arc::new(Receiver {
        media: arguments.media,
        sends_rembs: !arguments.no_remb,
        capture,
        output,
        started: Default::default(),
        connections: Default::default(),
    });
    signalling::serve_standard_input(receiver.clone(), output);
    signalling::serve_http(arguments.http, receiver, output).await
}
