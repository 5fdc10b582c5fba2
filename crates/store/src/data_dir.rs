//! The directory that holds everything Callboard keeps, and the lock that gives it to one process.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where things are in a data directory. Knowing the paths gives no right to the directory: see [`DataDir`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataPaths {
    root: PathBuf,
}

impl DataPaths {
    /// The paths within this directory, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        DataPaths { root: root.into() }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("callboard.db")
    }

    /// The directory of attachments. A file in it is complete and never changes once it has its name; names that begin
    /// with a dot are of files that are not complete yet.
    pub fn attachments(&self) -> PathBuf {
        self.root.join("attachments")
    }

    /// The socket on which the process that owns the directory takes commands.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// The key that secrets in the database are encrypted with. It is in no backup.
    pub fn key_file(&self) -> PathBuf {
        self.root.join("secret.key")
    }

    /// The file whose lock is the right to the directory, and which names who has it.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }
}

/// Who has a data directory, as told to whom it is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// What it is doing, such as `serve`.
    pub command: String,
    /// Where it listens, if it does.
    pub listen: Option<String>,
    /// When it was started, as text for people.
    pub started: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "callboard {} (process {}", self.command, std::process::id())?;
        if let Some(listen) = &self.listen {
            write!(f, ", listening on {listen}")?;
        }
        write!(f, ", started {})", self.started)
    }
}

/// Why a data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it.
    #[error("data directory {} is in use by {holder}; stop it, or choose another directory", root.display())]
    InUse {
        /// The directory.
        root: PathBuf,
        /// What the lock file says about who has it.
        holder: String,
    },
    /// Making or opening it failed.
    #[error("data directory {}: cannot {doing}", root.display())]
    Io {
        /// The directory.
        root: PathBuf,
        /// What failed.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A data directory that this process alone has, until the value is dropped.
#[derive(Debug)]
pub struct DataDir {
    paths: DataPaths,
    lock: File,
}

impl DataDir {
    /// Makes the directory, if it is not there, for its owner's eyes only, and takes it.
    pub fn take(root: impl Into<PathBuf>, holder: &Holder) -> Result<Self, DataDirError> {
        let paths = DataPaths::new(root);
        let failed = |doing| {
            let root = paths.root.clone();
            move |source| DataDirError::Io { root, doing, source }
        };
        let private = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        let absolute = std::path::absolute(&paths.root).map_err(failed("find it"))?;
        let made = absolute.ancestors().take_while(|directory| !directory.exists()).count();
        private(&paths.root).map_err(failed("make it"))?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(paths.lock_file())
            .map_err(failed("open its lock file"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).map_err(failed("read its lock file"))?;
                let holder = if holder.is_empty() { "a process that is just starting".into() } else { holder };
                return Err(DataDirError::InUse { root: paths.root, holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock it")(source)),
        }
        private(&paths.attachments()).map_err(failed("make its directory of attachments"))?;
        // Else a loss of power could take what was made just now, and with it everything written since.
        for directory in absolute.ancestors().take(made + 1) {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("write it"))?;
        }
        let mut data_dir = DataDir { paths: paths.clone(), lock };
        data_dir.name_holder(holder).map_err(failed("write its lock file"))?;
        Ok(data_dir)
    }

    /// Says anew who has the directory: the address is known only once the server listens.
    pub fn name_holder(&mut self, holder: &Holder) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        write!(self.lock, "{holder}")
    }

    /// Where things are.
    pub fn paths(&self) -> &DataPaths {
        &self.paths
    }
}

/// The kind of file system that holds a path, such as `ext4`, as Linux names it.
pub fn file_system(path: &Path) -> io::Result<String> {
    let path = path.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    // Fields: id parent device root MOUNT-POINT options ... - KIND source options
    let mounted = mounts.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        Some((left.split(' ').nth(4)?, right.split(' ').next()?))
    });
    // A later mount hides an earlier one on the same point, so the last of the longest counts.
    let (_, kind) = mounted
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .ok_or_else(|| io::Error::other(format!("no mount holds {}", path.display())))?;
    Ok(kind.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{DataDir, DataDirError, Holder};

    fn holder(listen: Option<&str>) -> Holder {
        let listen = listen.map(Into::into);
        Holder { command: "serve".into(), listen, started: "2026-01-02T03:04:05Z".into() }
    }

    #[test]
    fn a_directory_has_one_holder_and_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("new").join("data");
        let mut first = DataDir::take(&root, &holder(None)).unwrap();
        first.name_holder(&holder(Some("127.0.0.1:8080"))).unwrap();
        let refused = DataDir::take(&root, &holder(None)).unwrap_err();
        assert!(matches!(&refused, DataDirError::InUse { .. }));
        let expected = format!(
            "data directory {} is in use by callboard serve (process {}, listening on 127.0.0.1:8080, \
             started 2026-01-02T03:04:05Z); stop it, or choose another directory",
            root.display(),
            std::process::id()
        );
        assert_eq!(refused.to_string(), expected);
        drop(first);
        DataDir::take(&root, &holder(None)).unwrap();
    }

    #[test]
    fn only_the_owner_may_look_into_it() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = DataDir::take(directory.path().join("data"), &holder(None)).unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data_dir.paths().root().to_owned()), 0o700);
        assert_eq!(mode(data_dir.paths().attachments()), 0o700);
        assert_eq!(mode(data_dir.paths().lock_file()), 0o600);
    }
}
