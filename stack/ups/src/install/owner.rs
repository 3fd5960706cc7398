//! Who the daemons run as, in the root that is installed to. Pure.

/// The user that upsd becomes, and whose group may read secrets.
pub(super) const USER: &str = "nut";

/// The number of a user or a group, by the text of an /etc/passwd (passwd(5)) or an /etc/group (group(5)).
pub(super) fn number(text: &str, name: &str) -> Option<u32> {
    let mut lines = text.lines().map(|line| line.split(':'));
    let mut fields = lines.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    fields.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_whole_names() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nnutmon:x:998:55::/:/bin/false\nnut:x:84:55::/:/bin/false\n";
        assert_eq!(number(passwd, "nut"), Some(84));
        assert_eq!(number(passwd, "nu"), None);
        assert_eq!(number("root:x:0:\nnut:x:55:nutmon\n", "nut"), Some(55));
        assert_eq!(number("nut:x:many:\n", "nut"), None);
    }
}
