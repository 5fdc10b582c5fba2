//! The operations that there are, and the way of a call from its decoded input to its handler.

use std::collections::HashMap;
use std::marker::PhantomData;

use api::{Operation, OperationFacts};
use engine::InstanceId;
use engine::instance::IdentityManagement;
use engine::limits::Limits;
use serde_json::Value;

use crate::call::{Call, Caller};
use crate::error::{ApiError, Halt, instance_not_found};
use crate::handlers;
use crate::handlers::access_key::AccessKey;
use crate::token::Token;
use crate::tx::Tx;

/// A call whose handler can be run, again if need be.
pub trait Prepared: Send {
    /// Runs the handler; the answer is its JSON body.
    fn run(&self, tx: &mut Tx<'_>, call: &Call) -> Result<Vec<u8>, Halt>;
}

/// A call on its way to the loop that owns its records.
pub struct Request {
    /// Name of the operation.
    pub operation: &'static str,
    /// The instance; `None` for the system scope.
    pub instance: Option<InstanceId>,
    /// Whether it may change something.
    pub writes: bool,
    /// Its idempotency token.
    pub token: Option<Token>,
    /// Who calls.
    pub call: Call,
    /// What to run.
    pub prepared: Box<dyn Prepared>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} of {:?})", self.operation, self.instance)
    }
}

/// Work of the server's own, run like a write.
struct Internal<F>(F);

impl<F: Fn(&mut Tx<'_>) -> Result<(), Halt> + Send> Prepared for Internal<F> {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        (self.0)(tx).map(|()| Vec::new())
    }
}

