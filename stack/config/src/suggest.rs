//! "Did you mean ...?"

/// The candidate nearest to `word`, if it is near enough that a slip of the finger explains the difference. Letters'
/// case counts for nothing.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words than any we know are not worth the square of their length.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (above[j - 1] + same).min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;
    use rstest::rstest;

    #[rstest]
    #[case("MAXAG", Some("MAXAGE"))]
    #[case("maxage", Some("MAXAGE"))]
    #[case("LITSEN", Some("LISTEN"))]
    #[case("ACL", None)]
    #[case("x", None)]
    #[case("", None)]
    #[case("ENTIRELYDIFFERENT", None)]
    fn suggests_what_is_near(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(nearest(word, ["LISTEN", "MAXAGE", "MAXCONN"]), expected);
    }

    quickcheck! {
        fn distance_is_symmetric_and_zero_for_equals(a: String, b: String) -> bool {
            distance(&a, &b) == distance(&b, &a) && distance(&a, &a) == 0 && (distance(&a, &b) > 0 || a == b)
        }
    }
}
