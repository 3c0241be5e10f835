//! Which etcd is new enough.

use std::fmt;

/// The oldest version that is used.
pub const OLDEST: Version = Version(3, 5, 30);

/// Major, minor and patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads what a server says, such as `3.5.30` or `3.6.0-rc.1+git`.
    pub fn read(text: &str) -> Option<Self> {
        let number = text.split(['-', '+']).next()?;
        let mut parts = number.split('.').map(str::parse);
        let mut part = || parts.next()?.ok();
        let version = Self(part()?, part()?, part()?);
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_say() {
        assert_eq!(Version::read("3.5.30"), Some(OLDEST));
        assert_eq!(Version::read("3.6.0-rc.1+git"), Some(Version(3, 6, 0)));
        for text in ["", "3.5", "3.5.x", "3.5.30.1", "v3.5.30", "-3.5.30"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        for old in ["3.4.23", "3.5.4", "3.5.29"] {
            assert!(Version::read(old).unwrap() < OLDEST, "{old}");
        }
        for new in ["3.5.30", "3.5.100", "3.6.0", "3.10.1", "4.0.0"] {
            assert!(Version::read(new).unwrap() >= OLDEST, "{new}");
        }
    }
}
