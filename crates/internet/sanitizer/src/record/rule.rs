//! Recurrence rules (RFC 5545 3.3.10): the common forms in words, and the
//! yearly ones as days, which zones need.

use sekisho_safe_message::Language;

use super::date::{self, Civil, DAY, JST, days_in, weekday, weekday_name};
use super::when::Stamp;

/// Most items of one `BY...` list.
const MAX_LIST: usize = 40;
const WEEKDAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A rule as written, if it has a form that we know.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<i64>,
    until: Option<Stamp>,
    /// Which one (0: every, -1: the last) and the weekday, 0 being Sunday.
    by_day: Vec<(i64, usize)>,
    by_month_day: Vec<i64>,
    by_month: Vec<i64>,
}

impl Rule {
    pub(super) fn read(value: &str) -> Option<Self> {
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
        };
        let (mut frequency, mut position) = (None, None);
        for (name, value) in value.split(';').take(20).filter_map(|part| part.split_once('=')) {
            let value = value.trim().to_ascii_uppercase();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => frequency = Some(read_frequency(&value)?),
                "INTERVAL" => rule.interval = number(&value, 1, 999)?,
                "COUNT" => rule.count = Some(number(&value, 1, 99_999)?),
                "UNTIL" => rule.until = Some(Stamp::read(&value)?),
                "BYDAY" => rule.by_day = list(&value, read_day)?,
                "BYMONTHDAY" => rule.by_month_day = list(&value, |item| number(item, -31, 31))?,
                "BYMONTH" => rule.by_month = list(&value, |item| number(item, 1, 12))?,
                "BYSETPOS" => position = Some(number(&value, -5, 5)?),
                "WKST" => {}
                _ => return None,
            }
        }
        rule.frequency = frequency?;
        // The second of the Mondays is the second Monday; of other sets we know nothing.
        if let (Some(position), [(0, _)]) = (position, rule.by_day.as_slice()) {
            rule.by_day[0].0 = position;
            position_is_known(&rule)?;
        } else if position.is_some() {
            return None;
        }
        Some(rule)
    }

    /// The day of `year` on which a yearly rule falls, in days since 1970;
    /// `start` is its first day. `None` if it has another form.
    pub(super) fn yearly_day(&self, year: i64, start: Civil) -> Option<i64> {
        let plain = self.frequency == Frequency::Yearly && self.interval == 1 && self.count.is_none();
        let month = match self.by_month.as_slice() {
            [] => start.month,
            [month] => *month,
            _ => return None,
        };
        plain.then_some(())?;
        let first = Civil::new(year, month, 1)?.days();
        let length = days_in(year, month);
        match (self.by_day.as_slice(), self.by_month_day.as_slice()) {
            ([], []) => Some(first + start.day.min(length) - 1),
            ([], [day]) if *day > 0 => Some(first + day.min(&length) - 1),
            ([(nth, wanted)], []) if *nth != 0 => {
                let ahead = |from: i64| i64::try_from((wanted + 7 - weekday(from)) % 7).unwrap_or(0);
                Some(match nth {
                    1.. => first + ahead(first) + (nth - 1) * 7,
                    _ => first + length - 7 + ahead(first + length) + (nth + 1) * 7,
                })
            }
            ([(0, wanted)], days) => {
                days.iter().filter(|day| **day > 0).map(|day| first + day - 1).find(|day| weekday(*day) == *wanted)
            }
            _ => None,
        }
    }

    pub(super) fn until(&self) -> Option<Stamp> {
        self.until
    }

    /// In words; `start` is the first day. `None`: no words for it.
    pub(super) fn words(&self, start: Option<i64>, language: Language) -> Option<String> {
        let start = start.map(|days| (Civil::from_days(days), weekday(days)));
        let detail = match self.frequency {
            Frequency::Daily if self.is_plain() => String::new(),
            Frequency::Daily | Frequency::Weekly => self.weekdays(start.map(|(_, weekday)| weekday), language)?,
            Frequency::Monthly => self.days_of_month(start.map(|(civil, _)| civil), language)?,
            Frequency::Yearly => self.days_of_year(start.map(|(civil, _)| civil), language)?,
        };
        let (every, end) = (self.every(language), self.end(language));
        let on = match (language, detail.is_empty()) {
            (Language::Ja, false) => " ",
            (Language::En, false) => " on ",
            (Language::Ja | Language::En, true) => "",
        };
        Some(format!("{every}{on}{detail}{end}"))
    }

    fn is_plain(&self) -> bool {
        self.by_day.is_empty() && self.by_month_day.is_empty() && self.by_month.is_empty()
    }

    fn every(&self, language: Language) -> String {
        let (one, many, en) = match self.frequency {
            Frequency::Daily => ("毎日", "日ごと", "day"),
            Frequency::Weekly => ("毎週", "週ごと", "week"),
            Frequency::Monthly => ("毎月", "か月ごと", "month"),
            Frequency::Yearly => ("毎年", "年ごと", "year"),
        };
        match (language, self.interval) {
            (Language::Ja, 1) => one.to_owned(),
            (Language::Ja, 2) if self.frequency == Frequency::Weekly => "隔週".to_owned(),
            (Language::Ja, interval) => format!("{interval}{many}"),
            (Language::En, 1) => format!("every {en}"),
            (Language::En, interval) => format!("every {interval} {en}s"),
        }
    }

    fn end(&self, language: Language) -> String {
        let until = self.until.map(|until| match until {
            Stamp::Day(day) => day,
            Stamp::Local(seconds) => seconds.div_euclid(DAY),
            Stamp::Utc(seconds) => (seconds + JST).div_euclid(DAY),
        });
        match (self.count, until, language) {
            (Some(count), _, Language::Ja) => format!("（{count}回）"),
            (Some(count), _, Language::En) => format!(", {count} times"),
            (None, Some(day), Language::Ja) => format!("（{}まで）", date::day(day, language)),
            (None, Some(day), Language::En) => format!(", until {}", date::day(day, language)),
            (None, None, Language::Ja | Language::En) => String::new(),
        }
    }

    fn weekdays(&self, start: Option<usize>, language: Language) -> Option<String> {
        let simple =
            self.by_month_day.is_empty() && self.by_month.is_empty() && self.by_day.iter().all(|day| day.0 == 0);
        simple.then_some(())?;
        let mut days: Vec<usize> = self.by_day.iter().map(|(_, day)| *day).collect();
        if days.is_empty() {
            days.extend(start);
        }
        // The week begins on Monday here.
        days.sort_by_key(|day| (day + 6) % 7);
        days.dedup();
        let names: Vec<&str> = days.iter().map(|day| weekday_name(*day, language)).collect();
        Some(match (days.as_slice(), language) {
            ([], Language::Ja | Language::En) => String::new(),
            ([1, 2, 3, 4, 5], Language::Ja) => "平日（月～金）".to_owned(),
            ([1, 2, 3, 4, 5], Language::En) => "weekdays (Mon-Fri)".to_owned(),
            (_, Language::Ja) => format!("{}曜日", names.join("・")),
            (_, Language::En) => names.join(", "),
        })
    }

    fn days_of_month(&self, start: Option<Civil>, language: Language) -> Option<String> {
        let nth = self.by_day.iter().map(|day| nth_weekday(*day, language));
        let nth: Vec<String> = nth.collect::<Option<_>>()?;
        let mut days = self.by_month_day.clone();
        if self.by_day.is_empty() && days.is_empty() {
            days.extend(start.map(|civil| civil.day));
        }
        // Both together mean days that are both; there are no short words for it.
        (self.by_month.is_empty() && (days.is_empty() || nth.is_empty())).then_some(())?;
        let days: Vec<String> = days.iter().map(|day| month_day(*day, language)).collect::<Option<_>>()?;
        let separator = super::say(language, "・", ", ");
        Some([nth, days].concat().join(separator))
    }

    fn days_of_year(&self, start: Option<Civil>, language: Language) -> Option<String> {
        let month = match (self.by_month.as_slice(), self.by_day.as_slice()) {
            ([month], _) => *month,
            ([], []) if self.by_month_day.is_empty() => start?.month,
            _ => return None,
        };
        let within = Self {
            by_month: Vec::new(),
            by_day: self.by_day.clone(),
            by_month_day: self.by_month_day.clone(),
            ..*self
        };
        let days = within.days_of_month(start, language)?;
        let name = date::month_name(month);
        Some(match (language, self.by_day.is_empty()) {
            (Language::Ja, true | false) => format!("{month}月{days}"),
            (Language::En, true) => format!("{} {name}", days.trim_start_matches("day ")),
            (Language::En, false) => format!("{days} of {name}"),
        })
    }
}

