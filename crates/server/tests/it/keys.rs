//! Access keys: made, used, revoked, sealed again, and what happens when the key that seals them is lost.

use crate::harness::{Key, Place, shown_key};

#[test]
fn the_root_key_is_made_at_the_first_start_and_shown_once() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let root = shown_key(&server.printed);
    assert!(server.accepts(&root));
    server.kill();
    let server = place.serve(&[], &[]);
    assert_eq!(server.printed, "");
    assert!(server.accepts(&root));
    assert!(!server.accepts(&Key { secret: "wrong".into(), ..root.clone() }));
    assert!(!server.accepts(&Key { id: "CBNOSUCHKEYNOSUCHKEY".into(), ..root }));
}

#[test]
fn the_root_key_of_the_environment_takes_the_place_of_any_other() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let made = shown_key(&server.printed);
    assert_eq!(server.stop().0, Some(0));
    for secret in ["first", "second"] {
        let variables = [("CALLBOARD_ROOT_ACCESS_KEY_ID", "MYROOT"), ("CALLBOARD_ROOT_SECRET_ACCESS_KEY", secret)];
        let server = place.serve(&[], &variables);
        assert_eq!(server.printed, "");
        assert!(server.accepts(&Key { id: "MYROOT".into(), secret: secret.into() }));
        assert!(!server.accepts(&made));
        assert_eq!(server.stop().0, Some(0));
    }
    let half = place.command(&["serve"], &[("CALLBOARD_ROOT_ACCESS_KEY_ID", "MYROOT")]).output().unwrap();
    assert!(String::from_utf8_lossy(&half.stderr).contains("belong together"));
}

#[test]
fn keys_are_issued_and_revoked_beside_a_running_server() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let root = shown_key(&server.printed);
    let ann = shown_key(&place.ok(&["keys", "create", "--name", "ann"]));
    assert!(server.accepts(&ann));
    assert_eq!(server.send(&ann, "POST", "/_callboard/v1/clock/advance", "{\"Seconds\":1}").0, 403);
    assert_eq!(server.send(&root, "POST", "/_callboard/v1/clock/advance", "{\"Seconds\":1}").0, 400);
    assert_eq!(place.ok(&["keys", "list"]), format!("{}  active   root\n{}  active   ann\n", root.id, ann.id));
    place.ok(&["keys", "revoke", &ann.id]);
    assert!(!server.accepts(&ann));
    assert!(place.ok(&["keys", "list"]).contains("revoked  ann"));
    assert!(place.refused(&["keys", "revoke", "CBNO"]).contains("there is no access key CBNO"));
    assert!(place.refused(&["keys", "create", "--name", "a b"]).contains("cannot be a key's name"));
}

#[test]
fn keys_are_issued_without_a_server_too() {
    let place = Place::new();
    assert!(place.refused(&["keys", "list"]).contains("there is no database"));
    place.serve(&[], &[]).kill();
    // The socket of the killed server is still there, and nobody listens on it.
    assert!(place.data().join("control.sock").exists());
    let ann = shown_key(&place.ok(&["keys", "create", "--name", "ann"]));
    let server = place.serve(&[], &[]);
    assert!(server.accepts(&ann));
    assert!(place.ok(&["keys", "list"]).contains("ann"));
}

#[test]
fn secrets_are_sealed_again_under_a_new_key() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let root = shown_key(&server.printed);
    let file = place.data().join("secret.key");
    let before = std::fs::read_to_string(&file).unwrap();
    assert!(place.ok(&["keys", "rekey"]).starts_with("1 secrets are sealed under a new key"));
    assert!(server.accepts(&root));
    server.kill();
    let after = std::fs::read_to_string(&file).unwrap();
    assert_ne!(after, before);
    assert_eq!(after.lines().count(), 1);
    let server = place.serve(&[], &[]);
    assert!(server.accepts(&root));
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn without_the_key_file_keys_are_unusable_and_the_server_serves() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let root = shown_key(&server.printed);
    server.kill();
    let (file, kept) = (place.data().join("secret.key"), place.path("kept.key"));
    std::fs::rename(&file, &kept).unwrap();
    let server = place.serve(&[], &[]);
    assert!(!server.accepts(&root));
    assert!(place.refused(&["keys", "create", "--name", "ann"]).contains("put secret.key back"));
    server.kill();
    let key = std::fs::read_to_string(&kept).unwrap();
    let server = place.serve(&[], &[("CALLBOARD_SECRET_KEY", key.trim())]);
    assert!(server.accepts(&root));
    server.kill();
    std::fs::rename(&kept, &file).unwrap();
    assert!(place.serve(&[], &[]).accepts(&root));
}
