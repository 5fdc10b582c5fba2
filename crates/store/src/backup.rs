//! Copies of a data directory: made while it is in use, and brought back into an empty one.
//!
//! A backup is a directory with the database, the attachments, and a manifest that is written last: without it the
//! backup is not complete. The key file is not in it, so that who finds a backup can not read the secrets: keep a copy
//! of `secret.key` elsewhere. Without it, keys are unusable and tasks unaffected.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::data_dir::{DataDir, DataPaths};
use crate::error::Unavailable;
use crate::sqlite::{self, Copied, OpenError, Problem, SCHEMA_VERSION};

/// How many pages of the database are copied at a time.
pub const STEP_PAGES: u16 = 256;
/// The version of the manifest's form.
const FORMAT: u64 = 1;
const MANIFEST: &str = "manifest";
/// The name of a database that is being restored.
const UNCHECKED: &str = "callboard.db.restoring";

/// What a backup holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The version of the database's schema.
    pub schema: u64,
    /// When the backup was begun, in milliseconds of the Unix epoch.
    pub made_at_ms: i64,
    /// The size of the database, in bytes.
    pub database_bytes: u64,
    /// How many attachments there are.
    pub attachments: u64,
    /// Their size together, in bytes.
    pub attachments_bytes: u64,
}

/// How far a backup has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// So many pages of the database, of so many, are copied.
    Database {
        /// Pages copied.
        pages: u64,
        /// Pages in all.
        pages_total: u64,
    },
    /// So many attachments are copied.
    Attachments(u64),
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database could not be read or written.
    #[error(transparent)]
    Database(#[from] Unavailable),
    /// The database in the backup can not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What failed.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is something where the backup, or the data, should go.
    #[error("{} is not empty; give an empty or a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// The directory has no complete backup.
    #[error("{} is not a complete backup: {reason}", path.display())]
    Incomplete {
        /// The directory.
        path: PathBuf,
        /// What is missing or different.
        reason: String,
    },
    /// The database in the backup is damaged.
    #[error("the backup in {} is damaged: {}", path.display(), problems.first().map_or("", |problem| &problem.0))]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// The caller ended it.
    #[error("the backup was stopped")]
    Stopped,
}

fn io_failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { doing, path, source }
}

/// Copies a data directory that may be in use to a new or empty directory, durably. To be called by the process that
/// owns the directory, on a thread of its own.
///
/// It works in bounded steps and calls `progress` after each, which may pause or end it. The database is copied as of
/// one moment; commits go on beside it. Attachments are copied before and after: so all are there that the database
/// names, whether they are added or deleted meanwhile.
pub fn backup(
    from: &DataPaths,
    to: &Path,
    made_at_ms: i64,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Manifest, BackupError> {
    require_empty(to, &[])?;
    let target = DataPaths::new(to);
    fs::create_dir_all(target.attachments()).map_err(io_failed("make", to))?;
    let mut go_on = |progressed| match progress(progressed) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(BackupError::Stopped),
    };
    copy_attachments(&from.attachments(), &target.attachments(), &mut go_on)?;
    sqlite::copy(&from.database(), &target.database(), STEP_PAGES, &mut |Copied { pages, pages_total }| {
        go_on(Progress::Database { pages, pages_total })
    })?;
    let (attachments, attachments_bytes) = copy_attachments(&from.attachments(), &target.attachments(), &mut go_on)?;
    let database_bytes = size(&target.database())?;
    let schema = SCHEMA_VERSION as u64;
    let manifest = Manifest { schema, made_at_ms, database_bytes, attachments, attachments_bytes };
    manifest.write(to)?;
    Ok(manifest)
}

/// Brings a backup into an empty data directory, after checking all of it.
pub fn restore(from: &Path, to: &DataDir) -> Result<Manifest, BackupError> {
    let (source, target) = (DataPaths::new(from), to.paths());
    let manifest = Manifest::read(from)?;
    let own = [target.lock_file(), target.attachments(), target.key_file()];
    require_empty(target.root(), &own)?;
    require_empty(&target.attachments(), &[])?;
    manifest.compare(from, size(&source.database())?, count_files(&source.attachments())?)?;
    // Under its name there is only ever a database that has been checked and has its attachments.
    let unchecked = target.root().join(UNCHECKED);
    copy_file(&source.database(), &unchecked)?;
    let problems = sqlite::verify(&unchecked);
    // The check leaves files of its own beside the database.
    for suffix in ["-wal", "-shm"] {
        remove_if_there(&target.root().join(format!("{UNCHECKED}{suffix}")))?;
    }
    match problems {
        Ok(problems) if problems.is_empty() => {}
        refused => {
            remove_if_there(&unchecked)?;
            return Err(BackupError::Damaged { path: from.to_owned(), problems: refused? });
        }
    }
    copy_attachments(&source.attachments(), &target.attachments(), &mut |_| Ok(()))?;
    fs::rename(&unchecked, target.database()).map_err(io_failed("rename", &unchecked))?;
    sync_directory(target.root())?;
    Ok(manifest)
}

