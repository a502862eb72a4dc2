//! The line of a place in a JSON document, looked up only once something is wrong with it.

/// The line of the value at a JSON pointer (names without `~` or `/`), in a document that parsed.
pub fn line_of(text: &[u8], pointer: &str) -> Option<u32> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    for name in pointer.split('/').skip(1) {
        scanner.enter(name)?;
    }
    let before = text.get(..scanner.at)?;
    u32::try_from(before.iter().filter(|b| **b == b'\n').count()).ok()?.checked_add(1)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)?;
        self.space();
        Some(())
    }

    /// Goes to the member or item of this name in the container that starts here.
    fn enter(&mut self, name: &str) -> Option<()> {
        if self.peek()? == b'{' {
            self.take(b'{')?;
            loop {
                let key = self.string()?;
                self.take(b':')?;
                if key == name.as_bytes() {
                    return Some(());
                }
                self.value()?;
                self.take(b',')?;
            }
        }
        self.take(b'[')?;
        for _ in 0..name.parse::<usize>().ok()? {
            self.value()?;
            self.take(b',')?;
        }
        Some(())
    }

    /// Passes a string, and gives its bytes without the quotes, escapes not resolved.
    fn string(&mut self) -> Option<&'a [u8]> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let inner = self.text.get(start..self.at)?;
        self.at += 1;
        Some(inner)
    }

    fn value(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' if open == 0 => return Some(()),
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                }
                b',' if open == 0 => return Some(()),
                _ => self.at += 1,
            }
            if open == 0 && matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_members_and_items() {
        let text = b"{\n \"a\": [1,\n {\"b\": \"x,]}\\\"\"},\n {\"c\":\n 3}],\n \"d\": true\n}";
        assert_eq!(line_of(text, "/a"), Some(2));
        assert_eq!(line_of(text, "/a/1/b"), Some(3));
        assert_eq!(line_of(text, "/a/2/c"), Some(5));
        assert_eq!(line_of(text, "/d"), Some(6));
        assert_eq!(line_of(text, "/e"), None);
    }
}
