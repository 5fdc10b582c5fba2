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

/// Words of a path that may have any number of them.
const MANY: usize = usize::MAX;

/// First words of paths, and how many words those paths have at most, which is where one ends inside a text. Inside a
/// text another word after `$.` is text; a whole text with another is a path that leads nowhere.
const ROOTS: &[(&str, usize)] = &[
    ("AdditionalEmailRecipients", MANY),
    ("Agent", 2),
    ("Attributes", 2),
    ("AwsRegion", 1),
    ("Campaign", MANY),
    ("Case", MANY),
    ("Channel", 1),
    ("ContactId", 1),
    ("Customer", MANY),
    ("CustomerCallbackNumber", 1),
    ("CustomerEndpoint", 2),
    ("CustomerId", 1),
    ("Description", 1),
    ("Email", MANY),
    ("External", MANY),
    ("FlowAttributes", 2),
    ("InitialContactId", 1),
    ("InitiationMethod", 1),
    ("InstanceARN", 1),
    ("LambdaInvocation", MANY),
    ("LanguageCode", 1),
    ("Lex", MANY),
    ("Loop", MANY),
    ("Media", MANY),
    ("MediaStreams", MANY),
    ("Metrics", MANY),
    ("Modules", MANY),
    ("Name", 1),
    ("PreviousContactId", 1),
    ("Queue", 2),
    ("References", 3),
    ("RelatedContactId", 1),
    ("SegmentAttributes", MANY),
    ("StoredCustomerInput", 1),
    ("SystemEndpoint", 2),
    ("Tags", 2),
    ("Task", 2),
    ("TextToSpeechVoiceId", 1),
    ("Views", MANY),
    ("Wisdom", MANY),
];

/// Where a path is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// It is the whole text: a word without brackets may have blanks and whatever else is no `.`, `[`, `]` or `$`.
    Whole,
    /// Other text may follow: a word without brackets has letters, digits and `_`, and a `-` that one of those follows;
    /// the path has no more words than its root allows, so a full stop after it belongs to the text.
    Inside,
}

impl Extent {
    /// How many bytes the word takes that `text` begins with.
    fn word_length(self, text: &str) -> usize {
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        let ends = |(at, c): &(usize, char)| match (self, c) {
            (Extent::Whole, c) => matches!(c, '.' | '[' | ']' | '$'),
            (Extent::Inside, '-') => !text[at + 1..].starts_with(plain),
            (Extent::Inside, c) => !plain(*c),
        };
        text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
    }
}

/// A path such as `$.Attributes.key`: its words without the `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Reads a whole text as a path. Its first word may be any: the language has more than a task has values for.
    pub(crate) fn parse(text: &str) -> Option<Path> {
        let (path, length) = Path::read(text, Extent::Whole)?;
        let is_word = |root: &str| root.starts_with(char::is_alphabetic) && root.chars().all(char::is_alphanumeric);
        Some(path).filter(|path| length == text.len() && is_word(&path.0[0]))
    }

    /// Reads the path that `text` begins with, and how many bytes it takes.
    fn read(text: &str, extent: Extent) -> Option<(Path, usize)> {
        let mut rest = text.strip_prefix('$')?;
        let mut words: Vec<String> = Vec::new();
        let mut words_max = 1;
        while words.len() < words_max {
            // A point before a bracket is too much, and occurs.
            let bracket = bracketed(rest).or_else(|| bracketed(rest.strip_prefix('.')?));
            let dotted = || {
                let dotted = rest.strip_prefix('.')?;
                let word = dotted.split_at(extent.word_length(dotted));
                Some(word).filter(|(word, _)| !word.is_empty())
            };
            let Some((word, after)) = bracket.or_else(dotted) else { break };
            if words.is_empty() {
                words_max = match (extent, word) {
                    // A key of these maps holds no point.
                    (Extent::Whole, "Attributes" | "FlowAttributes") => 2,
                    (Extent::Whole, _) => MANY,
                    (Extent::Inside, _) => words_of(word)?,
                };
            }
            words.push(word.to_owned());
            rest = after;
        }
        (!words.is_empty()).then(|| (Path(words), text.len() - rest.len()))
    }

    /// Whether the path names one value, not a whole map such as `$.External` or `$.Attributes`.
    pub(crate) fn has_leaf(&self) -> bool {
        self.0.len() > 1 || words_of(&self.0[0]).is_none_or(|most| most == 1)
    }
}

/// How many words a path with this first word has at most; none when it is not known.
fn words_of(root: &str) -> Option<usize> {
    ROOTS.iter().find(|(name, _)| *name == root).map(|(_, most)| *most)
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
enum Piece {
    Literal(String),
    Path(Path),
}

/// Text with paths in it, read once.
///
/// A text that is a path as a whole, such as `$.Attributes.my queue`, is that path here as it is in a Compare, when it
/// leads to something. Otherwise it is text with paths in it, as `$.Attributes.name is waiting` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// The path that the whole text is.
    whole: Option<Path>,
    /// What it consists of otherwise.
    pieces: Vec<Piece>,
}

