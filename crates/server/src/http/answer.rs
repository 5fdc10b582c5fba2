//! What answers are made of: bytes that are there, or a stream that goes on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::Response;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Body, Frame, SizeHint};

use super::patience::Answering;

/// The body of a stream of events, which ends when the server or the client wants no more.
pub(crate) type StreamedBody = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// A body.
pub(crate) type AnswerBody = Either<Full<Bytes>, StreamedBody>;

/// An answer to a request.
pub(crate) type Answer = Response<AnswerBody>;

/// A body whose bytes are all there.
pub(crate) fn whole(body: impl Into<Bytes>) -> AnswerBody {
    Either::Left(Full::new(body.into()))
}

/// A body that goes on.
pub(crate) fn streamed(frames: BoxStream<'static, Result<Frame<Bytes>, Infallible>>) -> AnswerBody {
    Either::Right(StreamBody::new(frames))
}

/// Whether a body goes on.
pub(super) fn is_streamed(body: &AnswerBody) -> bool {
    matches!(body, Either::Right(_))
}

/// A body on its way: until it is over, the client is not expected to ask for anything else.
pub(super) struct OnItsWay {
    pub(super) body: AnswerBody,
    pub(super) _answering: Answering,
}

impl Body for OnItsWay {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
