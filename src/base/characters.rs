//! Characters that nobody sees and that others obey: terminals, mail readers, and whoever lays text out.

/// Whether a terminal or a reader would obey the character, or the text around it would be turned or hidden by it:
/// controls, marks of direction, spaces without width, tags. Whoever shows what a stranger wrote puts something else in
/// its place.
pub fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_not_obeyed_and_what_turns_it_is() {
        assert!("Zoé, 你好, שלום ½ 🍵 '<>&\"".chars().all(|character| !is_obeyed(character)));
        let obeyed = "\0\u{1b}\n\u{7f}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200f}\u{2028}\u{202e}\u{2066}\u{feff}\u{fffa}\u{e0041}";
        assert!(obeyed.chars().all(is_obeyed));
    }
}
