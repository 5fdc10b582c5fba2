//! The interface described: an OpenAPI document for programs and a page for people, both from the list of endpoints.

use std::fmt::Write as _;

use ::http::Response;
use ::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::endpoints::{ENDPOINTS, Endpoint, Member};
use super::schemas;
use crate::http::{Answer, whole};

const TITLE: &str = "Callboard agent interface";
const ABOUT: &str = "What an agent does: see offers, accept, work, pause, transfer and end contacts. A person signs in \
                     with POST /agent/v1/session and sends the token as Authorization: Bearer, or has the cookie; a \
                     request with the cookie that changes something must come from a page of this server or carry the \
                     header X-Callboard-Csrf. A program signs its requests (AWS Signature Version 4, service connect) \
                     and uses the same paths below /agent/v1/users/{UserId}/ with ?instance= and the instance's id, \
                     ARN or alias. Errors are JSON with Type and Message.";
const STREAM: &str = "Server-sent events named snapshot, whose data is what GET snapshot answers; at once, and then at \
                      each change. Changes may be merged; the newest always arrives. With Last-Event-ID a snapshot \
                      that is known already is not sent again. Comments are heartbeats. The events signed-out and \
                      error are the last of a stream.";
const SIGN_IN: &[Member] = &[
    Member { name: "InstanceId", kind: "string", required: true, doc: "Id, ARN or alias of the instance." },
    Member { name: "Username", kind: "string", required: true, doc: "User name." },
    Member { name: "Password", kind: "string", required: true, doc: "Password." },
];
const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
                     code{font-family:monospace}h2{margin:2rem 0 0;font-size:1.1rem}li{margin:.2rem 0}";

/// The OpenAPI document.
pub fn document() -> Value {
    let mut paths = Map::new();
    let session = json!({
        "post": {"summary": "Sign in. The token is in the answer and in a cookie.", "security": [],
                 "requestBody": request(SIGN_IN),
                 "responses": {"200": answer("A session.", "Session"),
                               "401": refusal("The instance, the user name or the password is wrong."),
                               "429": refusal("Too many tries.")}},
        "delete": {"summary": "Sign out.", "responses": responses(answer("Done.", "Done"))},
    });
    paths.insert("/agent/v1/session".to_owned(), session);
    for (prefix, user) in [("/agent/v1/", false), ("/agent/v1/users/{UserId}/", true)] {
        for endpoint in ENDPOINTS {
            let item = paths.entry(format!("{prefix}{}", endpoint.path)).or_insert_with(|| json!({}));
            item[endpoint.method.to_lowercase()] = operation(endpoint, user);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": ABOUT},
        "paths": paths,
        "security": [{"token": []}, {"cookie": []}],
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "callboard_session"},
                "signature": {"type": "apiKey", "in": "header", "name": "Authorization",
                              "description": "AWS Signature Version 4 with an access key that may act for the user."},
            },
            "schemas": schemas::schemas(),
        },
    })
}

fn operation(endpoint: &Endpoint, user: bool) -> Value {
    let parameter = |name: &str, place: &str, doc: &str| json!({"name": name, "in": place, "required": true, "description": doc, "schema": {"type": "string"}});
    let mut parameters = Vec::new();
    if user {
        parameters.push(parameter("UserId", "path", "Id of the user who is acted for."));
        parameters.push(parameter("instance", "query", "Id, ARN or alias of the instance."));
    }
    if endpoint.path.contains("{ContactId}") {
        parameters.push(parameter("ContactId", "path", "Id of the contact."));
    }
    let success = match endpoint.path {
        "events" => json!({"description": STREAM, "content": {"text/event-stream": {"schema": {"type": "string"}}}}),
        _ => answer("Done.", endpoint.answer),
    };
    let mut operation = json!({"summary": endpoint.summary, "responses": responses(success)});
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if !endpoint.members.is_empty() {
        operation["requestBody"] = request(endpoint.members);
    }
    if user {
        operation["security"] = json!([{"signature": []}]);
    }
    operation
}

fn request(members: &[Member]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| (member.name.to_owned(), json!({"type": member.kind, "description": member.doc})))
        .collect();
    let required: Vec<&str> = members.iter().filter(|member| member.required).map(|member| member.name).collect();
    let schema = json!({"type": "object", "properties": properties, "required": required});
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn responses(success: Value) -> Value {
    let refused = refusal("Refused; nothing has changed.");
    Value::Object(Map::from_iter([("200".to_owned(), success), ("default".to_owned(), refused)]))
}

fn answer(doc: &str, schema: &str) -> Value {
    json!({"description": doc, "content": {"application/json": {"schema": schemas::reference(schema)}}})
}

fn refusal(doc: &str) -> Value {
    answer(doc, "Error")
}

/// The page, which needs nothing from elsewhere.
pub fn page() -> Answer {
    let mut page = Response::new(whole(html()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        BASE64_STANDARD.encode(Sha256::digest(STYLE))
    );
    let headers = page.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).expect("a policy is plain text"));
    page
}

fn html() -> String {
    let mut text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{TITLE}</title><style>{STYLE}</style>\
         <h1>{TITLE}</h1><p>{ABOUT}</p><p>For programs: <a href=\"openapi.json\">openapi.json</a></p>"
    );
    describe(&mut text, "POST", "session", "Sign in. The token is in the answer and in a cookie.", SIGN_IN);
    describe(&mut text, "DELETE", "session", "Sign out.", &[]);
    for endpoint in ENDPOINTS {
        describe(&mut text, endpoint.method, endpoint.path, endpoint.summary, endpoint.members);
        if endpoint.path == "events" {
            let _ = write!(text, "<p>{STREAM}</p>");
        }
    }
    text + "</html>"
}

fn describe(text: &mut String, method: &str, path: &str, summary: &str, members: &[Member]) {
    let _ = write!(text, "<h2><code>{method} /agent/v1/{path}</code></h2><p>{summary}</p>");
    if members.is_empty() {
        return;
    }
    text.push_str("<ul>");
    for member in members {
        let optional = if member.required { "" } else { ", optional" };
        let _ = write!(text, "<li><code>{}</code> ({}{optional}): {}</li>", member.name, member.kind, member.doc);
    }
    text.push_str("</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_described_for_people_and_for_programs() {
        let (document, page) = (document(), html());
        for endpoint in ENDPOINTS {
            let method = endpoint.method.to_lowercase();
            for prefix in ["/agent/v1/", "/agent/v1/users/{UserId}/"] {
                let operation = &document["paths"][format!("{prefix}{}", endpoint.path)][&method];
                assert_eq!(operation["summary"], endpoint.summary, "{} {}", endpoint.method, endpoint.path);
                let schema = &document["components"]["schemas"][endpoint.answer];
                assert!(schema.is_object(), "{} has no schema {}", endpoint.path, endpoint.answer);
            }
            assert!(page.contains(&format!("{} /agent/v1/{}<", endpoint.method, endpoint.path)));
        }
        assert!(document["paths"]["/agent/v1/session"]["post"].is_object());
        assert!(!page.contains("src=") && !page.contains("<script"), "the page needs nothing from elsewhere");
    }
}
