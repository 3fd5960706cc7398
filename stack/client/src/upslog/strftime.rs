//! strftime(3) in the C locale, which is NUT's.

use std::fmt::Write as _;

use outage_host::LocalTime;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `time` by `format`. What is no conversion is kept as it stands, as glibc does.
pub(super) fn strftime(format: &str, time: &LocalTime) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let rest = chars.as_str();
        // Flags: `-` no padding, `_` blanks, `0` zeros, `^` upper case.
        let mut padding = None;
        let mut upper = false;
        let mut conversion = chars.next();
        while let Some(flag @ ('-' | '_' | '0' | '^')) = conversion {
            if flag == '^' {
                upper = true;
            } else {
                padding = Some(flag);
            }
            conversion = chars.next();
        }
        // E and O ask for a locale's own numerals; the C locale has none.
        if let Some('E' | 'O') = conversion {
            conversion = chars.next();
        }
        let Some(letter) = conversion else {
            out.push('%');
            out.push_str(rest);
            break;
        };
        let mut field = Field { out: String::new(), padding };
        if field.write(letter, time) {
            out.push_str(&if upper { field.out.to_uppercase() } else { field.out });
        } else {
            out.push('%');
            let used = rest.len() - chars.as_str().len();
            out.push_str(rest.get(..used).unwrap_or_default());
        }
    }
    out
}

struct Field {
    out: String,
    padding: Option<char>,
}

impl Field {
    fn number(&mut self, value: i64, width: usize, padding: char) {
        // Writing to a String cannot fail.
        let _ = match self.padding.unwrap_or(padding) {
            '-' => write!(self.out, "{value}"),
            '_' => write!(self.out, "{value:width$}"),
            _ => write!(self.out, "{value:0width$}"),
        };
    }

    fn also(&mut self, format: &str, time: &LocalTime) {
        self.out.push_str(&strftime(format, time));
    }

    /// False: there is no such conversion.
    fn write(&mut self, letter: char, t: &LocalTime) -> bool {
        let day = DAYS.get(usize::from(t.weekday)).copied().unwrap_or("?");
        let month = MONTHS.get(usize::from(t.month).wrapping_sub(1)).copied().unwrap_or("?");
        let hour12 = if t.hour.is_multiple_of(12) { 12 } else { t.hour % 12 };
        match letter {
            'a' => self.out.push_str(day.get(..3).unwrap_or(day)),
            'A' => self.out.push_str(day),
            'b' | 'h' => self.out.push_str(month.get(..3).unwrap_or(month)),
            'B' => self.out.push_str(month),
            'c' => self.also("%a %b %e %H:%M:%S %Y", t),
            'C' => self.number(t.year.div_euclid(100), 2, '0'),
            'd' => self.number(t.day.into(), 2, '0'),
            'D' | 'x' => self.also("%m/%d/%y", t),
            'e' => self.number(t.day.into(), 2, '_'),
            'F' => self.also("%Y-%m-%d", t),
            'g' => self.number(iso_week(t).0.rem_euclid(100), 2, '0'),
            'G' => self.number(iso_week(t).0, 1, '0'),
            'H' => self.number(t.hour.into(), 2, '0'),
            'I' => self.number(hour12.into(), 2, '0'),
            'j' => self.number(i64::from(t.year_day) + 1, 3, '0'),
            'k' => self.number(t.hour.into(), 2, '_'),
            'l' => self.number(hour12.into(), 2, '_'),
            'm' => self.number(t.month.into(), 2, '0'),
            'M' => self.number(t.minute.into(), 2, '0'),
            'n' => self.out.push('\n'),
            'p' => self.out.push_str(if t.hour < 12 { "AM" } else { "PM" }),
            'P' => self.out.push_str(if t.hour < 12 { "am" } else { "pm" }),
            'r' => self.also("%I:%M:%S %p", t),
            'R' => self.also("%H:%M", t),
            's' => self.number(t.unix, 1, '0'),
            'S' => self.number(t.second.into(), 2, '0'),
            't' => self.out.push('\t'),
            'T' | 'X' => self.also("%H:%M:%S", t),
            'u' => self.number(if t.weekday == 0 { 7 } else { t.weekday.into() }, 1, '0'),
            'U' => self.number((i64::from(t.year_day) + 7 - i64::from(t.weekday)) / 7, 2, '0'),
            'V' => self.number(iso_week(t).1, 2, '0'),
            'w' => self.number(t.weekday.into(), 1, '0'),
            'W' => self.number((i64::from(t.year_day) + 7 - i64::from((t.weekday + 6) % 7)) / 7, 2, '0'),
            'y' => self.number(t.year.rem_euclid(100), 2, '0'),
            'Y' => self.number(t.year, 1, '0'),
            'z' => {
                let minutes = t.offset.abs() / 60;
                let sign = if t.offset < 0 { '-' } else { '+' };
                let _ = write!(self.out, "{sign}{:02}{:02}", minutes / 60, minutes % 60);
            }
            'Z' => self.out.push_str(&t.zone),
            '%' => self.out.push('%'),
            _ => return false,
        }
        true
    }
}

