use async_nats::{HeaderMap, header};

use super::streams::{ACCESS, DEAD, EVENTS, RELEASES};

/// Whether a publisher who may write `subject` put this message into `stream`.
///
/// Permissions are checked on what a client publishes, not on where it asks the server to answer: with the reply
/// subject `rel`, or a push consumer that delivers there, the server itself appends its ack, its answer, or a stored
/// message of the asker's choice to another's stream. So a reader takes a message only where
/// - its subject is one of the stream's own (a consumer's delivery keeps the subject it had),
/// - it says `Nats-Expected-Stream: <stream>`, which the server refuses on every other stream, so that no message
///   stored elsewhere can say it (the writer sets it: `PublishMessage::expected_stream`),
/// - it lacks the headers that the server adds where it answers a direct get.
///
/// Whatever else lies in a stream is noise: skip it, count it, raise an alarm; never act on it.
#[must_use]
pub fn is_published(stream: &str, subject: &str, headers: Option<&HeaderMap>) -> bool {
    let Some(headers) = headers else { return false };
    let says = headers.get_last(header::NATS_EXPECTED_STREAM).is_some_and(|said| said.as_str() == stream);
    let answered = [header::NATS_SUBJECT, header::NATS_STREAM, header::NATS_SEQUENCE];
    says && belongs(stream, subject) && !answered.into_iter().any(|name| headers.get(name).is_some())
}

fn belongs(stream: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    let (first, more) = (tokens.next().unwrap_or_default(), tokens.count());
    match stream {
        EVENTS => (first, more) == ("ev", 3),
        RELEASES => subject == "rel",
        ACCESS => (first, more) == ("acc", 1),
        DEAD => first == "dead" && more >= 1,
        feed => feed.strip_prefix("FEED_").is_some_and(|partner| subject.strip_prefix("feed.") == Some(partner)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(stream: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_EXPECTED_STREAM, stream);
        headers
    }

    #[test]
    fn a_message_counts_on_its_own_stream_and_subject_only() {
        let cases = [
            (EVENTS, "ev.1.encounter.a"),
            (RELEASES, "rel"),
            (ACCESS, "acc.cedar-clinic"),
            (DEAD, "dead.gateway"),
            ("FEED_cedar-clinic", "feed.cedar-clinic"),
        ];
        for (stream, _) in cases {
            for (other, subject) in cases {
                assert_eq!(is_published(stream, subject, Some(&saying(stream))), stream == other, "{stream} {subject}");
                assert_eq!(is_published(other, subject, Some(&saying(stream))), stream == other, "{stream} {subject}");
            }
            assert!(!is_published(stream, "", None));
        }
    }

    #[test]
    fn what_the_server_answered_does_not_count() {
        for name in [header::NATS_SUBJECT, header::NATS_STREAM, header::NATS_SEQUENCE] {
            let mut headers = saying(RELEASES);
            headers.insert(name, "x");
            assert!(!is_published(RELEASES, "rel", Some(&headers)));
        }
    }
}
