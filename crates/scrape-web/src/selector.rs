//! Series selectors, as in `{job="a", instance=~"h.*"}`: the one piece of the query language that the API
//! of a scraper needs.

use scrape_core::Labels;
use scrape_core::labels::METRIC_NAME;
use scrape_core::relabel::Pattern;

mod lexer;

use lexer::{Lexer, Token};

/// Matchers that must all hold. A label that is absent equals an empty one.
#[derive(Debug, Clone)]
pub struct Selector {
    matchers: Vec<Matcher>,
}

#[derive(Debug, Clone)]
struct Matcher {
    name: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    NotEqual(String),
    Matches(Pattern),
    MatchesNot(Pattern),
}

/// Why a selector is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1:{column}: parse error: {reason}")]
pub struct SelectorError {
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

/// A selector beyond this many bytes is refused.
const MAX_BYTES: usize = 64 << 10;

impl Selector {
    /// Reads a selector: a metric name, matchers in braces, or both. A quoted text among the matchers is a
    /// metric name, too.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.len() > MAX_BYTES {
            return Err(SelectorError {
                column: 1,
                reason: format!("longer than {MAX_BYTES} bytes"),
            });
        }
        let mut lexer = Lexer::new(text);
        let mut matchers = Vec::new();
        let mut token = lexer.next()?;
        let mut named = false;
        if let Token::Name(name) = token {
            matchers.push(Matcher::metric(name));
            named = true;
            token = lexer.next()?;
        }
        match token {
            Token::OpenBrace => {
                braces(&mut lexer, &mut matchers, named)?;
                match lexer.next()? {
                    Token::End => Ok(Self { matchers }),
                    other => Err(lexer.unexpected(&other, "the end")),
                }
            }
            Token::End if named => Ok(Self { matchers }),
            other => Err(lexer.unexpected(&other, "a metric name or \"{\"")),
        }
    }

    /// Whether all matchers hold for a label set.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matchers
            .iter()
            .all(|m| m.matches(labels.value(&m.name)))
    }
}

/// The matchers between braces; the opening one is consumed.
fn braces(
    lexer: &mut Lexer<'_>,
    matchers: &mut Vec<Matcher>,
    mut named: bool,
) -> Result<(), SelectorError> {
    loop {
        let (name, quoted) = match lexer.next()? {
            Token::CloseBrace => return Ok(()),
            Token::Name(name) => (name.to_owned(), false),
            Token::Text(name) => (name, true),
            other => return Err(lexer.unexpected(&other, "a label name or \"}\"")),
        };
        if !quoted && name.contains(':') {
            return Err(lexer.error(format!("{name:?} is not a valid label name")));
        }
        let operator = match lexer.next()? {
            Token::Operator(operator) => operator,
            end @ (Token::Comma | Token::CloseBrace) if quoted => {
                if named {
                    return Err(lexer.error("metric name must not be set twice".into()));
                }
                named = true;
                matchers.push(Matcher::metric(&name));
                if end == Token::CloseBrace {
                    return Ok(());
                }
                continue;
            }
            other => return Err(lexer.unexpected(&other, "one of =, !=, =~, !~")),
        };
        let value = match lexer.next()? {
            Token::Text(value) => value,
            other => return Err(lexer.unexpected(&other, "a quoted value")),
        };
        if named && name == METRIC_NAME {
            return Err(lexer.error("metric name must not be set twice".into()));
        }
        let test = match operator {
            "=" => Test::Equal(value),
            "!=" => Test::NotEqual(value),
            "=~" => Test::Matches(compile(&value).map_err(|e| lexer.error(e))?),
            _ => Test::MatchesNot(compile(&value).map_err(|e| lexer.error(e))?),
        };
        matchers.push(Matcher { name, test });
        match lexer.next()? {
            Token::Comma => {}
            Token::CloseBrace => return Ok(()),
            other => return Err(lexer.unexpected(&other, "\",\" or \"}\"")),
        }
    }
}

/// Expressions have Go's dialect, match the whole value, and a dot matches line ends.
fn compile(expression: &str) -> Result<Pattern, String> {
    Pattern::new(expression).map_err(|e| format!("error parsing regexp: {e}"))
}

impl Matcher {
    fn metric(name: &str) -> Self {
        Self {
            name: METRIC_NAME.to_owned(),
            test: Test::Equal(name.to_owned()),
        }
    }

    fn matches(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal(own) => own == value,
            Test::NotEqual(own) => own != value,
            Test::Matches(expression) => expression.is_match(value),
            Test::MatchesNot(expression) => !expression.is_match(value),
        }
    }
}

#[cfg(test)]
mod tests;
