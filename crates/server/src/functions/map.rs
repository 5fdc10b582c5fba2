//! Which function runs where: the section `[functions]` of the configuration.

use engine::pattern::Pattern;
use reqwest::Url;
use serde::Deserialize;

use super::name::FunctionName;
use crate::config::{EntryError, Map, MapSection};

/// Most entries of the section.
const ENTRIES_MAX: usize = 1_000;
/// Longest pattern, in bytes: as long as a flow may name a function.
const PATTERN_BYTES_MAX: usize = 2_048;

/// Where functions run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionMap(Vec<Entry>);

/// Some functions, and where they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which functions are meant: by ARN, or by name.
    pub pattern: Pattern,
    /// Where they run.
    pub target: Target,
}

/// Where a function runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// At an endpoint that speaks the Lambda Invoke API.
    Lambda {
        /// The endpoint, without the path of the API.
        endpoint: Url,
        /// Name or ARN that it knows the function by; none for the name that the flow gives.
        function: Option<String>,
        /// Region to sign for; none for the one of the function's ARN, or the server's.
        region: Option<String>,
    },
    /// At a URL: it is sent the event and answers with the answer.
    Url(Url),
    /// As a program of this machine, which reads the event and writes the answer.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table in braces")]
struct Written {
    lambda: Option<String>,
    function: Option<String>,
    region: Option<String>,
    url: Option<String>,
    command: Option<Vec<String>>,
}

