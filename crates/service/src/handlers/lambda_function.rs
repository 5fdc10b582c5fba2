//! The functions that the flows of an instance may call.
//!
//! Which function runs where is for the configuration to say; here is only what is allowed. What a flow calls is what must
//! be allowed, be it an ARN or, where the configuration has such, a bare name. A function has no id: an ARN of up to 140
//! characters is found by the first bytes of its hash.
//!
//! Facts: `control-plane.md` section 3, `quotas.md` section 1, `observed-errors.md` section 2.

use api::shapes;
use engine::Timestamp;
use store::{KeyId, Kind};
use uuid::Uuid;

use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::{Record, text_key};
use crate::tx::Tx;

/// Most functions of a page, and as many where none is said.
const PAGE_MAX: i32 = 25;

in_instance!(
    shapes::AssociateLambdaFunctionRequest,
    shapes::DisassociateLambdaFunctionRequest,
    shapes::ListLambdaFunctionsRequest,
);

/// That flows may call a function.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(crate) struct LambdaFunction {
    /// Its ARN. Without a version or alias behind the name it stands for all of them.
    #[n(0)]
    pub arn: String,
    /// When it was allowed.
    #[n(1)]
    pub associated: Timestamp,
}

impl Record for LambdaFunction {
    const KIND: Kind = kinds::LAMBDA_FUNCTION;
    const NAME: &'static str = "Lambda function";

    fn id(&self) -> KeyId {
        text_key(&self.arn).into()
    }
}

/// The ARN of a function without its version or alias; none for a text that is no function's ARN, which is
/// `arn:aws:lambda:<region>:<account>:function:<name>`, perhaps with `:<version or alias>`.
fn unqualified(arn: &str) -> Option<&str> {
    const PARTS: usize = 7;
    let parts: Vec<&str> = arn.split(':').collect();
    let [scheme, _, service, _, _, resource, _, qualifier @ ..] = parts.as_slice() else { return None };
    let is_function = *scheme == "arn" && *service == "lambda" && *resource == "function";
    if !is_function || qualifier.len() > 1 || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let qualifier_bytes = parts[PARTS..].iter().map(|part| part.len() + 1).sum::<usize>();
    Some(&arn[..arn.len() - qualifier_bytes])
}

/// The name of a function, as the configuration can have one.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Whether flows may call a function: it is allowed itself or, if it has a version or alias, as a whole.
pub(crate) fn may_call(tx: &Tx<'_>, function: &str) -> bool {
    let allowed = |arn: &str| tx.get::<LambdaFunction>(&text_key(arn)).is_some();
    allowed(function) || unqualified(function).is_some_and(allowed)
}

/// Allows the flows of the instance to call a function.
pub(crate) fn associate_lambda_function(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateLambdaFunctionRequest,
) -> Result<api::Empty, Halt> {
    if tx.replayed()?.is_some() {
        return Ok(api::Empty {});
    }
    let arn = &input.function_arn;
    if unqualified(arn).is_none() && !is_name(arn) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  FunctionArn {arn:?}; give an ARN such as arn:aws:lambda:us-east-1:000000000000:function:name, or the name that flows call"
        ))
        .into());
    }
    if tx.get::<LambdaFunction>(&text_key(arn)).is_some() {
        let text = format!("{arn} is associated with the instance already; ListLambdaFunctions shows what is");
        return Err(ApiError::new("ResourceConflictException", text).into());
    }
    refuse_over_quota(tx)?;
    tx.put(LambdaFunction { arn: arn.clone(), associated: tx.now });
    tx.made(made_by(arn));
    Ok(api::Empty {})
}

fn refuse_over_quota(tx: &Tx<'_>) -> Result<(), ApiError> {
    let functions = tx.list::<LambdaFunction>().len();
    super::refuse_over_quota("Lambda functions", functions, tx.settings().quotas.lambda_functions)
        .map_err(|refused| ApiError::service_quota(refused.message))
}

/// What a token is bound to: a function has no id, and its key is as good.
fn made_by(arn: &str) -> Uuid {
    Uuid::from_bytes(text_key(arn))
}

/// Takes the permission away: calls that are under way end as they would, later ones take the error branch. The same
/// token takes it away once.
pub(crate) fn disassociate_lambda_function(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DisassociateLambdaFunctionRequest,
) -> Result<api::Empty, Halt> {
    if tx.replayed()?.is_some() {
        return Ok(api::Empty {});
    }
    let arn = &input.function_arn;
    if tx.get::<LambdaFunction>(&text_key(arn)).is_none() {
        return Err(resource_not_found(LambdaFunction::NAME, arn).into());
    }
    tx.delete::<LambdaFunction>(&text_key(arn));
    tx.made(made_by(arn));
    Ok(api::Empty {})
}

/// Lists the functions that flows may call, in no order that means something.
pub(crate) fn list_lambda_functions(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListLambdaFunctionsRequest,
) -> Result<shapes::ListLambdaFunctionsResponse, Halt> {
    let max = Some(input.max_results.unwrap_or(PAGE_MAX));
    let page = page(tx.list::<LambdaFunction>(), input.next_token.as_deref(), max)?;
    Ok(shapes::ListLambdaFunctionsResponse {
        lambda_functions: Some(page.items.iter().map(|function| function.arn.clone()).collect()),
        next_token: page.next_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_arn_has_seven_parts_and_perhaps_a_version() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:look-up";
        assert_eq!(unqualified(arn), Some(arn));
        assert_eq!(unqualified(&format!("{arn}:$LATEST")), Some(arn));
        assert_eq!(unqualified(&format!("{arn}:7")), Some(arn));
        for wrong in [
            "",
            "look-up",
            "arn:aws:lambda:us-east-1:000000000000:function",
            "arn:aws:lambda:us-east-1:000000000000:function:",
            "arn:aws:lambda::000000000000:function:look-up",
            "arn:aws:lambda:us-east-1:000000000000:layer:look-up",
            "arn:aws:connect:us-east-1:000000000000:function:look-up",
            "arn:aws:lambda:us-east-1:000000000000:function:look-up:1:2",
        ] {
            assert_eq!(unqualified(wrong), None, "{wrong}");
        }
        // The engine's rule, which looks at one function that is allowed, is the same.
        for called in [arn, &format!("{arn}:7"), &format!("{arn}s")] {
            let allowed = called == arn || unqualified(called) == Some(arn);
            assert_eq!(allowed, engine::flow::function::is_allowed_by(arn, called), "{called}");
        }
    }
}
