//! `remb-replay completions` and `remb-replay man`: made from the same definitions as the program itself.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::{Exit, Failure, print};
use remb_replay::report::codes::CODES;

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "remb-replay", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let pages = pages().map_err(|error| Failure::new(Exit::Open, error))?;
    if let Some(folder) = &args.dir {
        write(folder, &pages).map_err(|error| Failure::new(Exit::Open, error))?;
        return Ok(Exit::Done);
    }
    let name = args.page.as_ref().map_or("remb-replay".to_owned(), |page| format!("remb-replay-{page}"));
    match pages.iter().find(|(page, _)| *page == name) {
        Some((_, text)) => print(text),
        None => {
            let known: Vec<_> =
                pages.iter().filter_map(|(page, _)| page.strip_prefix("remb-replay-")).collect();
            let error = anyhow::anyhow!("no page of that name; there are {}", known.join(", "));
            Err(Failure::new(Exit::Usage, error))
        }
    }
}

/// Name and text of every page: the program's, and each command's.
fn pages() -> anyhow::Result<Vec<(String, String)>> {
    let mut program = Cli::command();
    program.build();
    let mut pages = vec![("remb-replay".to_owned(), main_page(&program)?)];
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("remb-replay-{}", command.get_name());
        pages.push((name, render(&Man::new(command.clone()))?));
    }
    Ok(pages)
}

fn render(man: &Man) -> anyhow::Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

/// With the codes of warnings and notes.
fn main_page(program: &Command) -> anyhow::Result<String> {
    let mut page = render(&Man::new(program.clone()))?.into_bytes();
    let mut roff = Roff::new();
    roff.control("SH", ["WARNINGS AND NOTES"]);
    for (code, meaning) in CODES {
        roff.control("TP", []);
        roff.text([bold(*code)]);
        roff.text([roman(*meaning)]);
    }
    roff.to_writer(&mut page)?;
    Ok(String::from_utf8(page)?)
}

fn write(folder: &Path, pages: &[(String, String)]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    for (name, text) in pages {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