impl Text {
    /// Reads a parameter.
    pub(crate) fn parse(text: &str) -> Text {
        let whole = Path::parse(text);
        // One that leads nowhere is empty (flow-language.md section 4), also one that leads nowhere in any contact.
        if let Some(path) = whole.as_ref().filter(|path| words_of(&path.0[0]).is_none()) {
            return Text { pieces: vec![Piece::Path(path.clone())], whole };
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((path, length)) = Path::read(rest, Extent::Inside) {
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
        Text { whole, pieces }
    }

    /// The text, when no path is in it.
    pub(crate) fn literal(&self) -> Option<&str> {
        match (&self.whole, self.pieces.as_slice()) {
            (None, []) => Some(""),
            (None, [Piece::Literal(text)]) => Some(text),
            _ => None,
        }
    }

    /// The text with the values of its paths; one that leads nowhere is empty. `None` when it would be longer than
    /// `bytes_max`, which bounds what a flow can make a task cost.
    pub(crate) fn resolve<'a>(&'a self, view: &View<'a>, bytes_max: usize) -> Option<Cow<'a, str>> {
        let (text, is_whole) = self.resolve_start(view, bytes_max);
        Some(text).filter(|_| is_whole)
    }

    /// The same, and whether it is all of it with `bytes_max` at most: otherwise it is longer, and a start of the text.
    pub(crate) fn resolve_start<'a>(&'a self, view: &View<'a>, bytes_max: usize) -> (Cow<'a, str>, bool) {
        let whole = |text: Cow<'a, str>| {
            let fits = text.len() <= bytes_max;
            (text, fits)
        };
        if let Some(value) = self.whole.as_ref().and_then(|path| view.value(path)) {
            return whole(value);
        }
        let value = |piece: &'a Piece| match piece {
            Piece::Literal(text) => Cow::Borrowed(text.as_str()),
            Piece::Path(path) => view.value(path).unwrap_or_default(),
        };
        if let [piece] = self.pieces.as_slice() {
            return whole(value(piece));
        }
        let mut text = String::new();
        for piece in &self.pieces {
            text.push_str(&value(piece));
            if text.len() > bytes_max {
                break;
            }
        }
        whole(Cow::Owned(text))
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
                if let Some(path) = &text.whole
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
            Text::parse(text).pieces.iter().map(piece).collect::<Vec<_>>().join(" ")
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
        assert_eq!(shown("$.Attributes.n-$.Attributes.m"), r#"$["Attributes", "n"] "-" $["Attributes", "m"]"#);
        assert_eq!(shown("$.Attributes.a-b- c"), r#"$["Attributes", "a-b"] "- c""#);
        assert_eq!(shown("$.Name.Thanks"), r#"$["Name"] ".Thanks""#);
        assert_eq!(shown("For $.Agent.FirstName.x"), r#""For " $["Agent", "FirstName"] ".x""#);
        assert_eq!(shown("$.Attributes.['q']!"), r#"$["Attributes", "q"] "!""#);
        assert_eq!(shown("$.Campaign.x"), r#"$["Campaign", "x"]"#);
        assert_eq!(shown("$.Horoscope.today"), r#"$["Horoscope", "today"]"#);
        assert_eq!(shown("see $.Horoscope.today"), r#""see $.Horoscope.today""#);
    }

    #[test]
    fn a_whole_text_may_be_a_path_with_blanks() {
        let shown = |text: &str| Path::parse(text).map(|Path(words)| words.join("|"));
        assert_eq!(shown("$.Attributes.my queue").as_deref(), Some("Attributes|my queue"));
        assert_eq!(shown("$.Attributes.['my queue']").as_deref(), Some("Attributes|my queue"));
        assert_eq!(shown("$.External.a b.c d").as_deref(), Some("External|a b|c d"));
        assert_eq!(shown("$.Name is here"), None);
        assert_eq!(shown("$.Attributes.a $.Attributes.b"), None);
        assert_eq!(shown("$.Attributes.a.b"), None);
        assert_eq!(shown("$.50"), None);
        assert_eq!(shown("$"), None);
    }

    #[test]
    fn a_leaf_is_one_value() {
        assert!(Path::parse("$.Name").unwrap().has_leaf());
        assert!(Path::parse("$.External.x").unwrap().has_leaf());
        assert!(!Path::parse("$.External").unwrap().has_leaf());
        assert_eq!(Path::parse("name"), None);
        assert!(!Path::parse("$.Attributes").unwrap().has_leaf());
        assert!(Path::parse("$.CustomerCallbackNumber").unwrap().has_leaf());
    }
}
