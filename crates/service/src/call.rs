//! Who calls.

/// The authenticated caller of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The access key that signed the call.
    pub access_key_id: String,
    /// The caller's ARN, as in refusals.
    pub arn: String,
    /// Whether the key is the root key.
    pub root: bool,
}

/// What a handler knows of the call besides its input.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The Argon2id hash of the password in the input, as a PHC string. It is made before the call reaches the loop, which
    /// has no time for it.
    pub password_hash: Option<String>,
}

impl Call {
    /// A call without a password.
    pub fn of(caller: Caller) -> Self {
        Call { caller, password_hash: None }
    }
}
