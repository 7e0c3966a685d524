//! A serde reader over the tree, for the configuration types of other crates. Three things set it apart from
//! a YAML library's own: every mistake is found and not only the first (a value that cannot be read is
//! reported, left out, and the rest read again), each is reported at its place, and unknown keys are compared
//! with those the type declares. Scalars are read as in [`super::scalar`].

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{At, Fields, unknown_key};
use crate::tree::{Entry, Kind, Node, boolean};

/// Mistakes of one value after which it is not read again.
const MAX_ATTEMPTS: usize = 100;

impl At<'_> {
    /// Reads a value of a type that derives serde. Every mistake is reported.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        let state = State::default();
        let read = || {
            T::deserialize(Reader {
                at: self.clone(),
                state: &state,
            })
        };
        attempt(self, &state, read)
    }
}

impl Fields<'_> {
    /// Reads the keys that `T` declares from a mapping that holds others as well, and makes them known ones.
    pub(crate) fn decode_inline<T: DeserializeOwned>(&mut self) -> Option<T> {
        let at = self.at().clone();
        let state = State {
            inline: Some(std::ptr::from_ref(at.node)),
            ..State::default()
        };
        let read = || {
            T::deserialize(Reader {
                at: at.clone(),
                state: &state,
            })
        };
        let value = attempt(&at, &state, read);
        for key in state.declared.into_inner() {
            self.get(key);
        }
        value
    }
}

fn attempt<T>(at: &At<'_>, state: &State, read: impl Fn() -> Result<T, Failure>) -> Option<T> {
    for first in std::iter::once(true).chain(std::iter::repeat_n(false, MAX_ATTEMPTS)) {
        match read() {
            Ok(value) if first && state.unknown.borrow().is_empty() => return Some(value),
            // Something was left out, or meant for a key that is missing now: checking the rest would
            // only find consequences of that.
            Ok(_) => return None,
            Err(failure) => {
                failure.at(at, state);
                if state.failed.borrow().contains(&std::ptr::from_ref(at.node)) {
                    return None;
                }
            }
        }
    }
    None
}

/// What is remembered from one attempt to the next.
#[derive(Default)]
struct State {
    /// Values that could not be read.
    failed: RefCell<HashSet<*const Node>>,
    /// Entries whose key is unknown and has been reported.
    unknown: RefCell<HashSet<*const Entry>>,
    /// The mapping at the root, if it holds keys of others as well.
    inline: Option<*const Node>,
    /// The keys that the type at the root declares.
    declared: RefCell<&'static [&'static str]>,
}

/// Why a value could not be read. Reported at the innermost value it passes on its way out.
#[derive(Debug)]
struct Failure {
    message: String,
    reported: bool,
}

impl Failure {
    const REPORTED: Self = Self {
        message: String::new(),
        reported: true,
    };

    fn at(mut self, at: &At<'_>, state: &State) -> Self {
        if !self.reported {
            at.error(std::mem::take(&mut self.message));
            state
                .failed
                .borrow_mut()
                .insert(std::ptr::from_ref(at.node));
            self.reported = true;
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl serde::de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            reported: false,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("`{field}` is missing"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let expected: Vec<String> = expected.iter().map(|e| format!("`{e}`")).collect();
        Self::custom(format_args!(
            "`{variant}` is none of {}",
            expected.join(", ")
        ))
    }
}

/// Reads one value.
struct Reader<'a, 's> {
    at: At<'a>,
    state: &'s State,
}

impl Reader<'_, '_> {
    /// The value of a scalar reader, which has reported what is wrong.
    fn take<T>(&self, value: Option<T>) -> Result<T, Failure> {
        value.ok_or_else(|| {
            let node = std::ptr::from_ref(self.at.node);
            self.state.failed.borrow_mut().insert(node);
            Failure::REPORTED
        })
    }

    /// Gives a failure this value as its place, unless it has one.
    fn located<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| failure.at(&self.at, self.state))
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        known: Option<&'static [&'static str]>,
    ) -> Result<V::Value, Failure> {
        let entries: &[Entry] = match &self.at.node.kind {
            Kind::Map(entries) => entries,
            _ if self.at.node.is_null() => &[],
            _ => {
                self.at.mistyped("a mapping");
                return self.take(None);
            }
        };
        let shared = self.state.inline == Some(std::ptr::from_ref(self.at.node));
        if let (true, Some(known)) = (shared, known) {
            self.state.declared.replace(known);
        }
        let mut seen = HashSet::with_capacity(entries.len());
        let mut chosen = Vec::with_capacity(entries.len());
        // Backwards, because of a repeated key the last one counts.
        for entry in entries.iter().rev() {
            match known {
                Some(known) if !known.contains(&&*entry.key) => {
                    if !shared && self.first_report(entry) {
                        unknown_key(&self.at.entry(entry), &entry.key, known);
                    }
                }
                _ => {
                    let readable = !self.failed_before(&entry.value);
                    if seen.insert(&*entry.key) && readable {
                        chosen.push(entry);
                    }
                }
            }
        }
        let result = visitor.visit_map(Entries {
            at: self.at.clone(),
            state: self.state,
            rest: chosen,
            value: None,
        });
        self.located(result)
    }

    fn first_report(&self, entry: &Entry) -> bool {
        let entry = std::ptr::from_ref(entry);
        self.state.unknown.borrow_mut().insert(entry)
    }

    fn failed_before(&self, node: &Node) -> bool {
        let node = std::ptr::from_ref(node);
        self.state.failed.borrow().contains(&node)
    }
}

