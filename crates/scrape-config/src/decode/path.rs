//! Where in the configuration a value stands, as a person would write it: `scrape_configs[1].params.a`.

use std::fmt;
use std::rc::Rc;

/// A path of keys and list positions. Cheap to clone and extend.
#[derive(Clone, Default)]
pub(crate) struct KeyPath(Option<Rc<Step>>);

struct Step {
    parent: KeyPath,
    name: Name,
}

enum Name {
    Key(Box<str>),
    Index(usize),
}

impl KeyPath {
    pub(crate) fn root() -> Self {
        Self(None)
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        self.step(Name::Key(key.into()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(Name::Index(index))
    }

    fn step(&self, name: Name) -> Self {
        Self(Some(Rc::new(Step {
            parent: self.clone(),
            name,
        })))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.0 else { return Ok(()) };
        step.parent.fmt(f)?;
        match &step.name {
            Name::Index(i) => write!(f, "[{i}]"),
            Name::Key(key) => {
                if step.parent.0.is_some() {
                    f.write_str(".")?;
                }
                let plain = !key.is_empty()
                    && key
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
                match plain {
                    true => f.write_str(key),
                    // Keys of the user's choice: quoted, and cut where they are absurd.
                    false => write!(f, "{:?}", key.chars().take(80).collect::<String>()),
                }
            }
        }
    }
}
