//! An order of material.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::fields::{Faults, Refusal, object, time_text, whole};

/// So many kinds of material an order may have.
const MOST_MATERIALS: usize = 256;

/// So many pieces of one.
const MOST_PIECES: u64 = 1_000_000;

/// How urgent an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Before others.
    High,
    /// In its turn.
    Normal,
}

impl Priority {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Normal => "NORMAL",
        }
    }
}

/// So many pieces of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// What.
    pub name: String,
    /// How many, at least 1.
    pub quantity: u64,
}

/// An order: the fields of the contract, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplyOrder {
    /// Names it on both sides: `WL-1234-5678`, or whatever a foreign service took.
    pub number: String,
    /// When it was made, milliseconds since 1970-01-01 UTC.
    pub date_ms: i64,
    /// Who wants it.
    pub department: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What is wanted, at least one.
    pub materials: Vec<Material>,
}

/// For finding a field that stands there twice, of which the readers of JSON silently take one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is only read for the error")]
struct Once {
    order_number: Option<IgnoredAny>,
    date: Option<IgnoredAny>,
    department: Option<IgnoredAny>,
    priority: Option<IgnoredAny>,
    materials: Vec<OnceMaterial>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is only read for the error")]
struct OnceMaterial {
    name: Option<IgnoredAny>,
    quantity: Option<IgnoredAny>,
}

/// Whether a text may be the number of an order.
pub fn valid_number(text: &str) -> bool {
    (1..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

impl SupplyOrder {
    /// Reads an order; fields that the contract does not know are ignored.
    ///
    /// # Errors
    /// [`Refusal`] with all that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        Self::from_object(&object(bytes)?, bytes, None)
    }

    /// Reads an order that may have no number or date yet: it then gets these.
    ///
    /// # Errors
    /// [`Refusal`] with all that is wrong.
    pub fn read_own(bytes: &[u8], number: &str, date_ms: i64) -> Result<Self, Refusal> {
        Self::from_object(&object(bytes)?, bytes, Some((number, date_ms)))
    }

    fn from_object(object: &Map<String, Value>, bytes: &[u8], missing: Option<(&str, i64)>) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        let number = match (missing, object.get("orderNumber")) {
            (Some((number, _)), None) => number.to_owned(),
            (_, given) => {
                let number = faults.text(given, "orderNumber", (1, 50));
                if !number.is_empty() && !valid_number(&number) {
                    faults.note("orderNumber", "it must be 1 to 50 of A-Z a-z 0-9 . _ -");
                }
                number
            }
        };
        let date_ms = match (missing, object.get("date")) {
            (Some((_, date_ms)), None) => date_ms,
            (_, given) => faults.time(given, "date"),
        };
        let department = faults.text(object.get("department"), "department", (1, 200));
        let choices = [("HIGH", Priority::High), ("NORMAL", Priority::Normal)];
        let priority = faults.choice(object.get("priority"), "priority", &choices);
        let materials = materials(object.get("materials"), &mut faults);
        if let (true, Err(error)) = (faults.0.is_empty(), serde_json::from_slice::<Once>(bytes)) {
            faults.note("order", error.to_string());
        }
        match priority {
            Some(priority) if faults.0.is_empty() => Ok(Self { number, date_ms, department, priority, materials }),
            _ => Err(Refusal::Wrong(faults.0)),
        }
    }

    /// The order as it is sent.
    pub fn json(&self) -> String {
        let materials: Vec<String> = self.materials.iter().map(material).collect();
        format!(
            r#"{{"orderNumber":{},"date":{},"department":{},"priority":{},"materials":[{}]}}"#,
            json!(self.number),
            json!(time_text(self.date_ms)),
            json!(self.department),
            json!(self.priority.text()),
            materials.join(",")
        )
    }

    /// The form that all spellings of one order share: the fields of the contract in the order of RFC 8785, the date
    /// in milliseconds.
    pub fn canonical(&self) -> String {
        let materials: Vec<String> = self.materials.iter().map(material).collect();
        format!(
            r#"{{"date":{},"department":{},"materials":[{}],"orderNumber":{},"priority":{}}}"#,
            self.date_ms,
            json!(self.department),
            materials.join(","),
            json!(self.number),
            json!(self.priority.text()),
        )
    }

    /// SHA-256 of the canonical form, in hexadecimal digits: two orders with one number but different ones are not
    /// the same order.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.canonical().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn material(material: &Material) -> String {
    format!(r#"{{"name":{},"quantity":{}}}"#, json!(material.name), material.quantity)
}

fn materials(value: Option<&Value>, faults: &mut Faults) -> Vec<Material> {
    let Some(list) = value.and_then(Value::as_array).filter(|list| (1..=MOST_MATERIALS).contains(&list.len())) else {
        faults.note("materials", format!("it must be a list of 1 to {MOST_MATERIALS}"));
        return Vec::new();
    };
    let read = |(index, value): (usize, &Value)| {
        let path = format!("materials[{index}]");
        let Value::Object(object) = value else {
            faults.note(&path, "it must be an object with name and quantity");
            return Material { name: String::new(), quantity: 0 };
        };
        let name = faults.text(object.get("name"), &format!("{path}.name"), (1, 200));
        let quantity = whole(object.get("quantity"), MOST_PIECES);
        if quantity.is_none() {
            faults.note(&format!("{path}.quantity"), format!("it must be a whole number from 1 to {MOST_PIECES}"));
        }
        Material { name, quantity: quantity.unwrap_or_default() }
    };
    list.iter().enumerate().map(read).collect()
}
