use std::fmt;

/// The floor as people read it.
pub const FLOOR: &str = "2.12";

/// Older servers (Debian's 2.9) silently ignore the concurrency header and cannot make an ack durable (design.md).
const FLOOR_VERSION: Version = Version { major: 2, minor: 12, patch: 0 };

/// A nats-server version; a pre-release counts as the release it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Version {
    /// Reads `2.15.1`, `v2.15.1`, `2.12.0-RC.3`; none where it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let release = text.split(['-', '+']).next()?;
        let mut parts = release.split('.').map(|n| n.parse::<u16>().ok());
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }

    /// Reads the output of `nats-server --version`.
    #[must_use]
    pub fn parse_output(output: &str) -> Option<Self> {
        output.lines().find_map(|line| Self::parse(line.strip_prefix("nats-server:")?))
    }

    /// New enough for what the hub relies on.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self >= FLOOR_VERSION
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_print_them() {
        for (text, wanted) in [
            ("nats-server: v2.15.1\n", Some((2, 15, 1))),
            ("nats-server: v2.12.0-RC.3", Some((2, 12, 0))),
            ("nats-server: 2.9.10", Some((2, 9, 10))),
            ("something: v2.15.1", None),
            ("nats-server: v2.15", None),
            ("nats-server: v2.15.1.9", None),
            ("", None),
        ] {
            let read = Version::parse_output(text).map(|v| (v.major, v.minor, v.patch));
            assert_eq!(read, wanted, "{text:?}");
        }
    }

    #[test]
    fn the_floor_is_2_12() {
        for (text, enough) in [
            ("2.9.10", false),
            ("2.11.99", false),
            ("2.12.0", true),
            ("2.15.1", true),
            ("3.0.0", true),
            ("1.99.0", false),
        ] {
            assert_eq!(Version::parse(text).unwrap().is_enough(), enough, "{text}");
        }
    }
}
