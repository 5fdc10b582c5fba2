//! References: `$` paths in the parameters of a flow, and text with such paths in it (flow-language.md section 4).

use std::borrow::Cow;

use serde_json::Value;

use crate::arn::{Resource, Scope};
use crate::contact::{Chain, Contact, SegmentValue};
use crate::env::Env;
use crate::flow::FlowType;
use crate::flow::json::Json;
use crate::flow::run::{FlowRun, Purpose, Results};
use crate::queue::QueueKind;

/// First words of paths that this language version knows. Other text that begins with `$.` is text.
const ROOTS: &[&str] = &[
    "Agent",
    "Attributes",
    "AwsRegion",
    "Case",
    "Channel",
    "ContactId",
    "Customer",
    "CustomerEndpoint",
    "CustomerId",
    "Description",
    "External",
    "FlowAttributes",
    "InitialContactId",
    "InitiationMethod",
    "InstanceARN",
    "LambdaInvocation",
    "LanguageCode",
    "Lex",
    "Loop",
    "Media",
    "Metrics",
    "Modules",
    "Name",
    "PreviousContactId",
    "Queue",
    "References",
    "RelatedContactId",
    "SegmentAttributes",
    "StoredCustomerInput",
    "SystemEndpoint",
    "Tags",
    "Task",
    "TextToSpeechVoiceId",
    "Views",
    "Wisdom",
];

/// A path such as `$.Attributes.key`: its words without the `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Reads a whole text as a path, whose words may have blanks without brackets.
    pub(crate) fn parse(text: &str) -> Option<Path> {
        Path::read(text, |c| !matches!(c, '.' | '[' | ']' | '$'))
            .filter(|(_, length)| *length == text.len())
            .map(|(path, _)| path)
    }

    /// Reads the path that `text` begins with, and how many bytes it takes. `in_word` says which characters a word
    /// without brackets may have.
    fn read(text: &str, in_word: impl Fn(char) -> bool) -> Option<(Path, usize)> {
        let mut rest = text.strip_prefix('$')?;
        let mut words: Vec<String> = Vec::new();
        loop {
            // A key of these maps holds no point, so a point after it belongs to the text around.
            let complete = words.len() == 2 && matches!(words[0].as_str(), "Attributes" | "FlowAttributes");
            if complete {
                break;
            }
            if let Some((word, after)) = bracketed(rest) {
                words.push(word.to_owned());
                rest = after;
                continue;
            }
            let Some(dotted) = rest.strip_prefix('.') else { break };
            let end = dotted.find(|c| !in_word(c)).unwrap_or(dotted.len());
            if end == 0 {
                break;
            }
            words.push(dotted[..end].to_owned());
            rest = &dotted[end..];
        }
        let known = words.first().is_some_and(|root| ROOTS.contains(&root.as_str()));
        known.then(|| (Path(words), text.len() - rest.len()))
    }

    /// Whether the path names one value, not a whole map such as `$.External` or `$.Attributes`.
    pub(crate) fn has_leaf(&self) -> bool {
        const MAPS: &[&str] = &[
            "Agent",
            "Attributes",
            "Case",
            "Customer",
            "External",
            "FlowAttributes",
            "LambdaInvocation",
            "Lex",
            "Loop",
            "Media",
            "Metrics",
            "Modules",
            "Queue",
            "References",
            "SegmentAttributes",
            "Tags",
            "Task",
            "Views",
            "Wisdom",
            "CustomerEndpoint",
            "SystemEndpoint",
        ];
        self.0.len() > 1 || !MAPS.contains(&self.0[0].as_str())
    }
}

/// `['word']`, `["word"]` or `[0]`, and what follows.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    let digits = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(inside.len());
    if digits > 0 {
        return Some((&inside[..digits], inside[digits..].strip_prefix(']')?));
    }
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (word, after) = inside[1..].split_once(quote)?;
    Some((word, after.strip_prefix(']')?)).filter(|(word, _)| !word.is_empty())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Path(Path),
}

/// Text with paths in it, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(Vec<Piece>);

impl Text {
    /// Reads a parameter. A word of a path inside text has letters, digits, `_` and `-`; brackets allow any other.
    pub(crate) fn parse(text: &str) -> Text {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((path, length)) = Path::read(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Path(path));
                rest = &rest[length..];
            } else {
                literal.push('$');
                rest = &rest[1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Text(pieces)
    }

    /// What the text consists of.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The text with the values of its paths; one that leads nowhere is empty. `None` when it would be longer than
    /// `bytes_max`, which bounds what a flow can make a task cost.
    pub(crate) fn resolve<'a>(&'a self, view: &View<'a>, bytes_max: usize) -> Option<Cow<'a, str>> {
        let value = |piece: &'a Piece| match piece {
            Piece::Literal(text) => Cow::Borrowed(text.as_str()),
            Piece::Path(path) => view.value(path).unwrap_or_default(),
        };
        if let [piece] = self.0.as_slice() {
            return Some(value(piece)).filter(|text| text.len() <= bytes_max);
        }
        let mut text = String::new();
        for piece in &self.0 {
            text.push_str(&value(piece));
            if text.len() > bytes_max {
                return None;
            }
        }
        Some(Cow::Owned(text))
    }
}

