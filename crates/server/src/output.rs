//! Standard output and standard error of commands: `print!`, `println!` and `eprintln!` of this crate.
//!
//! Those of the standard library panic when nobody reads any more, as `head` does once it has its lines. Here the
//! command ends then, quietly, as other commands do. `serve` says its few lines by itself, and goes on.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::process::exit;

/// What a shell tells of a command that SIGPIPE ended: 128 and the signal's number.
const NOBODY_READS: i32 = 128 + 13;

/// Writes to standard output, or ends the process.
pub fn write(text: fmt::Arguments<'_>) {
    io::stdout().lock().write_fmt(text).unwrap_or_else(|error| end(&error));
}

/// Sees to it that everything is written, or ends the process.
pub fn flush() {
    io::stdout().lock().flush().unwrap_or_else(|error| end(&error));
}

/// Writes to standard error, if somebody reads it.
pub fn complain(text: fmt::Arguments<'_>) {
    // There is no other place to say that this one is gone.
    let _ = io::stderr().lock().write_fmt(text);
}

fn end(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        exit(NOBODY_READS);
    }
    complain(format_args!("callboard: standard output: {error}\n"));
    exit(1);
}

macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::output::complain(format_args!("{}\n", format_args!($($text)*))) };
}
