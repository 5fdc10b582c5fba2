//! Overrides of hours of operation: other hours on some dates, once or again and again.
//!
//! How overrides of different kinds meet is not documented. Here those of type STANDARD stand for the usual hours of
//! their dates, those of type OPEN add to them, and those of type CLOSED take away from all the others.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{Day, HoursEntry};
use crate::id::HoursOfOperationOverrideId;
use crate::name::named_enum;

/// Most overrides of one record of hours (quotas.md section 1).
pub const OVERRIDES_MAX: usize = 50;

/// A date on the calendar, written 2026-12-24.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate(pub(super) Date);

impl CivilDate {
    /// The dates from this one to another, both included; none if that one is before.
    pub fn through(self, last: CivilDate) -> impl Iterator<Item = CivilDate> {
        self.0.series(1.day()).take_while(move |date| *date <= last.0).map(CivilDate)
    }

    /// The day of the week.
    pub fn day(self) -> Day {
        self.0.weekday().into()
    }
}

impl FromStr for CivilDate {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(CivilDate)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<C> Encode<C> for CivilDate {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.to_string())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for CivilDate {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        d.str()?.parse().map_err(decode::Error::custom)
    }
}

named_enum! {
    /// What an override does to the hours of its dates.
    OverrideType {
        /// Stands for the usual hours.
        Standard = 0 "STANDARD",
        /// Open as well.
        Open = 1 "OPEN",
        /// Closed, whatever else is open.
        Closed = 2 "CLOSED",
    }
}

named_enum! {
    /// What the interval of a recurrence counts.
    Frequency {
        /// Weeks, which begin on Monday.
        Weekly = 0 "WEEKLY",
        /// Months.
        Monthly = 1 "MONTHLY",
        /// Years.
        Yearly = 2 "YEARLY",
    }
}

/// On which of its dates an override holds. The weekday is that of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recurrence {
    /// What the interval counts.
    #[n(0)]
    pub frequency: Frequency,
    /// Every so many, 1 to 6, from the one with the first date on.
    #[n(1)]
    pub interval: u8,
    /// Months, 1 to 12; none is any, but yearly the month of the first date, and its day where nothing says which.
    #[n(2)]
    pub by_month: Vec<u8>,
    /// Days of the month, 1 to 31, -1 for the last; none is any.
    #[n(3)]
    pub by_month_day: Vec<i8>,
    /// The how manieth of its weekday in the month, 1 to 4, -1 for the last; 0 and none are any.
    #[n(4)]
    pub by_weekday_occurrence: Option<i8>,
}

impl Recurrence {
    fn holds_on(&self, date: Date, from: Date) -> bool {
        let interval = i32::from(self.interval.max(1));
        let is_due = match self.frequency {
            Frequency::Weekly => (weeks(date) - weeks(from)) % interval == 0,
            Frequency::Monthly => (months(date) - months(from)) % interval == 0,
            Frequency::Yearly => i32::from(date.year() - from.year()) % interval == 0,
        };
        let month = match (self.frequency, self.by_month.is_empty()) {
            (Frequency::Yearly, true) => date.month() == from.month(),
            (_, is_any) => is_any || self.by_month.iter().any(|month| i32::from(*month) == i32::from(date.month())),
        };
        let last = date.days_in_month();
        let is_day = |day: &i8| *day == date.day() || *day == -1 && date.day() == last;
        let is_anniversary =
            self.frequency == Frequency::Yearly && self.by_month.is_empty() && self.by_weekday_occurrence.is_none();
        let day = match self.by_month_day.as_slice() {
            [] => !is_anniversary || date.day() == from.day(),
            days => days.iter().any(is_day),
        };
        let occurrence = match self.by_weekday_occurrence {
            None | Some(0) => true,
            Some(-1) => date.day() + 7 > last,
            Some(occurrence) => (date.day() - 1) / 7 + 1 == occurrence,
        };
        is_due && month && occurrence && day
    }
}

/// Weeks since a Monday long ago.
fn weeks(date: Date) -> i32 {
    const MONDAY: Date = jiff::civil::date(1, 1, 1);
    date.duration_since(MONDAY).as_hours().div_euclid(7 * 24) as i32
}

fn months(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month())
}

/// Other hours on some dates.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HoursOverride {
    /// Its id.
    #[n(0)]
    pub id: HoursOfOperationOverrideId,
    /// Unique among the overrides of the hours.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// What it does.
    #[n(3)]
    pub kind: OverrideType,
    /// Up to 100 entries, each for its day of the week. Without any, an override is about the whole day.
    #[n(4)]
    pub config: Vec<HoursEntry>,
    /// First date.
    #[n(5)]
    pub from: CivilDate,
    /// Last date.
    #[n(6)]
    pub till: CivilDate,
    /// Which of the dates between; none is all of them.
    #[n(7)]
    pub recurrence: Option<Recurrence>,
}

impl HoursOverride {
    /// Whether it says something about a date.
    pub fn holds_on(&self, date: CivilDate) -> bool {
        let recurs = |recurrence: &Recurrence| recurrence.holds_on(date.0, self.from.0);
        (self.from..=self.till).contains(&date) && self.recurrence.as_ref().is_none_or(recurs)
    }

    /// Minutes of a date, and of the night after it, that it is about: begin and end.
    pub fn spans(&self, date: CivilDate) -> Vec<(u16, u16)> {
        match (self.kind, self.config.is_empty()) {
            (OverrideType::Open | OverrideType::Closed, true) => vec![(0, HoursEntry::MINUTES_OF_DAY)],
            (_, _) => {
                self.config.iter().filter(|entry| entry.day == date.day()).copied().map(HoursEntry::span).collect()
            }
        }
    }
}
