//! Cron expressions: five fields, as sets of numbers.
//!
//! Written here because the parsers that exist bring a second date library along or decide about daylight saving in
//! their own way.

use jiff::civil::{Date, DateTime, Time};

/// The civil times at which something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Bit 0 is Sunday.
    weekdays: u64,
    /// With both days restricted cron takes either; with one of them `*` both have to fit.
    either_day: bool,
}

/// One of the five fields.
struct Column {
    what: &'static str,
    low: u32,
    high: u32,
    /// Names for `low`, `low + 1` …
    names: &'static [&'static str],
}

const MINUTES: Column = Column {
    what: "minute",
    low: 0,
    high: 59,
    names: &[],
};
const HOURS: Column = Column {
    what: "hour",
    low: 0,
    high: 23,
    names: &[],
};
const DAYS: Column = Column {
    what: "day of month",
    low: 1,
    high: 31,
    names: &[],
};
const MONTHS: Column = Column {
    what: "month",
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Column = Column {
    what: "day of week",
    low: 0,
    high: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};
const SUNDAY: u64 = 1;

/// Reads an expression; the error says what was expected.
pub(super) fn cron(text: &str) -> Result<Pattern, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(format!(
            "five fields (minute, hour, day of month, month, day of week) instead of {}",
            fields.len()
        ));
    };
    let weekdays = WEEKDAYS.read(weekday)?;
    let pattern = Pattern {
        minutes: MINUTES.read(minute)?,
        hours: HOURS.read(hour)?,
        days: DAYS.read(day)?,
        months: MONTHS.read(month)?,
        weekdays: (weekdays | weekdays >> 7 & SUNDAY) & 0x7f,
        either_day: !day.starts_with('*') && !weekday.starts_with('*'),
    };
    if pattern.ever() {
        Ok(pattern)
    } else {
        Err("a day of month that one of the months has".to_owned())
    }
}

impl Pattern {
    pub(super) fn on(&self, date: Date) -> bool {
        let has = |set: u64, bit: i8| set >> bit & 1 == 1;
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month())
            && if self.either_day {
                day || weekday
            } else {
                day && weekday
            }
    }

    /// The due times of a day on which something is due, in order.
    pub(super) fn times(&self, date: Date) -> impl DoubleEndedIterator<Item = DateTime> {
        let (hours, minutes) = (self.hours, self.minutes);
        (0..24_i8)
            .filter(move |hour| hours >> hour & 1 == 1)
            .flat_map(move |hour| {
                (0..60_i8)
                    .filter(move |minute| minutes >> minute & 1 == 1)
                    .map(move |minute| (hour, minute))
            })
            .filter_map(move |(hour, minute)| {
                Some(date.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
            })
    }

    fn ever(&self) -> bool {
        let longest = |month: u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.either_day
            || (1..=12).any(|month| {
                self.months >> month & 1 == 1
                    && (1..=longest(month)).any(|day| self.days >> day & 1 == 1)
            })
    }
}

impl Column {
    fn read(&self, text: &str) -> Result<u64, String> {
        text.split(',')
            .map(|part| self.part(part))
            .try_fold(0, |set, part| Some(set | part?))
            .ok_or_else(|| self.expected())
    }

    fn expected(&self) -> String {
        let names = match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!(" or {first} to {last}"),
            _ => String::new(),
        };
        format!(
            "{} {} to {}{names}, as *, a number, a list, a range a-b or a step */n",
            self.what, self.low, self.high
        )
    }

    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (text, 1),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => self.range(from, to)?,
            None if range == "*" => (self.low, self.high),
            // `5/10` is from five on.
            None if text.contains('/') => (self.number(range)?, self.high),
            None => (self.number(range)?, self.number(range)?),
        };
        (from <= to).then(|| {
            (from..=to)
                .step_by(step as usize)
                .fold(0, |set, value| set | 1 << value)
        })
    }

    fn range(&self, from: &str, to: &str) -> Option<(u32, u32)> {
        let (from, to) = (self.number(from)?, self.number(to)?);
        // `sat-sun`: Sunday also ends the week.
        let sunday = self.high == WEEKDAYS.high && to == 0 && from > 0;
        Some((from, if sunday { WEEKDAYS.high } else { to }))
    }

    fn number(&self, text: &str) -> Option<u32> {
        let named = self
            .names
            .iter()
            .zip(self.low..)
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, value)| value);
        named
            .or_else(|| text.parse().ok())
            .filter(|value| (self.low..=self.high).contains(value))
    }
}
