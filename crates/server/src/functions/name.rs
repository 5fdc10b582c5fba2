//! How flows name functions.

/// A function as a flow names it: an ARN, the end of one, or a name; each perhaps with a version or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionName<'a> {
    /// All of it.
    pub given: &'a str,
    /// All of it but version or alias.
    pub unqualified: &'a str,
    /// The name alone.
    pub name: &'a str,
    /// Version or alias.
    pub qualifier: Option<&'a str>,
    /// The region of an ARN.
    pub region: Option<&'a str>,
}

/// What comes before the name in an ARN.
const MARK: &str = "function:";
/// What separates the name from version or alias.
const SEPARATOR: char = ':';

impl<'a> FunctionName<'a> {
    /// Reads any text. One that is neither an ARN nor a name, such as a placeholder, is a name as a whole.
    pub fn read(given: &'a str) -> FunctionName<'a> {
        let arn: Vec<&str> = given.splitn(5, SEPARATOR).collect();
        let region = (arn.len() == 5 && arn[0] == "arn").then(|| arn[3]).filter(|region| !region.is_empty());
        let start = match given.find(MARK) {
            Some(at) if at == 0 || given[..at].ends_with(SEPARATOR) => at + MARK.len(),
            _ => 0,
        };
        let rest = &given[start..];
        let (name, qualifier) = match rest.split_once(SEPARATOR) {
            Some((name, qualifier)) if !name.is_empty() && !qualifier.contains(SEPARATOR) => (name, Some(qualifier)),
            _ => (rest, None),
        };
        let qualifier = qualifier.filter(|qualifier| !qualifier.is_empty());
        FunctionName { given, unqualified: &given[..start + name.len()], name, qualifier, region }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn names_have_many_forms() {
        let mut table = String::new();
        for given in [
            "score",
            "score:live",
            "arn:aws:lambda:eu-west-1:123456789012:function:score",
            "arn:aws:lambda:eu-west-1:123456789012:function:score:7",
            "123456789012:function:score:$LATEST",
            "function:score",
            "${ScoreFunction.Arn}",
            "{{resolve:ssm:/score:1}}",
            "my-function:live",
        ] {
            let FunctionName { unqualified, name, qualifier, region, .. } = FunctionName::read(given);
            let (qualifier, region) = (qualifier.unwrap_or("-"), region.unwrap_or("-"));
            table += &format!("{given}: {name} {qualifier} {region} of {unqualified}\n");
        }
        expect![[r#"
            score: score - - of score
            score:live: score live - of score
            arn:aws:lambda:eu-west-1:123456789012:function:score: score - eu-west-1 of arn:aws:lambda:eu-west-1:123456789012:function:score
            arn:aws:lambda:eu-west-1:123456789012:function:score:7: score 7 eu-west-1 of arn:aws:lambda:eu-west-1:123456789012:function:score
            123456789012:function:score:$LATEST: score $LATEST - of 123456789012:function:score
            function:score: score - - of function:score
            ${ScoreFunction.Arn}: ${ScoreFunction.Arn} - - of ${ScoreFunction.Arn}
            {{resolve:ssm:/score:1}}: {{resolve:ssm:/score:1}} - - of {{resolve:ssm:/score:1}}
            my-function:live: my-function live - of my-function
        "#]]
        .assert_eq(&table);
    }
}
