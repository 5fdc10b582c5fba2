//! Copies of a data directory, and bringing them back.

use crate::harness::{Place, shown_key};

#[test]
fn a_backup_of_a_running_server_is_whole_and_comes_back() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let root = shown_key(&server.printed);
    let (status, created) = server.send(
        &root,
        "PUT",
        "/instance",
        r#"{"IdentityManagementType":"CONNECT_MANAGED","InstanceAlias":"kept","InboundCallsEnabled":false,"OutboundCallsEnabled":false}"#,
    );
    assert_eq!(status, 200, "{created}");
    let file = place.data().join("attachments/instance/contact/file");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "content").unwrap();
    let told = place.ok(&["backup", "--to", "copy"]);
    assert!(told.contains("1 attachments") && told.contains("keep a copy"), "{told}");
    assert!(place.refused(&["backup", "--to", "copy"]).contains("not empty"));
    assert!(place.refused(&["check"]).contains("in use by callboard serve"));
    server.kill();
    assert!(place.ok(&["check"]).contains("1 instances"));

    let other = Place::new();
    let copy = place.path("copy").display().to_string();
    let told = other.ok(&["restore", "--from", &copy]);
    assert!(told.contains("1 instances") && told.contains("no problems found"), "{told}");
    assert!(other.refused(&["restore", "--from", &copy]).contains("not empty"));
    assert_eq!(std::fs::read_to_string(other.data().join("attachments/instance/contact/file")).unwrap(), "content");
    std::fs::copy(place.data().join("secret.key"), other.data().join("secret.key")).unwrap();
    let server = other.serve(&[], &[]);
    let (status, listed) = server.send(&root, "GET", "/instance", "");
    assert!(status == 200 && listed.contains("kept"), "{listed}");
}

#[test]
fn a_backup_without_a_server_and_a_damaged_one() {
    let place = Place::new();
    place.serve(&[], &[]).kill();
    place.ok(&["backup", "--to", "copy"]);
    std::fs::remove_file(place.path("copy/manifest")).unwrap();
    let other = Place::new();
    let copy = place.path("copy").display().to_string();
    assert!(other.refused(&["restore", "--from", &copy]).contains("it has no manifest"));
}
