//! What browsers need: the session's cookie, and proof that a page of ours sent a request that carries it.

use ::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use ::http::{HeaderMap, Method};
use wire::WireError;

/// Name of the cookie.
const COOKIE_NAME: &str = "callboard_session";
/// A header that only scripts of the same origin can add.
const CSRF: HeaderName = HeaderName::from_static("x-callboard-csrf");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How a request names its session.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'h> {
    /// `Authorization: Bearer …`, which no browser adds by itself.
    Bearer(&'h str),
    /// The cookie, which every browser adds.
    Cookie(&'h str),
}

/// The session's token, if the request has one; the header before the cookie.
pub fn token(headers: &HeaderMap) -> Option<Token<'_>> {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some((scheme, bearer)) = authorization.split_once(' ')
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Token::Bearer(bearer.trim()));
    }
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| Token::Cookie(value))
}

/// Refuses a request that may change something, carries the cookie, and may have been sent by a page of another site.
pub fn judge_origin(method: &Method, headers: &HeaderMap) -> Result<(), WireError> {
    if matches!(*method, Method::GET | Method::HEAD) || headers.contains_key(&CSRF) {
        return Ok(());
    }
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let same = match (text(&FETCH_SITE), text(&ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(&HOST)
        }
        (None, None) => false,
    };
    if same {
        return Ok(());
    }
    let message = "a request with the session's cookie that changes something must come from a page of this server, or \
                   carry the header X-Callboard-Csrf; without the cookie, send the token as Authorization: Bearer";
    Err(WireError::exception("AccessDeniedException", message))
}

/// The `Set-Cookie` of a new session.
pub fn set_cookie(token: &str, life_seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={token}; Path=/agent/v1; Max-Age={life_seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;
    use expect_test::expect;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_token_is_in_the_header_or_in_the_cookie() {
        let both = headers(&[("authorization", "Bearer abc"), ("cookie", "callboard_session=def")]);
        assert_eq!(token(&both), Some(Token::Bearer("abc")));
        let cookie = headers(&[("cookie", "other=1; callboard_session=def")]);
        assert_eq!(token(&cookie), Some(Token::Cookie("def")));
        let none = headers(&[("authorization", "AWS4-HMAC-SHA256 Credential=x"), ("cookie", "xcallboard_session=def")]);
        assert_eq!(token(&none), None);
    }

    #[test]
    fn a_write_with_the_cookie_must_come_from_a_page_of_ours() {
        let cases: &[(&Method, &[(&str, &str)])] = &[
            (&Method::GET, &[("sec-fetch-site", "cross-site")]),
            (&Method::POST, &[]),
            (&Method::POST, &[("x-callboard-csrf", "1")]),
            (&Method::POST, &[("sec-fetch-site", "same-origin")]),
            (&Method::POST, &[("sec-fetch-site", "same-site"), ("origin", "http://desk:8080"), ("host", "desk:8080")]),
            (&Method::PUT, &[("origin", "http://desk:8080"), ("host", "desk:8080")]),
            (&Method::PUT, &[("origin", "http://evil:8080"), ("host", "desk:8080")]),
            (&Method::DELETE, &[("origin", "null"), ("host", "desk:8080")]),
        ];
        let mut table = String::new();
        for (method, lines) in cases {
            let headers = lines
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            let judged = if judge_origin(method, &headers).is_ok() { "allowed" } else { "refused" };
            table += &format!("{judged} {method} {lines:?}\n");
        }
        expect![[r#"
            allowed GET [("sec-fetch-site", "cross-site")]
            refused POST []
            allowed POST [("x-callboard-csrf", "1")]
            allowed POST [("sec-fetch-site", "same-origin")]
            refused POST [("sec-fetch-site", "same-site"), ("origin", "http://desk:8080"), ("host", "desk:8080")]
            allowed PUT [("origin", "http://desk:8080"), ("host", "desk:8080")]
            refused PUT [("origin", "http://evil:8080"), ("host", "desk:8080")]
            refused DELETE [("origin", "null"), ("host", "desk:8080")]
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn the_cookie_is_for_the_interface_alone() {
        expect!["callboard_session=abc; Path=/agent/v1; Max-Age=60; HttpOnly; SameSite=Strict; Secure"]
            .assert_eq(&set_cookie("abc", 60, true));
    }
}
