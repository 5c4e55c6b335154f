//! All integration tests but two in one program, for a program costs its linking, and the last test of each has one core for
//! itself. On their own are `allocations`, which counts what the allocator is asked for, and `explained`.

#[path = "../common/mod.rs"]
mod common;

mod batch;
mod captures;
mod carried;
mod check;
mod cli;
mod compare;
mod copies;
mod corpus;
mod day;
mod docs;
mod inspect;
mod layers;
mod live;
mod logs;
mod made;
mod path_simulation;
mod properties;
mod public_captures;
mod rtcp;
mod sweep;
mod testdata;
mod vectors;
