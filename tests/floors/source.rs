//! Reading Rust far enough to know which paths a file names: words without comments and texts, and
//! the module paths that begin with `crate`, `super` or the name of this crate.

/// What a file is made of, once comments are gone and texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    /// `::`
    Path,
    Sign(char),
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own == word)
    }
}

/// Splits a source into tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let at = |place: usize| text.get(place).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut place = 0;
    while place < text.len() {
        let (one, two) = (at(place), at(place + 1));
        if one == '/' && two == '/' {
            place += text[place..].iter().take_while(|c| **c != '\n').count();
        } else if one == '/' && two == '*' {
            place = after_block_comment(&text, place);
        } else if one == '"' {
            place = after_text(&text, place);
        } else if one == '\'' {
            place = after_quote(&text, place);
        } else if one.is_alphanumeric() || one == '_' {
            let end = place + text[place..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            let word: String = text[place..end].iter().collect();
            place = after_prefixed_text(&text, end, &word).unwrap_or(end);
            if place == end {
                found.push(Token::Word(word));
            }
        } else if one == ':' && two == ':' {
            found.push(Token::Path);
            place += 2;
        } else {
            if !one.is_whitespace() {
                found.push(Token::Sign(one));
            }
            place += 1;
        }
    }
    found
}

/// Block comments nest.
fn after_block_comment(text: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut place = start;
    while place < text.len() {
        match (text[place], text.get(place + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return place;
        }
    }
    place
}

/// After a text that begins with the `"` at `start`.
fn after_text(text: &[char], start: usize) -> usize {
    let mut place = start + 1;
    while place < text.len() {
        match text[place] {
            '\\' => place += 2,
            '"' => return place + 1,
            _ => place += 1,
        }
    }
    place
}

/// After a character such as `'x'` or `'\''`; a lifetime is passed by its mark alone.
fn after_quote(text: &[char], start: usize) -> usize {
    if text.get(start + 1) == Some(&'\\') {
        return start + 4 + text[start + 3..].iter().take_while(|c| **c != '\'').count();
    }
    let is_character = text.get(start + 2) == Some(&'\'');
    start + if is_character { 3 } else { 1 }
}

/// After a text with a prefix (`b"…"`, `r#"…"#`), if `word` is such a prefix and one follows at `end`.
fn after_prefixed_text(text: &[char], end: usize, word: &str) -> Option<usize> {
    match word {
        "b" | "c" if text.get(end) == Some(&'"') => return Some(after_text(text, end)),
        "b" if text.get(end) == Some(&'\'') => return Some(after_quote(text, end)),
        "r" | "br" | "cr" => {}
        _ => return None,
    }
    let marks = text[end..].iter().take_while(|c| **c == '#').count();
    if text.get(end + marks) != Some(&'"') {
        return None;
    }
    let mut place = end + marks + 1;
    while place < text.len() {
        let closing = text[place..].iter().skip(1).take_while(|c| **c == '#').count();
        if text[place] == '"' && closing >= marks {
            return Some(place + 1 + marks);
        }
        place += 1;
    }
    Some(place)
}

/// The module paths that a file names, each from the crate's root on. `module` is where the file
/// itself stands; `crate_name` is how a binary calls the library.
pub(crate) fn paths(tokens: &[Token], module: &[String], crate_name: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => {
                depth += 1;
                if let [.., keyword, Token::Word(name)] = &tokens[..place]
                    && keyword.is("mod")
                {
                    inline.push((name.clone(), depth));
                }
            }
            Token::Sign('}') => {
                inline.retain(|(_, opened)| *opened != depth);
                depth -= 1;
            }
            _ => {}
        }
        let begins = place == 0 || tokens[place - 1] != Token::Path;
        let is_path = tokens.get(place + 1) == Some(&Token::Path);
        if !begins || !is_path {
            continue;
        }
        if token.is("crate") || token.is(crate_name) {
            expand(tokens, place + 2, &[], &mut found);
        } else if token.is("super") {
            let mut base: Vec<String> = module.to_vec();
            base.extend(inline.iter().map(|(name, _)| name.clone()));
            let mut next = place;
            while tokens.get(next).is_some_and(|token| token.is("super")) {
                base.pop();
                next += 2;
            }
            expand(tokens, next, &base, &mut found);
        }
    }
    found
}

/// Follows a path from `place` on, into each branch of its braces; says where it ends.
fn expand(tokens: &[Token], mut place: usize, base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    loop {
        match tokens.get(place) {
            Some(Token::Sign('{')) => {
                place += 1;
                while !matches!(tokens.get(place), Some(Token::Sign('}')) | None) {
                    place = match tokens.get(place) {
                        Some(Token::Sign(',')) => place + 1,
                        _ => expand(tokens, place, &path, found),
                    };
                }
                return place + 1;
            }
            Some(Token::Word(word)) => {
                if word != "self" {
                    path.push(word.clone());
                }
                place += 1;
            }
            // `*`, or whatever else stands here.
            _ => place += 1,
        }
        if tokens.get(place) != Some(&Token::Path) {
            break;
        }
        place += 1;
    }
    // `use a::b as c`
    if tokens.get(place).is_some_and(|token| token.is("as")) {
        place += 2;
    }
    found.push(path);
    place
}