impl Manifest {
    fn write(&self, directory: &Path) -> Result<(), BackupError> {
        let Manifest { schema, made_at_ms, database_bytes, attachments, attachments_bytes } = self;
        let text = format!(
            "callboard-backup {FORMAT}\nschema {schema}\nmade_at_ms {made_at_ms}\ndatabase_bytes {database_bytes}\n\
             attachments {attachments}\nattachments_bytes {attachments_bytes}\n"
        );
        let path = directory.join(MANIFEST);
        let unfinished = directory.join(".manifest");
        let write = || {
            let mut file = File::create(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(io_failed("write", &path))?;
        sync_directory(directory)
    }

    /// Whether what is there is what was written.
    fn compare(&self, directory: &Path, database_bytes: u64, attachments: (u64, u64)) -> Result<(), BackupError> {
        let found = Manifest { database_bytes, attachments: attachments.0, attachments_bytes: attachments.1, ..*self };
        if found == *self {
            return Ok(());
        }
        let reason = format!(
            "it has a database of {} bytes and {} attachments of {} bytes, but its manifest says {}, {} and {}",
            found.database_bytes,
            found.attachments,
            found.attachments_bytes,
            self.database_bytes,
            self.attachments,
            self.attachments_bytes
        );
        Err(BackupError::Incomplete { path: directory.to_owned(), reason })
    }

    /// The manifest of the backup in a directory.
    pub fn read(directory: &Path) -> Result<Self, BackupError> {
        let path = directory.join(MANIFEST);
        let incomplete = |reason: String| BackupError::Incomplete { path: directory.to_owned(), reason };
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(incomplete("it has no manifest".into()));
            }
            text => text.map_err(io_failed("read", &path))?,
        };
        let (format, schema): (u64, u64) =
            (number(&text, "callboard-backup").map_err(incomplete)?, number(&text, "schema").map_err(incomplete)?);
        if format > FORMAT || schema > SCHEMA_VERSION as u64 {
            return Err(incomplete(format!(
                "a newer callboard made it, with schema version {schema} in form {format}; this one knows versions up \
                 to {SCHEMA_VERSION} in form {FORMAT}"
            )));
        }
        Ok(Manifest {
            schema,
            made_at_ms: number(&text, "made_at_ms").map_err(incomplete)?,
            database_bytes: number(&text, "database_bytes").map_err(incomplete)?,
            attachments: number(&text, "attachments").map_err(incomplete)?,
            attachments_bytes: number(&text, "attachments_bytes").map_err(incomplete)?,
        })
    }
}

/// The number after a name at the start of a line of a manifest.
fn number<N: FromStr>(manifest: &str, name: &str) -> Result<N, String> {
    let value = manifest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.ok_or_else(|| format!("its manifest has no {name}"))?;
    value.parse().map_err(|_| format!("its manifest says {name} {value}, not a number"))
}

/// Copies the attachments that are complete and not there yet; returns how many there are then, and their bytes.
fn copy_attachments(
    from: &Path,
    to: &Path,
    each: &mut dyn FnMut(Progress) -> Result<(), BackupError>,
) -> Result<(u64, u64), BackupError> {
    let mut copied = 0;
    let mut directories = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = directories.pop() {
        fs::create_dir_all(&to).map_err(io_failed("make", &to))?;
        let entries = match fs::read_dir(&from) {
            // Without attachments there may be no directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(io_failed("read", &from))?,
        };
        for entry in entries {
            let entry = entry.map_err(io_failed("read", &from))?;
            let (path, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type().map_err(io_failed("read", &path))?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                directories.push((path, target));
            } else if kind.is_file() && !target.exists() {
                copy_file(&path, &target)?;
                copied += 1;
                each(Progress::Attachments(copied))?;
            }
        }
        sync_directory(&to)?;
    }
    count_files(to)
}

fn count_files(root: &Path) -> Result<(u64, u64), BackupError> {
    let (mut files, mut bytes) = (0, 0);
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).map_err(io_failed("read", &directory))? {
            let entry = entry.map_err(io_failed("read", &directory))?;
            let metadata = entry.metadata().map_err(io_failed("read", &entry.path()))?;
            if metadata.is_dir() {
                directories.push(entry.path());
            } else {
                files += 1;
                bytes += metadata.len();
            }
        }
    }
    Ok((files, bytes))
}

/// Copies a file durably. Under its name there is the whole of it or nothing; one that is deleted meanwhile is left out.
fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    let unfinished = to.with_file_name(name);
    match fs::copy(from, &unfinished) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => return Ok(()),
        copied => copied.map_err(io_failed("copy", from))?,
    };
    let finish = || {
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, to)
    };
    finish().map_err(io_failed("write", to))
}

fn require_empty(directory: &Path, besides: &[PathBuf]) -> Result<(), BackupError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io_failed("read", directory))?,
    };
    for entry in entries {
        if !besides.contains(&entry.map_err(io_failed("read", directory))?.path()) {
            return Err(BackupError::NotEmpty(directory.to_owned()));
        }
    }
    Ok(())
}

fn size(path: &Path) -> Result<u64, BackupError> {
    Ok(fs::metadata(path).map_err(io_failed("read", path))?.len())
}

fn remove_if_there(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(io_failed("remove", path)),
    }
}

fn sync_directory(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(io_failed("write", path))
}

#[cfg(test)]
mod tests;
