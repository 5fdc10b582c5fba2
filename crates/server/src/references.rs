//! The reference map of the whole server: the section `[references]` of the configuration.

use std::collections::BTreeMap;

use engine::reference_map::ReferenceMap;

use crate::config::{EntryError, Map, MapSection};

impl Map for ReferenceMap {
    const SECTION: MapSection = MapSection {
        name: "references",
        doc: "\
What the flows of all instances mean when they refer to a resource of elsewhere, by its ARN or its id: a queue, a flow, a
module, hours of operation or a prompt. `*` stands for any text. The content of a flow stays byte for byte; the map is
asked for what is no resource of the instance, when a flow is published and when it runs. An instance can have a map of
its own, which is asked first: `POST /_callboard/v1/instances/{id}/references` with `{\"References\": {…}}` replaces it,
`GET` reads it, and `callboard flow import` writes it.",
        example: "\
\"arn:aws:connect:*:*:instance/*/queue/5cba7cbf-1ecb-4b6d-b8bd-fe91079b3fc8\" = \"0198c0de-0000-7000-8000-000000000001\"
\"arn:aws:connect:*:*:instance/*/prompt/*\" = \"silence\"",
    };

    fn read(table: &toml::Table) -> Result<Self, EntryError> {
        let mut entries = BTreeMap::new();
        for (reference, target) in table {
            let Some(target) = target.as_str() else {
                let rule = "give the ARN or the id of a resource as a text".to_owned();
                return Err(EntryError { path: vec![reference.clone()], given: target.to_string(), rule });
            };
            entries.insert(reference.clone(), target.to_owned());
        }
        let entry_count = entries.len();
        ReferenceMap::new(entries).map_err(|error| EntryError {
            path: Vec::new(),
            given: format!("{entry_count} entries"),
            rule: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn read(text: &str) -> Result<ReferenceMap, EntryError> {
        ReferenceMap::read(&toml::from_str(text).unwrap())
    }

    #[test]
    fn the_example_of_the_manual_can_be_read() {
        let map = read(ReferenceMap::SECTION.example).unwrap();
        let prompt = "arn:aws:connect:us-east-1:111122223333:instance/a/prompt/b";
        assert_eq!(map.target(prompt).as_deref(), Some("silence"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let mut table = String::new();
        for text in ["a = 5", "a = \"b*\"", "a = \"\""] {
            let EntryError { path, given, rule } = read(text).unwrap_err();
            table += &format!("{}: {given}: {rule}\n", path.join("."));
        }
        expect![[r#"
            a: 5: give the ARN or the id of a resource as a text
            : 1 entries: the reference "a" leads to "b*", which is a pattern: give the id or the ARN of one resource of this instance
            : 1 entries: target "" of the reference map has 0 bytes, give 1 to 500
        "#]].assert_eq(&table);
    }
}
