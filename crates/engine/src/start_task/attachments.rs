//! Names and types of attached files: R19 and R24. Size and content are judged when the file is fetched.

use crate::refusal::Refusal;

/// File types that may be attached unless configured otherwise (R24).
pub const EXTENSIONS_DEFAULT: &[&str] = &[
    "csv", "doc", "docx", "heic", "jfif", "jpeg", "jpg", "mov", "mp4", "pdf", "png", "ppt", "pptx", "rtf", "txt",
    "wav", "xls", "xlsx",
];
/// Longest file name, in characters.
pub const FILE_NAME_CHARS_MAX: usize = 256;

/// Checks the names of the files of one request.
pub fn check_names<'a>(
    names: impl IntoIterator<Item = &'a str>,
    extensions: &[impl AsRef<str>],
) -> Result<(), Refusal> {
    let mut seen = Vec::new();
    for name in names {
        let wrong = |why: String| Err(Refusal::AttachmentName { file_name: name.to_owned(), why });
        if name.is_empty() || name.chars().count() > FILE_NAME_CHARS_MAX {
            return wrong(format!("give 1 to {FILE_NAME_CHARS_MAX} characters"));
        }
        if name.chars().any(char::is_control) {
            return wrong("control characters are not allowed".to_owned());
        }
        if seen.contains(&name) {
            return wrong("two attachments have this name, give each its own".to_owned());
        }
        seen.push(name);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !extensions.iter().any(|allowed| allowed.as_ref().eq_ignore_ascii_case(extension)) {
            let allowed: Vec<&str> = extensions.iter().map(AsRef::as_ref).collect();
            return Err(Refusal::AttachmentType { file_name: name.to_owned(), allowed: allowed.join(", ") });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r24_names_and_types() {
        let check = |names: &[&str]| check_names(names.iter().copied(), EXTENSIONS_DEFAULT);
        assert_eq!(check(&["a.pdf", "b.PNG", "c.tar.csv"]), Ok(()));
        assert!(matches!(check(&["a.exe"]), Err(Refusal::AttachmentType { .. })));
        assert!(matches!(check(&["pdf"]), Err(Refusal::AttachmentType { .. })));
        assert!(matches!(check(&["a.pdf", "a.pdf"]), Err(Refusal::AttachmentName { .. })));
        assert!(matches!(check(&["a\n.pdf"]), Err(Refusal::AttachmentName { .. })));
        assert!(matches!(check(&[""]), Err(Refusal::AttachmentName { .. })));
    }
}
