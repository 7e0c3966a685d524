//! Query parameters as upstream reads them: the first of several counts, unknown ones are ignored.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

use crate::reply::ApiError;

/// The decoded query of a request.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of a parameter; absent is empty.
    pub(crate) fn first(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v)
    }

    /// A parameter that must not be missing.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        match self.first(name) {
            "" => Err(ApiError::bad_data(format!("no {name} parameter provided"))),
            value => Ok(value),
        }
    }

    /// A count; absent or negative is no limit.
    pub(crate) fn limit(&self, name: &str) -> Result<Option<usize>, ApiError> {
        match self.first(name) {
            "" => Ok(None),
            text => {
                let n: i64 = text
                    .parse()
                    .map_err(|_| ApiError::bad_data(format!("{name} must be a number")))?;
                Ok(usize::try_from(n).ok())
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(e) => Err(ApiError::bad_data(format!("cannot read the query: {e}"))),
        }
    }
}