fn position_is_known(rule: &Rule) -> Option<()> {
    matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly).then_some(())
}

fn nth_weekday((nth, day): (i64, usize), language: Language) -> Option<String> {
    let name = weekday_name(day, language);
    Some(match (nth, language) {
        (-1, Language::Ja) => format!("最終{name}曜日"),
        (-1, Language::En) => format!("the last {name}"),
        (1..=5, Language::Ja) => format!("第{nth}{name}曜日"),
        (1..=5, Language::En) => {
            format!("the {nth}{} {name}", ["st", "nd", "rd", "th", "th"][usize::try_from(nth).ok()? - 1])
        }
        (..=-2, Language::Ja) => format!("最後から{}番目の{name}曜日", -nth),
        (0 | 6.. | ..=-2, Language::Ja | Language::En) => return None,
    })
}

fn month_day(day: i64, language: Language) -> Option<String> {
    Some(match (day, language) {
        (-1, Language::Ja) => "末日".to_owned(),
        (-1, Language::En) => "the last day".to_owned(),
        (1.., Language::Ja) => format!("{day}日"),
        (1.., Language::En) => format!("day {day}"),
        (0 | ..=-2, Language::Ja | Language::En) => return None,
    })
}

fn read_frequency(value: &str) -> Option<Frequency> {
    match value {
        "DAILY" => Some(Frequency::Daily),
        "WEEKLY" => Some(Frequency::Weekly),
        "MONTHLY" => Some(Frequency::Monthly),
        "YEARLY" => Some(Frequency::Yearly),
        _ => None,
    }
}