impl Request {
    pub(crate) fn internal(
        operation: &'static str,
        instance: Option<InstanceId>,
        work: impl Fn(&mut Tx<'_>) -> Result<(), Halt> + Send + 'static,
    ) -> Self {
        Self::of_server(operation, instance, true, Box::new(Internal(work)))
    }

    /// What the server itself asks for, be it in somebody's name.
    pub(crate) fn of_server(
        operation: &'static str,
        instance: Option<InstanceId>,
        writes: bool,
        prepared: Box<dyn Prepared>,
    ) -> Self {
        let caller = Caller { access_key_id: String::new(), arn: "callboard".to_owned(), root: true };
        Request { operation, instance, writes, token: None, call: Call::of(caller), prepared }
    }

    /// Gives an instance its default resources, if it has none.
    pub fn create_defaults(instance: InstanceId, identity_management: IdentityManagement) -> Self {
        let create = move |tx: &mut Tx<'_>| handlers::defaults::create_defaults(tx, identity_management);
        Self::internal("CreateDefaults", Some(instance), create)
    }

    /// Issues an access key, or changes one.
    pub fn put_access_key(key: AccessKey) -> Self {
        Self::internal("PutAccessKey", None, move |tx| {
            tx.put(key.clone());
            Ok(())
        })
    }
}

type WriteHandler<O> = fn(&mut Tx<'_>, &Call, &<O as Operation>::Input) -> Result<<O as Operation>::Output, Halt>;
type ReadHandler<O> = fn(&Tx<'_>, &Call, &<O as Operation>::Input) -> Result<<O as Operation>::Output, Halt>;

/// Which loop a call belongs to, told from its input.
pub type Route<I> = fn(&I) -> Result<Option<InstanceId>, ApiError>;

/// What is refused before the instance is looked up.
pub type Check<I> = fn(&I, &Limits) -> Result<(), ApiError>;

trait Handler: Send + Sync {
    fn prepare(&self, input: Value, limits: &Limits) -> Result<(Option<InstanceId>, Box<dyn Prepared>), ApiError>;
    fn writes(&self) -> bool;
}

enum Run<O: Operation> {
    Read(ReadHandler<O>),
    Write(WriteHandler<O>),
}

impl<O: Operation> Clone for Run<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Operation> Copy for Run<O> {}

struct Registered<O: Operation> {
    run: Run<O>,
    check: Check<O::Input>,
    route: Route<O::Input>,
}

struct PreparedCall<O: Operation> {
    run: Run<O>,
    input: O::Input,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Handler for Registered<O> {
    fn prepare(&self, input: Value, limits: &Limits) -> Result<(Option<InstanceId>, Box<dyn Prepared>), ApiError> {
        let input: O::Input = serde_json::from_value(input).map_err(|error| {
            // The protocol checked the input against the same model, so a difference is ours.
            ApiError::internal(format!("the checked input of {} has not the type's form: {error}", O::FACTS.name))
        })?;
        (self.check)(&input, limits)?;
        let instance = (self.route)(&input)?;
        Ok((instance, Box::new(PreparedCall::<O> { run: self.run, input, operation: PhantomData })))
    }

    fn writes(&self) -> bool {
        matches!(self.run, Run::Write(_))
    }
}

impl<O: Operation> Prepared for PreparedCall<O> {
    fn run(&self, tx: &mut Tx<'_>, call: &Call) -> Result<Vec<u8>, Halt> {
        let output = match self.run {
            Run::Read(handler) => handler(tx, call, &self.input),
            Run::Write(handler) => handler(tx, call, &self.input),
        }
        .map_err(|halt| conform(halt, O::FACTS))?;
        serde_json::to_vec(&output).map_err(|error| ApiError::internal(error).into())
    }
}

/// Strict clients know only the exceptions that an operation declares (`contact-lifecycle.md` section 10).
fn conform(halt: Halt, facts: &OperationFacts) -> Halt {
    let Halt::Refused(mut error) = halt else { return halt };
    let substitute = match error.exception {
        "InvalidRequestException" => "InvalidParameterException",
        "InvalidParameterException" => "InvalidRequestException",
        "ThrottlingException" => "TooManyRequestsException",
        other => other,
    };
    if !facts.declares(error.exception) && (facts.declares(substitute) || substitute == "TooManyRequestsException") {
        error.exception = substitute;
    }
    Halt::Refused(error)
}

/// All operations that have a handler.
pub struct Operations {
    handlers: HashMap<&'static str, Box<dyn Handler>>,
    limits: Limits,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}

impl Operations {
    /// The operations of Callboard, within these bounds.
    pub fn standard(limits: Limits) -> Self {
        handlers::register(Operations { handlers: HashMap::new(), limits })
    }

    /// Whether the operation has a handler.
    pub fn has(&self, operation: &str) -> bool {
        self.handlers.contains_key(operation)
    }

    /// Names of the operations that have a handler, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.handlers.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// Prepares a call from its checked input, and from its token with the hash of the canonical input.
    ///
    /// # Errors
    /// The refusals that need no state, such as a bad reference (R19a) or an instance id that is none.
    pub fn prepare(
        &self,
        facts: &'static OperationFacts,
        input: Value,
        idempotency: Option<(&str, &[u8; 32])>,
        caller: Caller,
    ) -> Result<Request, ApiError> {
        let Some(handler) = self.handlers.get(facts.name) else {
            let text = format!("{} is an operation of Amazon Connect that Callboard does not have", facts.name);
            return Err(ApiError::new("NotImplemented", text));
        };
        let refuse = |error| match conform(Halt::Refused(error), facts) {
            Halt::Refused(error) => error,
            Halt::Need(_) => unreachable!("a refusal stays a refusal"),
        };
        let (instance, prepared) = handler.prepare(input, &self.limits).map_err(refuse)?;
        let token = idempotency.map(|(token, fingerprint)| Token::new(facts.name, token, fingerprint));
        let writes = handler.writes();
        Ok(Request { operation: facts.name, instance, writes, token, call: Call::of(caller), prepared })
    }

    fn add<O: Operation>(mut self, run: Run<O>, route: Route<O::Input>, check: Check<O::Input>) -> Self {
        let before = self.handlers.insert(O::FACTS.name, Box::new(Registered::<O> { run, check, route }));
        assert!(before.is_none(), "{} is registered twice", O::FACTS.name);
        self
    }

    /// An operation that changes nothing.
    pub(crate) fn read<O: Operation>(self, handler: ReadHandler<O>) -> Self
    where
        O::Input: InInstance,
    {
        self.add::<O>(Run::Read(handler), instance_of, |_, _| Ok(()))
    }

    /// An operation that may change something.
    pub(crate) fn write<O: Operation>(self, handler: WriteHandler<O>) -> Self
    where
        O::Input: InInstance,
    {
        self.add::<O>(Run::Write(handler), instance_of, |_, _| Ok(()))
    }

    /// An operation with refusals that come before the instance is looked up.
    pub(crate) fn write_checked<O: Operation>(self, check: Check<O::Input>, handler: WriteHandler<O>) -> Self
    where
        O::Input: InInstance,
    {
        self.add::<O>(Run::Write(handler), instance_of, check)
    }

    /// An operation whose instance, if any, is told from elsewhere in the input.
    pub(crate) fn read_routed<O: Operation>(self, route: Route<O::Input>, handler: ReadHandler<O>) -> Self {
        self.add::<O>(Run::Read(handler), route, |_, _| Ok(()))
    }

    /// The same, for an operation that may change something.
    pub(crate) fn write_routed<O: Operation>(self, route: Route<O::Input>, handler: WriteHandler<O>) -> Self {
        self.add::<O>(Run::Write(handler), route, |_, _| Ok(()))
    }
}

/// An input that names its instance.
pub trait InInstance {
    /// The InstanceId member, an id or an ARN.
    fn instance_id(&self) -> &str;
}

fn instance_of(input: &impl InInstance) -> Result<Option<InstanceId>, ApiError> {
    parse_instance(input.instance_id()).map(Some)
}

/// An instance's id, from the id or the ARN.
pub(crate) fn parse_instance(given: &str) -> Result<InstanceId, ApiError> {
    engine::arn::id_of(given).parse().map_err(|_| instance_not_found(given))
}

/// The route of what lives in the system scope.
pub(crate) fn system<I>(_: &I) -> Result<Option<InstanceId>, ApiError> {
    Ok(None)
}

/// Implements [`InInstance`] for inputs whose member is called `InstanceId`.
macro_rules! in_instance {
    ($($input:ty),* $(,)?) => {$(
        impl $crate::operations::InInstance for $input {
            fn instance_id(&self) -> &str {
                &self.instance_id
            }
        }
    )*};
}

pub(crate) use in_instance;
