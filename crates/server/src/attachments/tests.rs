use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use expect_test::{Expect, expect};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, http};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::{ByteCount, Config, Seconds, Setting as _};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

/// A file host on the loopback address.
async fn host() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = |content: &[u8]| [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", content].concat();
    let answers: Arc<BTreeMap<&str, Vec<u8>>> = Arc::new(BTreeMap::from([
        ("/notes.txt", file(b"some notes")),
        ("/full.txt", file(&[b'x'; 1000])),
        ("/large.txt", file(&[b'x'; 1001])),
        ("/announced.txt", b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n".to_vec()),
        ("/short.txt", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec()),
        ("/picture.png", file(PNG)),
        ("/program.png", file(b"MZ\0\0\0\0\0\0")),
        ("/moved.txt", b"HTTP/1.1 302 Found\r\nlocation: /notes.txt\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("/gone.txt", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("/broken.txt", b"no http at all\r\n\r\n".to_vec()),
    ]));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = text.split([' ', '?']).nth(1).unwrap_or_default();
                match answers.get(path) {
                    Some(answer) => stream.write_all(answer).await.unwrap(),
                    // Silent until the client gives up.
                    None => while stream.read(&mut request).await.is_ok_and(|length| length > 0) {},
                }
            });
        }
    });
    port
}

fn open(directory: &Path, change: impl FnOnce(&mut config::Attachments)) -> Attachments {
    crate::tls::install_provider();
    let mut config = Config::defaults(directory).attachments;
    config.allowed_hosts = vec![HostPattern::parse("127.0.0.1").unwrap(), HostPattern::parse("localhost").unwrap()];
    config.allow_private_addresses = true;
    config.max_bytes = ByteCount(1000);
    change(&mut config);
    Attachments::open(&config, &DataPaths::new(directory)).unwrap()
}

async fn fetch(attachments: &Attachments, url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    let file_name = path.rsplit('/').next().unwrap_or_default();
    let outcome = attachments.fetch(&Download { url, file_name, location: "instance/contact/file" }).await;
    match outcome {
        Outcome::Approved { location, size, sha256 } => {
            format!("approved {location} {size} bytes {:02x}{:02x}", sha256[0], sha256[1])
        }
        Outcome::Rejected { reason } => format!("rejected: {reason}"),
        Outcome::Failed { reason } => format!("failed: {reason}"),
    }
}

async fn check(paths: &[&str], change: impl FnOnce(&mut config::Attachments), expected: &Expect) {
    let port = host().await;
    let directory = tempfile::tempdir().unwrap();
    let attachments = open(directory.path(), change);
    let mut table = String::new();
    for path in paths {
        let url = if path.starts_with('/') {
            format!("http://127.0.0.1:{port}{path}?signature=secret")
        } else {
            path.replace("PORT", &port.to_string())
        };
        table += &format!("{path:<40} {}\n", fetch(&attachments, &url).await);
    }
    expected.assert_eq(&table);
}

