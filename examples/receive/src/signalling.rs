//! How offers come: by the page, over HTTP, or as JSON lines on standard input.

use std::io::{BufRead, Read};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};
use tokio::runtime::Handle;

use crate::output::Output;
use crate::peer::Receiver;

const PAGE: &str = include_str!("page.html");
const MAX_BODY: u64 = 1 << 20;

/// Serves the page until the program is ended.
pub async fn serve_http(address: SocketAddr, receiver: Arc<Receiver>, output: Output) -> anyhow::Result<()> {
    let server = Server::http(address).map_err(|error| anyhow!("{address}: {error}"))?;
    output.event(&format!("open http://{address}/"));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        for mut request in server.incoming_requests() {
            let response = respond(&mut request, &receiver, output, &runtime).unwrap_or_else(|error| {
                output.event(&format!("{} {}: {error:#}", request.method(), request.url()));
                Response::from_string(format!("{error:#}")).with_status_code(400)
            });
            // The browser went away.
            let _ = request.respond(response);
        }
    })
    .await?;
    Ok(())
}

/// `GET /` is the page, `POST /offer` answers an offer, `POST /stats` takes what the page measures.
fn respond(
    request: &mut Request,
    receiver: &Receiver,
    output: Output,
    runtime: &Handle,
) -> anyhow::Result<Response<std::io::Cursor<Vec<u8>>>> {
    let path = request.url().split('?').next().unwrap_or_default().to_owned();
    let mut body = String::new();
    request.as_reader().take(MAX_BODY).read_to_string(&mut body)?;
    match (request.method(), path.as_str()) {
        (Method::Get, "/") => {
            let html = Header::from_bytes("Content-Type", "text/html; charset=utf-8");
            Ok(Response::from_string(PAGE).with_header(html.map_err(|()| anyhow!("no header"))?))
        }
        (Method::Post, "/offer") => Ok(Response::from_string(runtime.block_on(receiver.answer(body))?)),
        (Method::Post, "/stats") => {
            output.script(&json!({ "peer": serde_json::from_str::<Value>(&body)? }));
            Ok(Response::from_string(""))
        }
        _ => Ok(Response::from_string("nothing here").with_status_code(404)),
    }
}

/// Answers the offers on standard input, a JSON object a line.
pub fn serve_standard_input(receiver: Arc<Receiver>, output: Output) {
    let runtime = Handle::current();
    std::thread::spawn(move || {
        for line in
            std::io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty())
        {
            let offer = serde_json::from_str::<Value>(&line).context("no JSON").and_then(|value| {
                value["offer"].as_str().map(str::to_owned).context("no \"offer\" in the line")
            });
            match offer.and_then(|offer| runtime.block_on(receiver.answer(offer))) {
                Ok(answer) => output.line(&json!({ "answer": answer })),
                Err(error) => output.line(&json!({ "error": format!("{error:#}") })),
            }
        }
    });
}
