//! Where in a JSON text a path leads, as an editor counts.

/// A line and a column in it, both from 1 on; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of the value that a path such as `Actions[3].Parameters.Text` leads to, in a text that is JSON. Of what
    /// is missing it is the place of what would hold it.
    pub fn of(text: &str, path: &str) -> Place {
        let mut scanner = Scanner { text, at: 0 };
        let offset = scanner.find(path).unwrap_or(0);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    /// Offset of the value at a path below the value that comes next.
    fn find(&mut self, path: &str) -> Option<usize> {
        self.skip_blanks();
        let start = self.at;
        let found = match self.peek()? {
            b'{' => self.member(path)?,
            b'[' => self.element(path)?,
            _ => None,
        };
        match found {
            Some((offset, rest)) => {
                self.at = offset;
                self.find(&rest)
            }
            None => Some(start),
        }
    }

    /// The member that a path begins with: where its value is, and the rest of the path. A name may hold points, so the
    /// longest that fits counts.
    fn member(&mut self, path: &str) -> Option<Option<(usize, String)>> {
        let path = path.strip_prefix('.').unwrap_or(path);
        let mut found: Option<(usize, usize)> = None;
        self.at += 1;
        loop {
            self.skip_blanks();
            if self.peek()? == b'}' {
                break;
            }
            let name = self.name()?;
            self.skip_blanks();
            // The colon.
            self.at += 1;
            let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
            let fits = path.strip_prefix(name.as_str()).is_some_and(ends);
            if fits && found.is_none_or(|(_, length)| length < name.len()) {
                found = Some((self.at, name.len()));
            }
            self.skip_value()?;
            self.skip_blanks();
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        Some(found.map(|(offset, length)| (offset, path[length..].to_owned())))
    }

    fn element(&mut self, path: &str) -> Option<Option<(usize, String)>> {
        let Some((index, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
            return Some(None);
        };
        let Ok(index) = index.parse::<usize>() else { return Some(None) };
        self.at += 1;
        for place in 0.. {
            self.skip_blanks();
            if self.peek()? == b']' {
                break;
            }
            if place == index {
                return Some(Some((self.at, rest.to_owned())));
            }
            self.skip_value()?;
            self.skip_blanks();
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        Some(None)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        serde_json::from_str(&self.text[start..self.at]).ok()
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn skip_value(&mut self) -> Option<()> {
        self.skip_blanks();
        let mut depth = 0;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_lines_and_columns() {
        let text = "{\n  \"a\": [1, {\"b\": \"x]\\\"\", \"c.d\": {\"e\": 2}}],\n  \"ä\": \"ö\", \"f\": 3\n}\n";
        let place = |path: &str| {
            let place = Place::of(text, path);
            format!("{}:{}", place.line, place.column)
        };
        assert_eq!(place(""), "1:1");
        assert_eq!(place("a"), "2:8");
        assert_eq!(place("a[0]"), "2:9");
        assert_eq!(place("a[1].b"), "2:18");
        assert_eq!(place("a[1].c.d.e"), "2:39");
        assert_eq!(place("f"), "3:18");
        // What is missing is where it would be.
        assert_eq!(place("a[1].z"), "2:12");
        assert_eq!(place("a[7]"), "2:8");
        assert_eq!(place("z.y"), "1:1");
        assert_eq!(Place::of("", "a"), Place { line: 1, column: 1 });
    }
}
