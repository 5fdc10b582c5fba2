//! What the tests and the demo need besides Rust: a Python virtual environment, npm packages, the server's binary.
//!
//! Each is made once and kept under `target/` (npm packages in `tests/js/node_modules`) until what it is made from
//! changes. On Debian, as root, missing Debian packages are installed; elsewhere their names are told.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::root;

/// The oldest Node.js that the AWS SDK for JavaScript of `tests/js` runs on, which is Debian 12's.
const NODE_MAJOR_MIN: u32 = 18;

/// What cargo checks and tests, in two goes: the features that this crate wants of its dependencies would otherwise be
/// those of the product, too, and what is tested would not be what is shipped.
pub(crate) const PARTS: [&[&str]; 2] = [&["--workspace", "--exclude", "xtask"], &["--package", "xtask"]];

/// A profile of cargo, and where its binaries lie.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// Prints a headline, so that a long log can be read.
pub(crate) fn headline(text: &str) {
    println!("\n==> {text}");
}

/// Where cargo puts its output.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(given) => root().join(given),
        None => root().join("target"),
    }
}

/// A call of cargo in the repository.
pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    let mut command = Command::new(cargo_program());
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that runs us, of the same toolchain.
fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command to its end. Its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

fn shown(command: &Command) -> String {
    let given = command.get_program();
    let program = if given == cargo_program() { "cargo".into() } else { given.to_string_lossy() };
    let words = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// The standard output of a command that succeeds, or nothing.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let done = command.output().ok().filter(|done| done.status.success())?;
    String::from_utf8(done.stdout).ok()
}

/// Builds the server and answers the path of its binary.
pub(crate) fn server_binary(profile: Profile) -> Result<PathBuf> {
    let mut arguments = vec!["build", "--package", "server", "--bin", "callboard"];
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            arguments.push("--release");
            "release"
        }
    };
    run(&mut cargo(arguments))?;
    Ok(target_dir().join(folder).join("callboard"))
}

/// The pinned versions of the Python packages.
pub(crate) fn python_requirements() -> PathBuf {
    root().join("tests/clients/requirements.txt")
}

/// Makes a virtual environment at `directory` with these packages, in the versions that `python_requirements` pins,
/// or all that it names when `packages` is empty. Answers the environment's folder of programs.
pub(crate) fn python(directory: &Path, packages: &[&str]) -> Result<PathBuf> {
    let programs = directory.join("bin");
    let requirements = python_requirements();
    let pinned = fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
    if output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_none() {
        install_debian_packages("Python 3 with venv", &["python3", "python3-venv"])?;
    }
    let version = output(Command::new("python3").arg("--version")).context("cannot run `python3 --version`")?;
    let wanted = format!("{version}{packages:?}\n{pinned}");
    let stamp = directory.join("made-from.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(programs);
    }
    headline(&format!("Python environment in {}", directory.display()));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(directory))?;
    let mut install = Command::new(programs.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    if packages.is_empty() {
        install.arg("--requirement").arg(&requirements);
    } else {
        install.arg("--constraint").arg(&requirements).args(packages);
    }
    run(&mut install)?;
    fs::write(stamp, wanted)?;
    Ok(programs)
}

/// Installs the npm packages that the lock file of `directory` names.
pub(crate) fn npm_packages(directory: &Path) -> Result<()> {
    if node_major().is_none_or(|major| major < NODE_MAJOR_MIN) || output(Command::new("npm").arg("--version")).is_none()
    {
        install_debian_packages(&format!("Node.js {NODE_MAJOR_MIN} or newer with npm"), &["nodejs", "npm"])?;
        let major = node_major().context("cannot run `node --version`")?;
        ensure!(major >= NODE_MAJOR_MIN, "Node.js {major} is too old: the tests need {NODE_MAJOR_MIN} or newer");
    }
    let lock = directory.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let stamp = directory.join("node_modules/.made-from.json");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    headline(&format!("npm packages in {}", directory.display()));
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(directory))?;
    fs::write(stamp, wanted)?;
    Ok(())
}

fn node_major() -> Option<u32> {
    parse_node_major(&output(Command::new("node").arg("--version"))?)
}

/// `v18.20.4` is 18.
fn parse_node_major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn install_debian_packages(what: &str, packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    let is_root = output(Command::new("id").arg("--user")).is_some_and(|id| id.trim() == "0");
    if !is_root || output(Command::new("apt-get").arg("--version")).is_none() {
        bail!("{what} is needed and not installed; on Debian: sudo apt-get install {names}");
    }
    headline(&format!("Debian packages: {names}"));
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run(install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages))
}

#[cfg(test)]
mod tests {
    use super::parse_node_major;

    #[test]
    fn the_major_version_of_node() {
        assert_eq!(parse_node_major("v18.20.4\n"), Some(18));
        assert_eq!(parse_node_major("18.20.4"), None);
        assert_eq!(parse_node_major(""), None);
    }
}
