//! Passwords: Argon2id hashes of them, and nothing else, are kept.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use serde_json::Value;
use tokio::sync::Semaphore;
use wire::WireError;

/// Passwords that are hashed at a time for new users: each takes a processor and 19 MiB for some 20 ms.
static HASHES: Semaphore = Semaphore::const_new(2);

/// The hash of the member Password of an input, if it has one.
pub async fn hash_of(input: &Value) -> Result<Option<String>, WireError> {
    let Some(password) = input.get("Password").and_then(Value::as_str) else { return Ok(None) };
    let password = password.to_owned();
    let _turn = HASHES.acquire().await.map_err(|_| stopping())?;
    tokio::task::spawn_blocking(move || hash(password.as_bytes())).await.map_err(|_| stopping())?.map(Some)
}

/// The hash of a password with a new salt, as a PHC string.
pub fn hash(password: &[u8]) -> Result<String, WireError> {
    let hash = Argon2::default().hash_password(password);
    Ok(hash.map_err(|error| WireError::internal(format!("a password could not be hashed: {error}")))?.to_string())
}

/// Whether a password is that of a hash.
pub fn verify(hash: &str, password: &str) -> Result<bool, WireError> {
    let hash = PasswordHash::new(hash)
        .map_err(|error| WireError::internal(format!("the hash of a password cannot be read: {error}")))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn stopping() -> WireError {
    WireError::internal("the server is stopping")
}