/// `TU`, `2MO`, `-1FR`
fn read_day(item: &str) -> Option<(i64, usize)> {
    let (nth, day) = item.split_at_checked(item.len().checked_sub(2)?)?;
    let day = WEEKDAYS.iter().position(|name| *name == day)?;
    Some((if nth.is_empty() { 0 } else { number(nth, -53, 53)? }, day))
}

fn list<T>(value: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    (value.split(',').count() <= MAX_LIST).then_some(())?;
    value.split(',').map(|text| item(text.trim())).collect()
}

fn number(text: &str, least: i64, most: i64) -> Option<i64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (rule, ja, en) in [
            ("FREQ=WEEKLY;BYDAY=TU", "毎週 火曜日", "every week on Tue"),
            ("FREQ=WEEKLY", "毎週 火曜日", "every week on Tue"),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO;WKST=SU", "隔週 月・金曜日", "every 2 weeks on Mon, Fri"),
            ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "毎週 平日（月～金）", "every week on weekdays (Mon-Fri)"),
            ("FREQ=DAILY;COUNT=3;INTERVAL=1", "毎日（3回）", "every day, 3 times"),
            ("FREQ=DAILY;INTERVAL=3", "3日ごと", "every 3 days"),
            ("FREQ=MONTHLY;BYDAY=2MO", "毎月 第2月曜日", "every month on the 2nd Mon"),
            ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", "毎月 第2月曜日", "every month on the 2nd Mon"),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=10", "毎月 最終金曜日（10回）", "every month on the last Fri, 10 times"),
            ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "毎月 15日・末日", "every month on day 15, the last day"),
            ("FREQ=MONTHLY;INTERVAL=3", "3か月ごと 24日", "every 3 months on day 24"),
            (
                "FREQ=YEARLY;UNTIL=20301231T145959Z",
                "毎年 11月24日（2030年12月31日(火)まで）",
                "every year on 24 Nov, until Tue 31 Dec 2030",
            ),
            ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "毎年 11月第4木曜日", "every year on the 4th Thu of Nov"),
            (
                "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1;UNTIL=20300401",
                "毎年 4月1日（2030年4月1日(月)まで）",
                "every year on 1 Apr, until Mon 1 Apr 2030",
            ),
        ] {
            let words = |language| Rule::read(rule).and_then(|rule| rule.words(Some(20781), language));
            assert_eq!(
                (words(Language::Ja).as_deref(), words(Language::En).as_deref()),
                (Some(ja), Some(en)),
                "{rule}"
            );
        }
        for rule in
            ["", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=WEEKLY;BYDAY=あ"]
        {
            assert_eq!(Rule::read(rule), None, "{rule}");
        }
        for rule in ["FREQ=MONTHLY;BYDAY=MO", "FREQ=YEARLY;BYDAY=20MO", "FREQ=MONTHLY;BYDAY=1FR;BYMONTHDAY=13"] {
            assert_eq!(Rule::read(rule).and_then(|rule| rule.words(Some(0), Language::Ja)), None, "{rule}");
        }
    }

    #[test]
    fn days_of_years() {
        for (rule, year, month, day) in [
            ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", 2026, 3, 29),
            ("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", 2026, 3, 8),
            ("FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", 2026, 11, 1),
            ("FREQ=YEARLY;BYMONTH=2;BYDAY=-1SA", 2026, 2, 28),
            ("FREQ=YEARLY;BYMONTH=2;BYDAY=-2SA", 2026, 2, 21),
            ("FREQ=YEARLY;BYMONTH=10;BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14", 2026, 10, 11),
            ("FREQ=YEARLY", 2026, 4, 5),
            ("FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=30", 2026, 9, 30),
        ] {
            let days = Rule::read(rule).and_then(|rule| rule.yearly_day(year, Civil { year: 1970, month: 4, day: 5 }));
            assert_eq!(days.map(Civil::from_days), Some(Civil { year, month, day }), "{rule}");
        }
    }
}
