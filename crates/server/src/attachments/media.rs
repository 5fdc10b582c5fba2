//! Whether a file's content is what its extension says, told from its first bytes.

/// How many bytes of a file are looked at.
pub(super) const HEAD_BYTES: usize = 1024;

/// How the content of a file begins.
enum Signature {
    /// With one of these.
    Begins(&'static [&'static [u8]]),
    /// With these bytes somewhere in the head.
    Holds(&'static [u8]),
    /// With a size, then one of these names of a box.
    Box(&'static [&'static [u8]]),
    /// With `RIFF`, a size, then this name.
    Riff(&'static [u8]),
    /// With text: no byte is zero, unless it is UTF-16.
    Text,
}

const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The first bytes of the file formats by extension.
fn signature(extension: &str) -> Option<Signature> {
    Some(match extension {
        "csv" | "txt" => Signature::Text,
        "png" => Signature::Begins(&[b"\x89PNG\r\n\x1a\n"]),
        "jpg" | "jpeg" | "jfif" => Signature::Begins(&[b"\xff\xd8\xff"]),
        "pdf" => Signature::Holds(b"%PDF-"),
        "rtf" => Signature::Begins(&[b"{\\rtf"]),
        "docx" | "pptx" | "xlsx" => Signature::Begins(&[b"PK\x03\x04"]),
        "ppt" | "xls" => Signature::Begins(&[COMPOUND_FILE]),
        // Word saves RTF under this extension too.
        "doc" => Signature::Begins(&[COMPOUND_FILE, b"{\\rtf"]),
        "wav" => Signature::Riff(b"WAVE"),
        "heic" | "mp4" => Signature::Box(&[b"ftyp"]),
        "mov" => Signature::Box(&[b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"]),
        _ => return None,
    })
}

/// Refuses a content that is not of the extension's type. Types that are not known here pass.
pub(super) fn check(extension: &str, head: &[u8]) -> Result<(), String> {
    let extension = extension.to_ascii_lowercase();
    let Some(signature) = signature(&extension) else { return Ok(()) };
    let after = |start: usize| head.get(start..).unwrap_or_default();
    let fits = match signature {
        Signature::Begins(starts) => starts.iter().any(|start| head.starts_with(start)),
        Signature::Holds(bytes) => head.windows(bytes.len()).any(|window| window == bytes),
        Signature::Box(names) => names.iter().any(|name| after(4).starts_with(name)),
        Signature::Riff(name) => head.starts_with(b"RIFF") && after(8).starts_with(name),
        Signature::Text => is_text(head),
    };
    if fits { Ok(()) } else { Err(format!("the content is not that of a .{extension} file")) }
}

fn is_text(head: &[u8]) -> bool {
    let utf_16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    utf_16 || !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_must_fit_the_extension() {
        let ok: [(&str, &[u8]); 14] = [
            ("txt", b"hello"),
            ("txt", b""),
            ("csv", b"\xff\xfea\0,\0"),
            ("PNG", b"\x89PNG\r\n\x1a\n...."),
            ("jpeg", b"\xff\xd8\xff\xe0"),
            ("pdf", b"\n%PDF-1.7"),
            ("docx", b"PK\x03\x04"),
            ("xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("rtf", b"{\\rtf1"),
            ("wav", b"RIFF\x24\0\0\0WAVEfmt "),
            ("mp4", b"\0\0\0\x20ftypisom"),
            ("heic", b"\0\0\0\x18ftypheic"),
            ("mov", b"\0\0\0\x08wide"),
            ("step", b"\0\0anything"),
        ];
        for (extension, head) in ok {
            assert_eq!(check(extension, head), Ok(()), "{extension}");
        }
        let wrong: [(&str, &[u8]); 7] = [
            ("txt", b"MZ\0\0"),
            ("png", b"MZ\0\0"),
            ("png", b""),
            ("pdf", b"PK\x03\x04"),
            ("wav", b"RIFF\x24\0\0\0AVI "),
            ("mp4", b"ftyp"),
            ("docx", b"\x7fELF"),
        ];
        for (extension, head) in wrong {
            let reason = check(extension, head).unwrap_err();
            assert!(reason.contains(&extension.to_lowercase()), "{reason}");
        }
    }
}
