//! Hours of operation. They do not stop routing by themselves; flows check them (routing.md section 1).

mod overrides;

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};

pub use overrides::{CivilDate, Frequency, HoursOverride, OVERRIDES_MAX, OverrideType, Recurrence};

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

/// Open from `start` to `end` on a day. An end of 00:00 is the midnight that ends the day, so 00:00 to 00:00 is the
/// whole day; an end before the start is on the next day.
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
    /// Minutes of a day.
    pub const MINUTES_OF_DAY: u16 = 24 * 60;

    /// The minutes of its day, and of the night after it, at which it begins and ends.
    pub fn span(self) -> (u16, u16) {
        let (start, end) = (self.start.minute_of_day(), self.end.minute_of_day());
        (start, if end > start { end } else { end + Self::MINUTES_OF_DAY })
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
    /// Other hours on some dates.
    #[n(7)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub overrides: Vec<HoursOverride>,
}

/// The time zone with this IANA name.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl HoursOfOperation {
    /// Whether the hours are open at a moment, by the clock of their time zone (so across changes of daylight saving
    /// time). A zone that is not known, which creation refuses, is closed.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(zone) = time_zone(&self.time_zone) else { return false };
        let local = at.to_jiff().to_zoned(zone);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        self.is_open_on(CivilDate(local.date()), minute)
    }

    /// Whether the hours are open at a minute of a date: by what begins on that date, and what began the day before.
    fn is_open_on(&self, date: CivilDate, minute: u16) -> bool {
        let within = |date: CivilDate, minute: u16, kind: OverrideType| {
            let holds = self.overrides.iter().filter(|one| one.kind == kind && one.holds_on(date));
            holds.flat_map(|one| one.spans(date)).any(|(begin, end)| (begin..end).contains(&minute))
        };
        let is_usual = |date: CivilDate, minute: u16| {
            if self.overrides.iter().any(|one| one.kind == OverrideType::Standard && one.holds_on(date)) {
                return within(date, minute, OverrideType::Standard);
            }
            let entries = self.config.iter().filter(|entry| entry.day == date.day());
            entries.copied().map(HoursEntry::span).any(|(begin, end)| (begin..end).contains(&minute))
        };
        let before = date.0.yesterday().ok().map(|before| (CivilDate(before), minute + HoursEntry::MINUTES_OF_DAY));
        let mut days = before.into_iter().chain([(date, minute)]);
        let is_open = |(date, minute)| is_usual(date, minute) || within(date, minute, OverrideType::Open);
        days.clone().any(is_open) && !days.any(|(date, minute)| within(date, minute, OverrideType::Closed))
    }

    /// When the hours are open on a date: minutes at which that begins and ends, in order.
    pub fn effective(&self, date: CivilDate) -> Vec<(u16, u16)> {
        let usual = self.config.iter().copied().map(HoursEntry::span);
        let all = usual.chain(self.overrides.iter().flat_map(|one| one.config.iter().copied().map(HoursEntry::span)));
        let ends = all.flat_map(|(begin, end)| [begin, end, end.saturating_sub(HoursEntry::MINUTES_OF_DAY)]);
        let cuts: BTreeSet<u16> = ends.chain([0]).filter(|minute| *minute < HoursEntry::MINUTES_OF_DAY).collect();
        let mut spans: Vec<(u16, u16)> = Vec::new();
        let next = cuts.iter().skip(1).copied().chain([HoursEntry::MINUTES_OF_DAY]);
        // Nothing begins or ends between two cuts, so what is true at the first holds up to the second.
        for (begin, end) in cuts.iter().copied().zip(next).filter(|(begin, _)| self.is_open_on(date, *begin)) {
            match spans.last_mut() {
                Some((_, last)) if *last == begin => *last = end,
                _ => spans.push((begin, end)),
            }
        }
        spans
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
            overrides: Vec::new(),
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

    /// An override as text: type, first and last date, and what more there is.
    fn one(
        kind: OverrideType,
        from: &str,
        till: &str,
        config: &[Entry],
        recurrence: Option<Recurrence>,
    ) -> HoursOverride {
        HoursOverride {
            id: crate::id::HoursOfOperationOverrideId::from_bytes([2; 16]),
            name: "o".into(),
            description: None,
            kind,
            config: hours("UTC", config).config,
            from: from.parse().unwrap(),
            till: till.parse().unwrap(),
            recurrence,
        }
    }

    /// The hours from a date on, a line each.
    fn shown(hours: &HoursOfOperation, from: &str, till: &str) -> String {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let mut text = String::new();
        for date in from.parse::<CivilDate>().unwrap().through(till.parse().unwrap()) {
            let spans =
                hours.effective(date).into_iter().map(|(begin, end)| format!(" {}-{}", clock(begin), clock(end)));
            text += &format!("{date} {}{}\n", &date.day().as_str()[..2], spans.collect::<String>());
        }
        text
    }

    #[test]
    fn overrides_replace_add_and_take_away() {
        let mut office = hours("UTC", &[(Day::Wednesday, (9, 0), (17, 0)), (Day::Thursday, (9, 0), (17, 0))]);
        let short = [(Day::Wednesday, (10, 0), (12, 0))];
        office.overrides = vec![
            one(OverrideType::Standard, "2026-01-14", "2026-01-15", &short, None),
            one(OverrideType::Open, "2026-01-21", "2026-01-21", &[(Day::Wednesday, (22, 0), (2, 0))], None),
            one(OverrideType::Closed, "2026-01-22", "2026-01-22", &[(Day::Thursday, (1, 0), (10, 30))], None),
            one(OverrideType::Closed, "2026-01-28", "2026-01-28", &[], None),
        ];
        expect_test::expect![[r#"
            2026-01-07 WE 09:00-17:00
            2026-01-08 TH 09:00-17:00
            2026-01-09 FR
        "#]]
        .assert_eq(&shown(&office, "2026-01-07", "2026-01-09"));
        expect_test::expect![[r#"
            2026-01-14 WE 10:00-12:00
            2026-01-15 TH
        "#]]
        .assert_eq(&shown(&office, "2026-01-14", "2026-01-15"));
        expect_test::expect![[r#"
            2026-01-21 WE 09:00-17:00 22:00-24:00
            2026-01-22 TH 00:00-01:00 10:30-17:00
        "#]]
        .assert_eq(&shown(&office, "2026-01-21", "2026-01-22"));
        expect_test::expect![[r#"
            2026-01-28 WE
            2026-01-29 TH 09:00-17:00
        "#]]
        .assert_eq(&shown(&office, "2026-01-28", "2026-01-29"));
        check(&office, &["2026-01-22T00:59:00Z"], &["2026-01-22T01:00:00Z", "2026-01-28T12:00:00Z"]);
    }

    #[test]
    fn overrides_recur() {
        let recurrence = |frequency, interval| Recurrence {
            frequency,
            interval,
            by_month: Vec::new(),
            by_month_day: Vec::new(),
            by_weekday_occurrence: None,
        };
        let dates = |recurrence: Recurrence| {
            let whole = one(OverrideType::Closed, "2026-01-05", "2027-12-31", &[], Some(recurrence));
            let year = whole.from.through("2027-12-31".parse().unwrap());
            let held: Vec<String> = year.filter(|date| whole.holds_on(*date)).map(|date| date.to_string()).collect();
            format!("{} dates, {} .. {}", held.len(), held[..held.len().min(3)].join(" "), held.last().unwrap())
        };
        let monthly = recurrence(Frequency::Monthly, 3);
        let yearly = recurrence(Frequency::Yearly, 1);
        let table = [
            recurrence(Frequency::Weekly, 2),
            Recurrence { by_month_day: vec![-1], ..monthly.clone() },
            Recurrence { by_month_day: vec![15, 31], ..monthly.clone() },
            Recurrence { by_weekday_occurrence: Some(1), ..monthly.clone() },
            Recurrence { by_weekday_occurrence: Some(-1), ..monthly.clone() },
            Recurrence { by_weekday_occurrence: Some(0), ..monthly },
            Recurrence { by_month: vec![12], by_month_day: vec![24, 25, 26], ..yearly.clone() },
            yearly,
        ];
        let text: String = table.into_iter().map(|recurrence| dates(recurrence) + "\n").collect();
        expect_test::expect![[r#"
            364 dates, 2026-01-05 2026-01-06 2026-01-07 .. 2027-12-26
            8 dates, 2026-01-31 2026-04-30 2026-07-31 .. 2027-10-31
            14 dates, 2026-01-15 2026-01-31 2026-04-15 .. 2027-10-31
            52 dates, 2026-01-05 2026-01-06 2026-01-07 .. 2027-10-07
            56 dates, 2026-01-25 2026-01-26 2026-01-27 .. 2027-10-31
            242 dates, 2026-01-05 2026-01-06 2026-01-07 .. 2027-10-31
            6 dates, 2026-12-24 2026-12-25 2026-12-26 .. 2027-12-26
            2 dates, 2026-01-05 2027-01-05 .. 2027-01-05
        "#]]
        .assert_eq(&text);
    }
}
