//! Names of the model as Rust writes them.

/// `S3Url` to `s3_url`, `KMSKeyId` to `kms_key_id`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| letters[before]);
        let next_is_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word = letter.is_ascii_uppercase()
            && previous.is_some_and(|before| !before.is_ascii_uppercase() && before != '_' || next_is_lower);
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The name of a field: snake case, and raw where it is a word of the language.
pub(super) fn field(name: &str) -> String {
    match snake(name).as_str() {
        word @ ("type" | "move" | "ref" | "match" | "where") => format!("r#{word}"),
        word => word.to_owned(),
    }
}

/// What serde makes of a field under `rename_all = "PascalCase"`.
pub(super) fn pascal(field: &str) -> String {
    field.trim_start_matches("r#").split('_').map(capitalised).collect()
}

/// `InstanceId` to `INSTANCE_ID`.
pub(super) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// The variant for a value of an enumeration: `VOICE_CALL` to `VoiceCall`; what is mixed case already stays.
pub(super) fn variant(value: &str) -> String {
    if value.chars().any(|letter| letter.is_ascii_lowercase()) && !value.contains(['_', '-', '.', ' ']) {
        return capitalised(value);
    }
    value
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(|word| capitalised(&word.to_ascii_lowercase()))
        .collect()
}

/// `text` with its first letter in upper case.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_every_kind_of_name() {
        for (name, expected) in [
            ("InstanceId", "instance_id"),
            ("S3Url", "s3_url"),
            ("KMSKeyId", "kms_key_id"),
            ("resourceArn", "resource_arn"),
            ("AfterContactWorkConfigs", "after_contact_work_configs"),
            ("timestamp", "timestamp"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
        assert_eq!(pascal("r#type"), "Type");
        assert_eq!(variant("VOICE_CALL"), "VoiceCall");
        assert_eq!(variant("AgentAssistance"), "AgentAssistance");
    }
}
