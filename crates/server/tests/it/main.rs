//! The `callboard` command as an operator uses it: started, asked, stopped and started again.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

mod backup;
mod harness;
mod keys;
mod process;
