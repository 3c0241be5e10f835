//! What is wrong with the configuration, for the person who wrote it.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, variable or file.
    pub key: String,
    /// As written; absent when nothing was, and never a secret.
    pub value: Option<String>,
    /// Where it was found.
    pub origin: Option<String>,
    /// What is expected instead.
    pub expected: String,
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => writeln!(f, "1 setting is wrong; nothing was started")?,
            n => writeln!(f, "{n} settings are wrong; nothing was started")?,
        }
        for problem in &self.problems {
            writeln!(f)?;
            match &problem.value {
                Some(value) => writeln!(f, "  {} = {value}", problem.key)?,
                None => writeln!(f, "  {}", problem.key)?,
            }
            if let Some(origin) = &problem.origin {
                writeln!(f, "    found     {origin}")?;
            }
            writeln!(f, "    expected  {}", problem.expected)?;
        }
        Ok(())
    }
}
