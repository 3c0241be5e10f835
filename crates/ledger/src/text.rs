//! What the full-text search finds a transport by, and how it is asked.

use diagnosis::{Evidence, Finding};

use crate::filter::State;

/// Longest text of one transport, in bytes.
const LONGEST: usize = 4096;

/// Everything of a transport that people would look for.
pub(crate) fn of(evidence: &Evidence, state: State, findings: &[Finding]) -> String {
    let mut text = format!(
        "state {} {} {} {} {} {} {} {} {} {}",
        state.as_str(),
        evidence.session,
        evidence.transport,
        evidence.connection,
        evidence.stream,
        evidence.node,
        evidence.boot,
        evidence.client.user_agent,
        evidence.client.platform,
        evidence.reason,
    );
    let mut add = |word: &dyn std::fmt::Display| {
        if text.len() < LONGEST {
            text.push(' ');
            text += &word.to_string();
        }
    };
    if let Some(address) = evidence.client.address {
        add(&address);
    }
    for finding in findings {
        add(&finding.cause.code());
        add(&finding.proof);
    }
    if let Some(browser) = &evidence.browser {
        add(&browser.network);
        for error in &browser.errors {
            add(&error.code);
            add(&error.url);
            add(&error.text);
        }
    }
    for remote in evidence.pairs.iter().filter_map(|pair| pair.remote) {
        add(&remote.ip());
    }
    for ip in evidence.remote.iter().filter_map(|candidate| candidate.ip) {
        add(&ip);
    }
    add(&evidence.dtls.problem);
    text
}

/// The words of a person as a query of FTS5: each has to stand there, the end of a word may be left out. Nothing in it
/// is taken for syntax. `None` when there are no words.
pub(crate) fn query(words: &str) -> Option<String> {
    let words = words.split_whitespace().take(16);
    let quoted = words.filter_map(|word| {
        let word: String = word.chars().filter(|c| *c != '"' && *c != '\0').collect();
        let has_letters = word.chars().any(char::is_alphanumeric);
        has_letters.then(|| format!("\"{word}\"*"))
    });
    let query = quoted.collect::<Vec<_>>().join(" ");
    (!query.is_empty()).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_syntax() {
        assert_eq!(
            query("state: FAILED"),
            Some("\"state:\"* \"FAILED\"*".into())
        );
        assert_eq!(query("a\"b OR (c"), Some("\"ab\"* \"OR\"* \"(c\"*".into()));
        assert_eq!(query(" * \" - "), None);
    }
}
