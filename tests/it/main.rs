//! All integration tests but two in one program, for a program costs its linking. On their own are `allocations`, which
//! counts what the allocator is asked for, and `day`, which measures the memory of its process.

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