/// JSON whose strings may be paths or have paths in them, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JsonText {
    Text(Text),
    /// Anything else that has no inside.
    Other(Json),
    List(Vec<JsonText>),
    Map(Vec<(String, JsonText)>),
}

impl JsonText {
    pub(crate) fn parse(value: &Value) -> JsonText {
        match value {
            Value::String(text) => JsonText::Text(Text::parse(text)),
            Value::Array(list) => JsonText::List(list.iter().map(JsonText::parse).collect()),
            Value::Object(map) => {
                JsonText::Map(map.iter().map(|(key, value)| (key.clone(), JsonText::parse(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => JsonText::Other(Json::from(value.clone())),
        }
    }

    /// The JSON with the values of its paths: a string that is one path to an object or a list becomes that. `None`
    /// when its texts together would be longer than `bytes_left`, from which they are taken.
    pub(crate) fn resolve(&self, view: &View<'_>, bytes_left: &mut usize) -> Option<Json> {
        Some(match self {
            JsonText::Text(text) => {
                if let [Piece::Path(path)] = text.0.as_slice()
                    && let Some(json @ (Json::List(_) | Json::Map(_))) = view.json(path)
                {
                    *bytes_left = bytes_left.checked_sub(json.text().map_or(0, |text| text.len()))?;
                    return Some(json.clone());
                }
                let text = text.resolve(view, *bytes_left)?;
                *bytes_left -= text.len();
                Json::Text(text.into_owned())
            }
            JsonText::Other(json) => json.clone(),
            JsonText::List(list) => {
                Json::List(list.iter().map(|item| item.resolve(view, bytes_left)).collect::<Option<_>>()?)
            }
            JsonText::Map(map) => {
                let entry = |(key, value): &(String, JsonText)| Some((key.clone(), value.resolve(view, bytes_left)?));
                Json::Map(map.iter().map(entry).collect::<Option<_>>()?)
            }
        })
    }
}

/// What paths lead to.
pub(crate) struct View<'a> {
    pub(crate) contact: &'a Contact,
    pub(crate) chain: &'a Chain,
    pub(crate) run: &'a FlowRun,
    pub(crate) env: &'a dyn Env,
}

impl<'a> View<'a> {
    /// The value a path leads to; `None` when it leads nowhere.
    pub(crate) fn value(&self, path: &Path) -> Option<Cow<'a, str>> {
        let View { contact, chain, run, env } = *self;
        let scope: &Scope = env.scope();
        let words: Vec<&str> = path.0.iter().map(String::as_str).collect();
        let borrowed = |text: &'a str| Some(Cow::Borrowed(text));
        let owned = |text: String| Some(Cow::Owned(text));
        match words.as_slice() {
            ["Attributes", key] => chain.attributes.get(*key).map(|value| Cow::Borrowed(value.as_str())),
            ["FlowAttributes", key] => run.attributes.get(*key).map(|value| Cow::Borrowed(value.as_str())),
            ["Name"] => borrowed(&contact.name),
            ["Description"] => contact.description.as_deref().map(Cow::Borrowed),
            ["References", key, "Value"] => contact.references.get(*key).map(|r| Cow::Borrowed(r.value.as_str())),
            ["References", key, "Type"] => {
                contact.references.get(*key).map(|r| Cow::Borrowed(r.reference_type.as_str()))
            }
            ["ContactId"] => owned(contact.id.to_string()),
            // On the first contact of a chain the id is its own, as it is in the event that functions are given.
            ["InitialContactId"] => owned(contact.chain_id().to_string()),
            ["PreviousContactId"] => contact.previous.map(|id| Cow::Owned(id.to_string())),
            ["RelatedContactId"] => contact.related.map(|id| Cow::Owned(id.to_string())),
            ["Channel"] => borrowed("TASK"),
            ["InitiationMethod"] => borrowed(contact.initiation_method.as_str()),
            ["InstanceARN"] => owned(scope.instance_arn()),
            ["AwsRegion"] => owned(scope.region.clone()),
            ["LanguageCode"] => contact.language_code.as_deref().map(Cow::Borrowed),
            ["CustomerId"] => contact.customer_id.as_deref().map(Cow::Borrowed),
            ["Tags", key] => contact.tags.get(*key).map(|value| Cow::Borrowed(value.as_str())),
            ["Queue", field] => self.queue(field),
            ["Agent", field] => self.agent(field),
            ["Task", "ContactId"] => self.results()?.task.map(|id| Cow::Owned(id.to_string())),
            ["LambdaInvocation", "InvocationId"] => self.results()?.invocation.as_deref().map(Cow::Borrowed),
            ["Metrics", inside @ ..] => {
                self.results()?.metrics.get(&inside.join(".")).map(|value| Cow::Borrowed(value.as_str()))
            }
            ["Modules", "Result"] => self.results()?.module_result.as_deref().map(Cow::Borrowed),
            ["External" | "LambdaInvocation" | "Modules", ..] => self.json_at(&words)?.text().map(Cow::Owned),
            ["SegmentAttributes", key, inside @ ..] => self.segment(key, inside),
            _ => None,
        }
    }

    /// The JSON a path leads to, where there is some.
    pub(crate) fn json(&self, path: &Path) -> Option<&'a Json> {
        let words: Vec<&str> = path.0.iter().map(String::as_str).collect();
        self.json_at(&words)
    }

    fn json_at(&self, words: &[&str]) -> Option<&'a Json> {
        match words {
            ["External", inside @ ..] | ["LambdaInvocation", "ResultData", inside @ ..] => {
                self.results()?.external.as_ref()?.at(inside)
            }
            ["Modules", "ResultData", inside @ ..] => self.results()?.module_data.as_ref()?.at(inside),
            ["Modules", "Input", inside @ ..] => self.run.module.as_deref()?.input.at(inside),
            _ => None,
        }
    }

    fn results(&self) -> Option<&'a Results> {
        self.run.results.as_deref()
    }

