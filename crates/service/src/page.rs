//! Pages of a list.
//!
//! A token names the kind and the last item of the page before, so that items that come and go between two pages shift
//! nothing and the token of another list is refused.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::{KeyId, Kind};

use crate::error::ApiError;
use crate::record::Record;

/// Items of a page when the caller does not say (`observed-errors.md` O13).
pub(crate) const PAGE_DEFAULT: usize = 100;

/// One page, and the token of the next one if there is more.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// Cuts a page out of records that are in the order of their ids.
///
/// # Errors
/// The token is none of this list.
pub(crate) fn page<R: Record>(
    records: impl IntoIterator<Item = Arc<R>>,
    next_token: Option<&str>,
    max_results: Option<i32>,
) -> Result<Page<Arc<R>>, ApiError> {
    page_by(R::KIND, records, |record| record.id(), next_token, max_results)
}

/// Cuts a page out of what one record of a kind lists, in the order of the items' own ids.
///
/// # Errors
/// The token is none of a list of this kind.
pub(crate) fn page_by<T>(
    kind: Kind,
    items: impl IntoIterator<Item = T>,
    id: impl Fn(&T) -> KeyId,
    next_token: Option<&str>,
    max_results: Option<i32>,
) -> Result<Page<T>, ApiError> {
    let after = next_token.map(|token| decode(kind, token)).transpose()?;
    let size = max_results.map_or(PAGE_DEFAULT, |max| usize::try_from(max).unwrap_or(PAGE_DEFAULT).max(1));
    let mut rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| id(item) > *after));
    let items: Vec<T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next_token = items.last().filter(|_| more).map(|last| encode(kind, &id(last)));
    Ok(Page { items, next_token })
}

fn encode(kind: Kind, last: &KeyId) -> String {
    let mut bytes = vec![kind.0];
    bytes.extend_from_slice(last);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(kind: Kind, token: &str) -> Result<KeyId, ApiError> {
    let refused = || {
        let shown: String = token.chars().take(40).collect();
        ApiError::invalid_parameter(format!(
            "Invalid parameter:  {shown}; NextToken must be the NextToken of the page before, unchanged"
        ))
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    match bytes.split_first() {
        Some((first, id)) if *first == kind.0 && !id.is_empty() && id.len() <= store::KEY_ID_MAX => Ok(KeyId::new(id)),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
    struct Item(#[n(0)] u8);

    impl Record for Item {
        const KIND: Kind = Kind(0x7f);
        const NAME: &'static str = "item";

        fn id(&self) -> KeyId {
            [self.0].into()
        }
    }

    fn cut(ids: &[u8], token: Option<&str>, size: i32) -> Result<(Vec<u8>, Option<String>), ApiError> {
        let page = page(ids.iter().map(|id| Arc::new(Item(*id))), token, Some(size))?;
        Ok((page.items.iter().map(|item| item.0).collect(), page.next_token))
    }

    fn pages(count: u8, size: i32) -> Vec<Vec<u8>> {
        let ids: Vec<u8> = (0..count).collect();
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = cut(&ids, token.as_deref(), size).unwrap();
            pages.push(page);
            token = next;
            if token.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_cover_everything_once() {
        assert_eq!(pages(5, 2), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(pages(4, 2), [vec![0, 1], vec![2, 3]]);
        assert_eq!(pages(0, 2), [Vec::<u8>::new()]);
    }

    #[test]
    fn an_item_that_goes_between_two_pages_shifts_nothing() {
        let (_, token) = cut(&[0, 1, 2, 3, 4, 5], None, 3).unwrap();
        assert_eq!(cut(&[0, 1, 3, 4, 5], token.as_deref(), 3).unwrap().0, [3, 4, 5]);
    }

    #[test]
    fn a_strange_token_and_that_of_another_list_are_refused() {
        let other = encode(Kind(0x7e), &[1].into());
        for token in ["!", "", "AAAA=", &"A".repeat(4000), &other] {
            let error = cut(&[0, 1, 2], Some(token), 1).unwrap_err();
            assert_eq!(error.exception, "InvalidParameterException", "{token}");
        }
    }
}