#[tokio::test]
async fn files_are_judged_by_size_and_content() {
    check(
        &["/notes.txt", "/full.txt", "/large.txt", "/announced.txt", "/picture.png", "/program.png"],
        |_| {},
        &expect![[r#"
            /notes.txt                               approved instance/contact/file 10 bytes 237b
            /full.txt                                approved instance/contact/file 1000 bytes 44f8
            /large.txt                               rejected: the file is larger than 1000 bytes
            /announced.txt                           rejected: the file is larger than 1000 bytes
            /picture.png                             approved instance/contact/file 18 bytes 4eaa
            /program.png                             rejected: the content is not that of a .png file
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_had_fails() {
    check(
        &["/gone.txt", "/moved.txt", "/short.txt", "/broken.txt", "/silent.txt", "http://127.0.0.1:1/a.txt"],
        |config| config.read_timeout_seconds = Seconds(1),
        &expect![[r#"
            /gone.txt                                failed: the host answered 404 instead of 200
            /moved.txt                               failed: the host answered 302 instead of 200
            /short.txt                               failed: the connection broke before the file was complete
            /broken.txt                              failed: the connection broke before the file was complete
            /silent.txt                              failed: the download took longer than attachments.read_timeout_seconds
            http://127.0.0.1:1/a.txt                 failed: the host could not be reached
        "#]],
    )
    .await;
}

#[tokio::test]
async fn only_allowed_hosts_are_asked() {
    check(
        &[
            "http://localhost.example.org:PORT/notes.txt",
            "http://[::1]:PORT/notes.txt",
            "http://user@10.0.0.1/notes.txt",
            "ftp://127.0.0.1/notes.txt",
            "file:///etc/passwd",
            "not a url",
        ],
        |_| {},
        &expect![[r#"
            http://localhost.example.org:PORT/notes.txt failed: host localhost.example.org is not among attachments.allowed_hosts
            http://[::1]:PORT/notes.txt              failed: host [::1] is not among attachments.allowed_hosts
            http://user@10.0.0.1/notes.txt           failed: host 10.0.0.1 is not among attachments.allowed_hosts
            ftp://127.0.0.1/notes.txt                failed: the URL must begin with http:// or https://
            file:///etc/passwd                       failed: the URL must begin with http:// or https://
            not a url                                failed: the URL is malformed
        "#]],
    )
    .await;
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    check(
        &[
            "http://127.0.0.1:PORT/notes.txt",
            "http://localhost:PORT/notes.txt",
            "http://0x7f.1:PORT/notes.txt",
            "http://2130706433:PORT/notes.txt",
        ],
        |config| config.allow_private_addresses = false,
        &expect![[r#"
            http://127.0.0.1:PORT/notes.txt          failed: the host has a private address; see attachments.allow_private_addresses
            http://localhost:PORT/notes.txt          failed: the host has a private address; see attachments.allow_private_addresses
            http://0x7f.1:PORT/notes.txt             failed: the host has a private address; see attachments.allow_private_addresses
            http://2130706433:PORT/notes.txt         failed: the host has a private address; see attachments.allow_private_addresses
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_approved_file_is_in_its_place_and_a_refused_one_leaves_nothing() {
    let port = host().await;
    let directory = tempfile::tempdir().unwrap();
    let attachments = open(directory.path(), |_| {});
    let place = directory.path().join("attachments/instance/contact");
    for path in ["large.txt", "program.png", "short.txt"] {
        fetch(&attachments, &format!("http://127.0.0.1:{port}/{path}")).await;
        assert_eq!(std::fs::read_dir(&place).map_or(0, Iterator::count), 0, "{path}");
    }
    for _again in 0..2 {
        fetch(&attachments, &format!("http://127.0.0.1:{port}/picture.png")).await;
        assert_eq!(std::fs::read(place.join("file")).unwrap(), PNG);
    }
}

#[tokio::test]
async fn a_deleted_folder_takes_its_files_and_no_others_with_it() {
    let (port, directory) = (host().await, tempfile::tempdir().unwrap());
    let attachments = open(directory.path(), |_| {});
    let url = format!("http://127.0.0.1:{port}/notes.txt");
    for location in ["one/first/file", "one/second/file", "one/second/other", "onemore/third/file"] {
        attachments.fetch(&Download { url: &url, file_name: "notes.txt", location }).await;
    }
    let folder = directory.path().join("attachments");
    attachments.delete_folder("one/second").await.unwrap();
    attachments.delete_folder("one/second").await.unwrap();
    assert!(folder.join("one/first/file").exists() && !folder.join("one/second").exists());
    attachments.delete_folder("one").await.unwrap();
    assert!(folder.join("onemore/third/file").exists() && !folder.join("one").exists());
}

#[test]
fn a_storage_that_cannot_be_opened_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::defaults(directory.path()).attachments;
    for (store, why) in [("gs://bucket", "leave it empty or give s3://"), ("s3://bucket/x", "needs s3_access_key_id")] {
        store.clone_into(&mut config.store);
        let error = Storage::open(&config, &DataPaths::new(directory.path())).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

/// Storage that speaks as much of S3 as an upload needs; what it was asked is sent to the channel.
async fn s3_storage(asked: tokio::sync::mpsc::UnboundedSender<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let asked = asked.clone();
            let answer = service_fn(move |request: Request<Incoming>| {
                let asked = asked.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let bytes = body.collect().await?.to_bytes().len();
                    let query = head.uri.query().unwrap_or_default();
                    let signed = head.headers.contains_key("authorization");
                    asked
                        .send(format!("{} {} {query} {bytes} bytes, signed {signed}", head.method, head.uri.path()))
                        .unwrap();
                    let xml = match (head.method.as_str(), query) {
                        ("POST", "uploads=") => {
                            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
                        }
                        ("POST", _) => "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>",
                        _ => "",
                    };
                    Ok::<_, hyper::Error>(http::Response::builder().header("etag", "e").body(xml.to_owned()).unwrap())
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    port
}

#[tokio::test]
async fn files_can_be_kept_in_s3_compatible_storage() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let (host, storage) = (host().await, s3_storage(sender).await);
    let directory = tempfile::tempdir().unwrap();
    let attachments = open(directory.path(), |config| {
        config.store = "s3://bucket/prefix".to_owned();
        config.s3_endpoint = Some(format!("http://127.0.0.1:{storage}"));
        config.s3_access_key_id = Some("id".to_owned());
        config.s3_secret_access_key = Some("secret".to_owned());
    });
    let outcome = fetch(&attachments, &format!("http://127.0.0.1:{host}/picture.png")).await;
    let mut table = format!("{outcome}\n");
    while let Ok(line) = asked.try_recv() {
        table += &format!("{line}\n");
    }
    expect![[r#"
        approved instance/contact/file 18 bytes 4eaa
        POST /bucket/prefix/instance/contact/file uploads= 0 bytes, signed true
        PUT /bucket/prefix/instance/contact/file partNumber=1&uploadId=1 18 bytes, signed true
        POST /bucket/prefix/instance/contact/file uploadId=1 104 bytes, signed true
    "#]]
    .assert_eq(&table);
}