impl Map for FunctionMap {
    const SECTION: MapSection = MapSection {
        name: "functions",
        doc: "\
Where the functions run that flows call with InvokeLambdaFunction. An instance allows
each of them by AssociateLambdaFunction. A key is the ARN of a function or its bare name, which means every function of
that name; `*` stands for any text. Of several that fit, one without `*` is taken first, then the longest. An ARN without
version or alias means all of them. Nothing else is ever called.

- `lambda` is an endpoint that speaks the Lambda Invoke API: AWS itself, SAM local, an emulator. Calls are signed when
  `[function_calls]` has an access key, for `region` or else for the region of the function's ARN. It is asked for the
  function's name, or for what `function` says.
- `url` is sent the event by POST, and the body of its answer is the answer.
- `command` is a program of this machine with its arguments, run without a shell. It reads the event on standard input
  and writes the answer to standard output. What it says on standard error is told when it fails. It is killed, with
  all that it started, when its time is over and when it leaves something running.

The event and the answer are those of AWS Lambda. An answer has at most 32 KiB. A call takes at most the seconds that the
flow gives it, 8 at most, the waiting for a place and all tries included; 429, 5xx and a broken connection are tried
again, up to three times. `X-Callboard-Invocation-Id`, or `CALLBOARD_INVOCATION_ID` in the environment of a command, is
equal when a call is made again, after a crash too; `X-Callboard-Function` and `CALLBOARD_FUNCTION` tell the function as
the flow names it.",
        example: "\
\"orders-*\" = { lambda = \"https://lambda.eu-central-1.amazonaws.com\" }
\"arn:aws:lambda:*:*:function:tariff\" = { url = \"http://127.0.0.1:9000/tariff\" }
score = { command = [\"/usr/local/bin/score\", \"--fast\"] }",
    };

    fn read(table: &toml::Table) -> Result<Self, EntryError> {
        if table.len() > ENTRIES_MAX {
            let rule = format!("give at most {ENTRIES_MAX} functions; one pattern may stand for many");
            return Err(EntryError { path: Vec::new(), given: table.len().to_string(), rule });
        }
        table.iter().map(|(key, value)| entry(key, value)).collect::<Result<_, _>>().map(FunctionMap)
    }
}

impl FunctionMap {
    /// The entry that says where a function runs.
    pub fn find(&self, function: &FunctionName<'_>) -> Option<&Entry> {
        let fitting = self.0.iter().filter(|entry| means(&entry.pattern, function));
        fitting.min_by(|a, b| a.pattern.rank().cmp(&b.pattern.rank()))
    }

    /// All entries, to look them through at the start.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }
}

/// Whether a pattern means a function: a pattern with a colon is one of ARNs, another one of names.
fn means(pattern: &Pattern, function: &FunctionName<'_>) -> bool {
    if pattern.as_str().contains(':') {
        pattern.fits(function.given) || pattern.fits(function.unqualified)
    } else {
        pattern.fits(function.name)
    }
}

fn entry(key: &str, value: &toml::Value) -> Result<Entry, EntryError> {
    let refused = |path: &[&str], given: String, rule: &str| {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        EntryError { path, given, rule: rule.to_owned() }
    };
    if key.is_empty() || key.len() > PATTERN_BYTES_MAX || key.contains(char::is_whitespace) {
        return Err(refused(&[], key.to_owned(), "a key is the name or the ARN of a function, with * for any text"));
    }
    let written: Written = value.clone().try_into().map_err(|error: toml::de::Error| {
        let rule = format!("{}; give one of {KINDS}", error.message());
        refused(&[key], value.to_string(), &rule)
    })?;
    let Written { lambda, function, region, url, command } = written;
    if lambda.is_none() && (function.is_some() || region.is_some()) {
        return Err(refused(&[key], value.to_string(), "function and region belong to lambda; leave them out"));
    }
    let target = match (lambda, url, command) {
        (Some(text), None, None) => {
            let endpoint = read_url(&text).map_err(|rule| refused(&[key, "lambda"], text.clone(), &rule))?;
            if endpoint.query().is_some() {
                return Err(refused(
                    &[key, "lambda"],
                    text,
                    "an endpoint has no ?; the path of the call is added to it",
                ));
            }
            Target::Lambda { endpoint, function, region }
        }
        (None, Some(text), None) => {
            Target::Url(read_url(&text).map_err(|rule| refused(&[key, "url"], text.clone(), &rule))?)
        }
        (None, None, Some(words)) => match words.split_first() {
            Some((program, arguments)) if !program.is_empty() => {
                Target::Command { program: program.clone(), arguments: arguments.to_vec() }
            }
            _ => {
                let rule = "give a program and its arguments, as [\"/usr/local/bin/score\", \"--fast\"]";
                return Err(refused(&[key, "command"], format!("{words:?}"), rule));
            }
        },
        _ => return Err(refused(&[key], value.to_string(), &format!("give exactly one of {KINDS}"))),
    };
    Ok(Entry { pattern: Pattern::new(key), target })
}

/// The kinds of targets, in words of errors.
const KINDS: &str = "lambda = \"<endpoint>\", url = \"<URL>\" and command = [\"<program>\", …]";

fn read_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; give a URL, as http://127.0.0.1:9000/score"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("a URL begins with http:// or https:// and names a host".to_owned());
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("a URL has neither a user nor a #; put a secret into its path or query".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn read(text: &str) -> Result<FunctionMap, EntryError> {
        FunctionMap::read(&toml::from_str(text).unwrap())
    }

    #[test]
    fn the_example_of_the_manual_can_be_read() {
        assert_eq!(read(FunctionMap::SECTION.example).unwrap().entries().len(), 3);
    }

    #[test]
    fn the_exact_key_goes_first_then_the_longest() {
        let map = read(
            r#"
            "*" = { url = "http://h/any" }
            "score*" = { url = "http://h/score-any" }
            score = { url = "http://h/score" }
            "arn:aws:lambda:*:*:function:score" = { url = "http://h/arns" }
            "arn:aws:lambda:us-east-1:123456789012:function:score" = { url = "http://h/arn" }
            "arn:aws:lambda:us-east-1:123456789012:function:score:live" = { url = "http://h/live" }
            "t*a*f" = { url = "http://h/taf" }
            "#,
        )
        .unwrap();
        let mut table = String::new();
        for function in [
            "score",
            "score:live",
            "scores",
            "arn:aws:lambda:us-east-1:123456789012:function:score",
            "arn:aws:lambda:us-east-1:123456789012:function:score:live",
            "arn:aws:lambda:us-east-1:123456789012:function:score:old",
            "arn:aws:lambda:eu-west-1:123456789012:function:score",
            "tariff",
            "taf",
            "tf",
        ] {
            let entry = map.find(&FunctionName::read(function)).unwrap();
            table += &format!("{function}: {}\n", entry.pattern.as_str());
        }
        expect![[r#"
            score: score
            score:live: score
            scores: score*
            arn:aws:lambda:us-east-1:123456789012:function:score: arn:aws:lambda:us-east-1:123456789012:function:score
            arn:aws:lambda:us-east-1:123456789012:function:score:live: arn:aws:lambda:us-east-1:123456789012:function:score:live
            arn:aws:lambda:us-east-1:123456789012:function:score:old: arn:aws:lambda:us-east-1:123456789012:function:score
            arn:aws:lambda:eu-west-1:123456789012:function:score: score
            tariff: t*a*f
            taf: t*a*f
            tf: *
        "#]]
        .assert_eq(&table);
        assert_eq!(read("score = { url = \"http://h/\" }").unwrap().find(&FunctionName::read("other")), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_way_out() {
        let mut table = String::new();
        for text in [
            "score = 5",
            "score = {}",
            "score = { url = \"http://h/\", command = [\"x\"] }",
            "score = { link = \"http://h/\" }",
            "score = { url = \"ftp://h/\" }",
            "score = { url = \"h/score\" }",
            "score = { url = \"http://ann:secret@h/\" }",
            "score = { url = \"http://h/\", region = \"us-east-1\" }",
            "score = { lambda = \"http://h/?x=1\" }",
            "score = { command = [] }",
            "score = { command = \"run it\" }",
            "\"a b\" = { url = \"http://h/\" }",
        ] {
            let EntryError { path, given, rule } = read(text).unwrap_err();
            table += &format!("{}: {given}: {rule}\n", path.join("."));
        }
        expect![[r#"
            score: 5: invalid type: integer `5`, expected a table in braces; give one of lambda = "<endpoint>", url = "<URL>" and command = ["<program>", …]
            score: {}: give exactly one of lambda = "<endpoint>", url = "<URL>" and command = ["<program>", …]
            score: { command = ["x"], url = "http://h/" }: give exactly one of lambda = "<endpoint>", url = "<URL>" and command = ["<program>", …]
            score: { link = "http://h/" }: unknown field `link`, expected one of `lambda`, `function`, `region`, `url`, `command`; give one of lambda = "<endpoint>", url = "<URL>" and command = ["<program>", …]
            score.url: ftp://h/: a URL begins with http:// or https:// and names a host
            score.url: h/score: relative URL without a base; give a URL, as http://127.0.0.1:9000/score
            score.url: http://ann:secret@h/: a URL has neither a user nor a #; put a secret into its path or query
            score: { region = "us-east-1", url = "http://h/" }: function and region belong to lambda; leave them out
            score.lambda: http://h/?x=1: an endpoint has no ?; the path of the call is added to it
            score.command: []: give a program and its arguments, as ["/usr/local/bin/score", "--fast"]
            score: { command = "run it" }: invalid type: string "run it", expected a sequence; give one of lambda = "<endpoint>", url = "<URL>" and command = ["<program>", …]
            : a b: a key is the name or the ARN of a function, with * for any text
        "#]].assert_eq(&table);
    }
}
