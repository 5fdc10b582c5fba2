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
}
