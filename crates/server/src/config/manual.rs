//! `docs/configuration.md`, written from the list of settings.

use std::fmt::Write as _;

use super::{Config, MapSection, OTHER_VARIABLES};

const HEAD: &str = "\
# Configuration

<!-- Written by `callboard config docs > docs/configuration.md` from crates/server/src/config.rs. -->

Everything has a default: `callboard serve` alone gives a working system. Each setting can be given in three ways, the
first of which wins:

1. as a flag, `--http-body-bytes-max 2MiB`;
2. as an environment variable, `CALLBOARD_HTTP_BODY_BYTES_MAX=2MiB`;
3. in the TOML file that `--config` (or `CALLBOARD_CONFIG`) names, `[http]` and `body_bytes_max = \"2MiB\"`.

The flag is the key with dashes, the variable the key in capitals after `CALLBOARD_`; a section is part of both. Lists
are separated by commas, or arrays in the file. An unknown key in the file is an error. Sections whose keys are your own,
such as `[functions]`, are in the file only.
";

/// The text of the manual.
pub fn manual() -> String {
    let mut text = HEAD.to_owned();
    let mut section = None;
    for key in Config::keys().iter().filter(|key| !key.hidden) {
        if section != Some(key.section) {
            section = Some(key.section);
            let title = if key.section.is_empty() { "Top level".to_owned() } else { format!("`[{}]`", key.section) };
            let _ = write!(text, "\n## {title}\n\n");
        }
        let default = if key.default.is_empty() { "empty".to_owned() } else { format!("`{}`", key.default) };
        let aws = key.aws_default.map(|aws| format!("; with `quotas = \"aws\"` `{aws}`")).unwrap_or_default();
        let doc = key.doc.trim();
        let _ = writeln!(text, "- **`{}`** ({}; default {default}{aws}). {doc}", key.name, key.shape);
    }
    for MapSection { name, doc, example } in Config::maps() {
        let _ = write!(text, "\n## `[{name}]`\n\nOnly in the file. {doc}\n\n```toml\n[{name}]\n{example}\n```\n");
    }
    text.push_str("\n## Only in the environment\n\n");
    for (variable, doc) in OTHER_VARIABLES {
        let _ = writeln!(text, "- **`{variable}`**: {doc}.");
    }
    text
}