    fn queue(&self, field: &str) -> Option<Cow<'a, str>> {
        let queue = self.env.queue(self.contact.target_queue?)?;
        match (field, queue.kind) {
            ("Name", QueueKind::Standard) => Some(Cow::Owned(queue.name.clone())),
            ("ARN", QueueKind::Standard) => Some(Cow::Owned(self.env.scope().arn(Resource::Queue(queue.id)))),
            ("ARN", QueueKind::Agent) => {
                queue.agent().map(|user| Cow::Owned(self.env.scope().arn(Resource::AgentQueue(user))))
            }
            _ => None,
        }
    }

    /// In a transfer-to-agent flow the agent that the contact is for, in a whisper flow the one who is about to join.
    fn agent(&self, field: &str) -> Option<Cow<'a, str>> {
        let user = if self.run.purpose == Purpose::Whisper {
            self.contact.offer?.agent
        } else {
            let flow = self.env.flow(self.run.flow).filter(|flow| flow.flow_type == FlowType::AgentTransfer);
            self.env.queue(flow.and(self.contact.target_queue)?)?.agent()?
        };
        let user = self.env.user(user)?;
        let value = match field {
            "UserName" => Some(user.username.clone()),
            "FirstName" => user.identity.first_name.clone(),
            "LastName" => user.identity.last_name.clone(),
            "ARN" => Some(self.env.scope().arn(Resource::User(user.id))),
            _ => None,
        };
        value.map(Cow::Owned)
    }

    fn segment(&self, key: &str, inside: &[&str]) -> Option<Cow<'a, str>> {
        let mut shown = self.contact.segment_attributes(self.env.scope());
        let mut value = shown.remove(key)?;
        for word in inside {
            let SegmentValue::Map(mut map) = value else { return None };
            value = map.remove(*word)?;
        }
        match value {
            SegmentValue::String(text) | SegmentValue::Arn(text) => Some(Cow::Owned(text)),
            SegmentValue::Integer(number) => Some(Cow::Owned(number.to_string())),
            SegmentValue::Map(_) | SegmentValue::List(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_falls_apart_into_literals_and_paths() {
        let shown = |text: &str| {
            let piece = |piece: &Piece| match piece {
                Piece::Literal(text) => format!("{text:?}"),
                Piece::Path(Path(words)) => format!("${words:?}"),
            };
            Text::parse(text).0.iter().map(piece).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("$.Attributes.key"), r#"$["Attributes", "key"]"#);
        assert_eq!(shown("$.Attributes['my key']"), r#"$["Attributes", "my key"]"#);
        assert_eq!(shown("Hi $.Attributes.name, $.Name."), r#""Hi " $["Attributes", "name"] ", " $["Name"] ".""#);
        assert_eq!(shown("$.Attributes.a.b"), r#"$["Attributes", "a"] ".b""#);
        assert_eq!(shown("costs $.50 or $5 or $"), r#""costs $.50 or $5 or $""#);
        assert_eq!(shown("$.External.a.b"), r#"$["External", "a", "b"]"#);
        assert_eq!(shown("$.External.a[0].b"), r#"$["External", "a", "0", "b"]"#);
        assert_eq!(shown("$['External']['a b'][1]!"), r#"$["External", "a b", "1"] "!""#);
        assert_eq!(shown("$.External.a[x]"), r#"$["External", "a"] "[x]""#);
        assert_eq!(shown("x$.References['a b'].Value"), r#""x" $["References", "a b", "Value"]"#);
        assert_eq!(shown("$.Attributes['open"), r#"$["Attributes"] "['open""#);
        assert_eq!(shown("$.Attributes.way >> on"), r#"$["Attributes", "way"] " >> on""#);
        assert_eq!(shown(""), "");
    }

    #[test]
    fn a_leaf_is_one_value() {
        assert!(Path::parse("$.Name").unwrap().has_leaf());
        assert!(Path::parse("$.External.x").unwrap().has_leaf());
        assert!(!Path::parse("$.External").unwrap().has_leaf());
        assert_eq!(Path::parse("name"), None);
        assert_eq!(Path::parse("$.Nothing.x"), None);
    }
}