/// The entries of a mapping, the next one last.
struct Entries<'a, 's> {
    at: At<'a>,
    state: &'s State,
    rest: Vec<&'a Entry>,
    value: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some(entry) = self.rest.pop() else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key = entry.key.to_string().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|e: Failure| {
            let on_key = self.at.entry(entry).on_key();
            e.at(&on_key, self.state)
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some(entry) = self.value.take() else {
            return Err(Failure::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader {
            at: self.at.entry(entry),
            state: self.state,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The elements of a list, the next one last.
struct Elements<'a, 's> {
    state: &'s State,
    rest: Vec<At<'a>>,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let Some(at) = self.rest.pop() else {
            return Ok(None);
        };
        let state = self.state;
        seed.deserialize(Reader { at, state }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The name of a variant, which is all that an enum may be.
struct Variant<'a, 's> {
    reader: Reader<'a, 's>,
    name: String,
}

impl<'de, 'a, 's> EnumAccess<'de> for Variant<'a, 's> {
    type Error = Failure;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Failure> {
        let read = seed.deserialize(self.name.into_deserializer());
        Ok((self.reader.located(read)?, Unit))
    }
}

/// What follows the name of a variant: nothing.
struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Failure> {
        Err(Failure::custom("a single word is needed here"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _v: V) -> Result<V::Value, Failure> {
        Err(Failure::custom("a single word is needed here"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _v: V,
    ) -> Result<V::Value, Failure> {
        Err(Failure::custom("a single word is needed here"))
    }
}

macro_rules! unsigned {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let n = self.take(self.at.unsigned())?;
            self.located(visitor.visit_u64(n))
        }
    )*};
}

macro_rules! signed {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let n = self.take(self.at.signed())?;
            self.located(visitor.visit_i64(n))
        }
    )*};
}

macro_rules! text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let text = self.take(self.at.string())?;
            self.located(visitor.visit_string(text))
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Failure;

    unsigned!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);
    signed!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);
    text!(deserialize_str deserialize_string deserialize_char deserialize_identifier);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let value = self.take(self.at.boolean())?;
        self.located(visitor.visit_bool(value))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let value = self.take(self.at.float())?;
        self.located(visitor.visit_f64(value))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.at.node.is_null() {
            return self.located(visitor.visit_none());
        }
        let (at, state) = (self.at.clone(), self.state);
        visitor.visit_some(self).map_err(|e| e.at(&at, state))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.at.node.kind {
            Kind::List(_) => self.deserialize_seq(visitor),
            Kind::Map(_) => self.deserialize_map(visitor),
            Kind::Scalar { plain: false, .. } => self.deserialize_string(visitor),
            Kind::Scalar { .. } if self.at.node.is_null() => self.located(visitor.visit_unit()),
            Kind::Scalar { text, .. } => {
                if boolean(text).is_some() {
                    return self.deserialize_bool(visitor);
                }
                let number = super::scalar::whole_number(text);
                match number {
                    Some(super::scalar::Number::Unsigned(_)) => self.deserialize_u64(visitor),
                    Some(super::scalar::Number::Negative(_)) => self.deserialize_i64(visitor),
                    _ if super::scalar::float(text).is_some() => self.deserialize_f64(visitor),
                    _ => self.deserialize_string(visitor),
                }
            }
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.at.node.is_null() {
            return self.located(visitor.visit_unit());
        }
        self.at.mistyped("nothing");
        self.take(None)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let (at, state) = (self.at.clone(), self.state);
        visitor
            .visit_newtype_struct(self)
            .map_err(|e| e.at(&at, state))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let mut items = self.take(self.at.items())?;
        items.retain(|item| !self.failed_before(item.node));
        items.reverse();
        let state = self.state;
        self.located(visitor.visit_seq(Elements { state, rest: items }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.map(visitor, None)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.map(visitor, Some(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let name = self.take(self.at.string())?;
        let (at, state) = (self.at.clone(), self.state);
        visitor
            .visit_enum(Variant { reader: self, name })
            .map_err(|e| e.at(&at, state))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_string(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}
