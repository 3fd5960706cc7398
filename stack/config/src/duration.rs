//! Times as people write them.

use std::fmt;
use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// Not a number, or nothing.
    NotANumber,
    /// A negative number, where that means nothing.
    Negative,
    /// The number is followed by something else than `ms`, `s`, `m` or `h`.
    UnknownUnit,
    /// More than 4294967295 seconds.
    TooLong,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a number",
            Self::Negative => "negative",
            Self::UnknownUnit => "unknown unit of time",
            Self::TooLong => "too long",
        })
    }
}

impl std::error::Error for DurationError {}

/// `5` (seconds, as in every NUT file), `500ms`, `2s`, `1.5s`, `3m` or `1h`. Digits below a nanosecond are cut off.
///
/// # Errors
/// The text is none of those. At most 4294967295 s, so that a sum of a few of them cannot overflow.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    if let Some(rest) = text.strip_prefix('-') {
        return Err(duration(rest).err().unwrap_or(DurationError::Negative));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at(digits);
    let (fraction, unit) = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (fraction, unit) = rest.split_at(digits);
            if fraction.is_empty() {
                return Err(DurationError::NotANumber);
            }
            (fraction, unit)
        }
        None => ("", rest),
    };
    if whole.is_empty() {
        return Err(DurationError::NotANumber);
    }
    let unit_nanos: u128 = match unit {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(DurationError::UnknownUnit),
    };
    let whole: u128 = whole.parse::<u64>().map_err(|_| DurationError::TooLong)?.into();
    let mut nanos = whole * unit_nanos;
    let mut place = unit_nanos;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    let seconds = u32::try_from(nanos / 1_000_000_000).map_err(|_| DurationError::TooLong)?;
    let below = u32::try_from(nanos % 1_000_000_000).map_err(|_| DurationError::TooLong)?;
    Ok(Duration::new(seconds.into(), below))
}

/// As [`duration`], where a negative number stands for "never": `None`.
///
/// # Errors
/// As [`duration`], without [`DurationError::Negative`].
pub fn duration_or_never(text: &str) -> Result<Option<Duration>, DurationError> {
    match duration(text) {
        Ok(time) => Ok(Some(time)),
        Err(DurationError::Negative) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;
    use rstest::rstest;

    #[rstest]
    #[case("5", 5_000)]
    #[case("0", 0)]
    #[case("007", 7_000)]
    #[case("500ms", 500)]
    #[case("2s", 2_000)]
    #[case("1.5s", 1_500)]
    #[case("1.5", 1_500)]
    #[case("0.5m", 30_000)]
    #[case("3m", 180_000)]
    #[case("1h", 3_600_000)]
    fn reads(#[case] text: &str, #[case] milliseconds: u64) {
        assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    #[case("", DurationError::NotANumber)]
    #[case("s", DurationError::NotANumber)]
    #[case("5.", DurationError::NotANumber)]
    #[case(".5", DurationError::NotANumber)]
    #[case("fünf", DurationError::NotANumber)]
    #[case("-5", DurationError::Negative)]
    #[case("--5", DurationError::Negative)]
    #[case("-x", DurationError::NotANumber)]
    #[case("5 s", DurationError::UnknownUnit)]
    #[case("5sec", DurationError::UnknownUnit)]
    #[case("5d", DurationError::UnknownUnit)]
    #[case("5\u{e9}", DurationError::UnknownUnit)]
    #[case("4294967296", DurationError::TooLong)]
    #[case("99999999999999999999999999", DurationError::TooLong)]
    #[case("18446744073709551615h", DurationError::TooLong)]
    fn refuses(#[case] text: &str, #[case] error: DurationError) {
        assert_eq!(duration(text), Err(error));
    }

    #[test]
    fn negative_can_mean_never() {
        assert_eq!(duration_or_never("-1"), Ok(None));
        assert_eq!(duration_or_never("0"), Ok(Some(Duration::ZERO)));
    }

    quickcheck! {
        fn every_number_of_milliseconds(ms: u32) -> bool {
            duration(&format!("{ms}ms")) == Ok(Duration::from_millis(ms.into()))
                && duration(&format!("{}.{:03}", ms / 1000, ms % 1000)) == Ok(Duration::from_millis(ms.into()))
        }

        fn never_panics(text: String) -> bool {
            duration(&text).is_ok() || duration(&text).is_err()
        }
    }
}
