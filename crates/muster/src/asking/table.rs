//! Columns and paragraphs for a terminal of 80 columns.

/// As wide as the narrowest terminal that is counted with.
pub const WIDTH: usize = 80;

/// What is written of a first column at least, when it has to be cut.
const LEAST: usize = 8;

/// A table whose first column is cut, with `…`, when the whole is too wide. Numbers stand to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|it| it.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rest: usize = widths.iter().skip(1).map(|width| width + 2).sum();
    if let Some(first) = widths.first_mut() {
        *first = (*first).min(WIDTH.saturating_sub(rest).max(LEAST));
    }
    let numeric = |column: usize| {
        let digits = |cell: &String| cell.chars().all(|c| c.is_ascii_digit() || c == '%');
        column > 0 && !rows.is_empty() && rows.iter().all(|row| row.get(column).is_none_or(digits))
    };
    let head: Vec<String> = head.iter().map(|it| (*it).to_owned()).collect();
    let mut out = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = cut(cell, *width);
            let gap = width - cell.chars().count();
            if column > 0 {
                line.push_str("  ");
            }
            if numeric(column) {
                line.extend(std::iter::repeat_n(' ', gap));
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.extend(std::iter::repeat_n(' ', gap));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A paragraph that begins with `lead` and whose further lines stand below its text.
pub fn paragraph(lead: &str, text: &str) -> String {
    let indent = lead.chars().count();
    let mut out = String::from(lead);
    let mut at = indent;
    for (index, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if index > 0 && at + 1 + length > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            at = indent;
        } else if index > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
    }
    out.push('\n');
    out
}
