//! Hours of operation. They do not stop routing by themselves; flows check them (routing.md section 1).

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};

use crate::id::HoursOfOperationId;
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// A day of the week.
    Day {
        /// Monday.
        Monday = 0 "MONDAY",
        /// Tuesday.
        Tuesday = 1 "TUESDAY",
        /// Wednesday.
        Wednesday = 2 "WEDNESDAY",
        /// Thursday.
        Thursday = 3 "THURSDAY",
        /// Friday.
        Friday = 4 "FRIDAY",
        /// Saturday.
        Saturday = 5 "SATURDAY",
        /// Sunday.
        Sunday = 6 "SUNDAY",
    }
}

impl From<Weekday> for Day {
    fn from(weekday: Weekday) -> Day {
        Day::ALL[weekday.to_monday_zero_offset() as usize]
    }
}

/// A time of day on the clock of the time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct TimeOfDay {
    /// 0 to 23.
    #[n(0)]
    pub hours: u8,
    /// 0 to 59.
    #[n(1)]
    pub minutes: u8,
}

impl TimeOfDay {
    fn minute_of_day(self) -> u16 {
        u16::from(self.hours) * 60 + u16::from(self.minutes)
    }
}

/// Open from `start` to `end` on a day. An end of 00:00 is the midnight that ends the day, so 00:00 to 00:00 is the whole day; an
/// end before the start is on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HoursEntry {
    /// The day on which it begins.
    #[n(0)]
    pub day: Day,
    /// First minute open.
    #[n(1)]
    pub start: TimeOfDay,
    /// First minute closed.
    #[n(2)]
    pub end: TimeOfDay,
}

impl HoursEntry {
    const MINUTES_OF_WEEK: u16 = 7 * 24 * 60;

    /// Whether the minute of the week (0 is Monday 00:00) lies within.
    fn contains(&self, minute_of_week: u16) -> bool {
        const MINUTES_OF_DAY: u16 = 24 * 60;
        let begin = self.day as u16 * MINUTES_OF_DAY + self.start.minute_of_day();
        let length = match self.end.minute_of_day() {
            0 => MINUTES_OF_DAY - self.start.minute_of_day(),
            end if end > self.start.minute_of_day() => end - self.start.minute_of_day(),
            end => MINUTES_OF_DAY - self.start.minute_of_day() + end,
        };
        (minute_of_week + Self::MINUTES_OF_WEEK - begin) % Self::MINUTES_OF_WEEK < length
    }
}

/// Hours of operation of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HoursOfOperation {
    /// Its id.
    #[n(0)]
    pub id: HoursOfOperationId,
    /// Unique in the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// IANA name of the time zone, checked by [`time_zone`] before it is kept.
    #[n(3)]
    pub time_zone: String,
    /// Up to 100 entries.
    #[n(4)]
    pub config: Vec<HoursEntry>,
    /// Tags of the resource.
    #[n(5)]
    pub tags: Tags,
    /// Last change.
    #[n(6)]
    pub last_modified: Timestamp,
}

/// The time zone with this IANA name.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl HoursOfOperation {
    /// Whether the hours are open at a moment, by the clock of their time zone (so across changes of daylight saving time). A zone that
    /// is not known, which creation refuses, is closed.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(zone) = time_zone(&self.time_zone) else { return false };
        let local = at.to_jiff().to_zoned(zone);
        let day = Day::from(local.weekday()) as u16;
        let minute = (day * 24 + local.hour() as u16) * 60 + local.minute() as u16;
        self.config.iter().any(|entry| entry.contains(minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entry = (Day, (u8, u8), (u8, u8));

    fn hours(zone: &str, entries: &[Entry]) -> HoursOfOperation {
        let time = |(hours, minutes): (u8, u8)| TimeOfDay { hours, minutes };
        HoursOfOperation {
            id: HoursOfOperationId::from_bytes([1; 16]),
            name: "h".into(),
            description: None,
            time_zone: zone.into(),
            config: entries
                .iter()
                .map(|(day, start, end)| HoursEntry { day: *day, start: time(*start), end: time(*end) })
                .collect(),
            tags: Tags::new(),
            last_modified: Timestamp(0),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn check(hours: &HoursOfOperation, open: &[&str], closed: &[&str]) {
        for moment in open {
            assert!(hours.is_open(at(moment)), "open at {moment}");
        }
        for moment in closed {
            assert!(!hours.is_open(at(moment)), "closed at {moment}");
        }
    }

    #[test]
    fn the_first_minute_is_open_and_the_last_is_not() {
        let nine_to_five = hours("UTC", &[(Day::Wednesday, (9, 0), (17, 0))]);
        check(
            &nine_to_five,
            &["2026-01-07T09:00:00Z", "2026-01-07T16:59:59Z"],
            &["2026-01-07T08:59:59Z", "2026-01-07T17:00:00Z", "2026-01-08T12:00:00Z"],
        );
    }

    #[test]
    fn midnight_ends_the_day_and_entries_may_cross_it() {
        let whole = hours("UTC", &[(Day::Sunday, (0, 0), (0, 0))]);
        check(
            &whole,
            &["2026-01-11T00:00:00Z", "2026-01-11T23:59:59Z"],
            &["2026-01-10T23:59:59Z", "2026-01-12T00:00:00Z"],
        );
        let evening = hours("UTC", &[(Day::Sunday, (18, 0), (0, 0))]);
        check(
            &evening,
            &["2026-01-11T18:00:00Z", "2026-01-11T23:59:00Z"],
            &["2026-01-12T00:00:00Z", "2026-01-11T17:59:00Z"],
        );
        // Over midnight, and over the end of the week.
        let night = hours("UTC", &[(Day::Sunday, (22, 0), (6, 0))]);
        check(
            &night,
            &["2026-01-11T22:00:00Z", "2026-01-12T05:59:00Z"],
            &["2026-01-12T06:00:00Z", "2026-01-11T21:59:00Z"],
        );
    }

    #[test]
    fn the_clock_of_the_zone_counts_across_daylight_saving_time() {
        let berlin = hours("Europe/Berlin", &[(Day::Monday, (9, 0), (17, 0))]);
        check(
            &berlin,
            &["2026-01-05T08:00:00Z", "2026-07-06T07:00:00Z"],
            &["2026-01-05T07:59:00Z", "2026-07-06T15:00:00Z"],
        );
        let zone = hours("Nowhere/City", &[(Day::Monday, (0, 0), (0, 0))]);
        check(&zone, &[], &["2026-01-05T12:00:00Z"]);
        assert!(time_zone("America/New_York").is_some() && time_zone("Nowhere/City").is_none());
    }
}
