//! Method and path to operation.

use std::collections::HashMap;
use std::sync::LazyLock;

use api::facts::{Method, Segment};
use api::{OPERATIONS, OperationFacts};

use crate::{WireError, percent};

/// An operation and what the path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The operation, which has types only if [`OperationFacts::input`] is set.
    pub operation: &'static OperationFacts,
    /// Names and percent-decoded values of the labels, in the order of the path.
    pub labels: Vec<(&'static str, String)>,
}

/// More segments than any operation has.
const SEGMENTS_MAX: usize = 16;

/// Operations by method and number of segments. Where a literal and a label both fit, the literal comes first.
static ROUTES: LazyLock<HashMap<(Method, usize), Vec<&'static OperationFacts>>> = LazyLock::new(|| {
    let mut routes: HashMap<_, Vec<&OperationFacts>> = HashMap::new();
    for operation in &OPERATIONS {
        assert!(operation.path.len() < SEGMENTS_MAX, "{} has a longer path than any before", operation.name);
        routes.entry((operation.method, operation.path.len())).or_default().push(operation);
    }
    for operations in routes.values_mut() {
        operations.sort_by_key(|operation| operation.path.iter().map(is_label).collect::<Vec<_>>());
    }
    routes
});

/// Finds the operation of a request.
///
/// The raw path is split before anything is decoded: a label may hold an ARN whose slashes are percent-encoded. Empty and
/// dot segments fit no label: a signature is made over the path without them, so the same one would be right for two
/// operations.
///
/// # Errors
///
/// `UnknownOperationException` where no operation fits; `BadRequestException` where a label is not UTF-8.
pub fn route(method: &str, raw_path: &str) -> Result<Route, WireError> {
    let unknown = || WireError::unknown_operation(method, raw_path);
    let known_method = Method::from_name(method).ok_or_else(unknown)?;
    let mut segments = [""; SEGMENTS_MAX];
    let mut count = 0;
    for segment in raw_path.strip_prefix('/').ok_or_else(unknown)?.split('/') {
        *segments.get_mut(count).ok_or_else(unknown)? = segment;
        count += 1;
    }
    let segments = &segments[..count];
    let candidates = ROUTES.get(&(known_method, count)).ok_or_else(unknown)?;
    let operation = candidates.iter().find(|operation| fits(operation, segments)).ok_or_else(unknown)?;
    let mut labels = Vec::new();
    for (part, segment) in operation.path.iter().zip(segments) {
        if let Segment::Label(name) = part {
            let value = percent::decode_text(segment)
                .ok_or_else(|| WireError::bad_request(format!("Invalid request path: {name} is not UTF-8")))?;
            labels.push((*name, value.into_owned()));
        }
    }
    Ok(Route { operation, labels })
}

fn fits(operation: &OperationFacts, segments: &[&str]) -> bool {
    operation.path.iter().zip(segments).all(|(part, segment)| match part {
        Segment::Literal(text) => text == segment,
        Segment::Label(_) => !matches!(*segment, "" | "." | ".."),
    })
}

fn is_label(segment: &Segment) -> bool {
    matches!(segment, Segment::Label(_))
}
