//! Dates as UPSes pack them, and as NUT writes them.

/// A date of HID power devices (0x85:85); zero is none.
pub(super) fn date(value: f64) -> String {
    let bits = value as i64;
    if bits == 0 {
        return "not set".to_owned();
    }
    format!("{:04}/{:02}/{:02}", 1980 + (bits >> 9 & 0x7f), bits >> 5 & 0xf, bits & 0x1f)
}

/// The same from a text.
pub(super) fn packed_date(text: &str) -> Option<f64> {
    let mut parts = text.split('/').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = parts.next().is_none()
        && (1980..=2107).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day);
    valid.then_some(((year - 1980) << 9 | month << 5 | day) as f64)
}

/// A date of APC's, e.g. 0x102202 for 2002/10/22; zero is none.
pub(super) fn apc_date(value: f64) -> String {
    let bits = value as i64;
    if bits == 0 {
        return "not set".to_owned();
    }
    let digits = |shift: i64| (bits >> (shift + 4) & 0xf) * 10 + (bits >> shift & 0xf);
    let year = digits(0);
    let century = if year >= 70 { 1900 } else { 2000 };
    format!("{:04}/{:02}/{:02}", century + year, digits(16), digits(8))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(10785.0, "2001/01/01")]
    #[case(20648.0, "2020/05/08")]
    #[case(0.0, "not set")]
    fn dates(#[case] value: f64, #[case] text: &str) {
        assert_eq!(date(value), text);
        assert_eq!(packed_date(text), (value != 0.0).then_some(value));
    }

    #[rstest]
    #[case("2020/5")]
    #[case("2020/13/01")]
    #[case("1979/12/31")]
    #[case("2020/05/08/1")]
    #[case("soon")]
    fn no_dates(#[case] text: &str) {
        assert_eq!(packed_date(text), None);
    }

    #[rstest]
    #[case(0x0010_2202, "2002/10/22")]
    #[case(0x0007_0304, "2004/07/03")]
    #[case(0x0001_0199, "1999/01/01")]
    #[case(0, "not set")]
    fn dates_of_apc(#[case] value: i64, #[case] text: &str) {
        assert_eq!(apc_date(value as f64), text);
    }
}