/// Year and week by ISO 8601: weeks begin on Monday, and the first one has the year's first Thursday.
fn iso_week(t: &LocalTime) -> (i64, i64) {
    let monday_based = i64::from((t.weekday + 6) % 7);
    let week = (i64::from(t.year_day) - monday_based + 10) / 7;
    if week < 1 {
        (t.year - 1, weeks(t.year - 1))
    } else if week > weeks(t.year) {
        (t.year + 1, 1)
    } else {
        (t.year, week)
    }
}

/// How many weeks a year has: 53 if it begins or ends on a Thursday.
fn weeks(year: i64) -> i64 {
    let ends_on =
        |year: i64| (year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)).rem_euclid(7);
    if ends_on(year) == 4 || ends_on(year - 1) == 3 { 53 } else { 52 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn time() -> LocalTime {
        LocalTime {
            unix: 1_709_251_199,
            year: 2024,
            month: 2,
            day: 29,
            hour: 23,
            minute: 59,
            second: 9,
            weekday: 4,
            year_day: 59,
            offset: -12_600,
            zone: "NST".to_owned(),
        }
    }

    /// What `LC_ALL=C date` prints of that moment.
    #[rstest]
    #[case("%Y%m%d %H%M%S", "20240229 235909")]
    #[case("%a %A %b %B %h", "Thu Thursday Feb February Feb")]
    #[case("%c", "Thu Feb 29 23:59:09 2024")]
    #[case("%D %x %F %T %X %R %r", "02/29/24 02/29/24 2024-02-29 23:59:09 23:59:09 23:59 11:59:09 PM")]
    #[case("%C %y %j %u %w %e", "20 24 060 4 4 29")]
    #[case("%G %g %V %U %W", "2024 24 09 08 09")]
    #[case("%I %l %k %p %P", "11 11 23 PM pm")]
    #[case("%s %z %Z", "1709251199 -0330 NST")]
    #[case("%n%t%%", "\n\t%")]
    #[case("%-S %_S %^a %Ey %Od", "9  9 THU 24 29")]
    #[case("%", "%")]
    #[case("x %Q y", "x %Q y")]
    #[case("ü %5Y", "ü %5Y")]
    fn is_what_date_prints(#[case] format: &str, #[case] expected: &str) {
        assert_eq!(strftime(format, &time()), expected);
    }

    /// The turns of years are the hard part of weeks.
    #[rstest]
    #[case((2021, 1, 1, 5, 0), "2020 53 00 00")]
    #[case((2024, 12, 30, 1, 364), "2025 01 52 53")]
    #[case((2026, 1, 1, 4, 0), "2026 01 00 00")]
    #[case((2026, 12, 31, 4, 364), "2026 53 52 52")]
    #[case((2023, 1, 1, 0, 0), "2022 52 01 00")]
    fn weeks_of_the_year(#[case] date: (i64, u8, u8, u8, u16), #[case] expected: &str) {
        let (year, month, day, weekday, year_day) = date;
        let time = LocalTime { year, month, day, weekday, year_day, ..LocalTime::default() };
        assert_eq!(strftime("%G %V %U %W", &time), expected);
    }
}
