//! What the shop sells, and to whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base::money::Money;

/// The catalogue that holds when none is given.
const BUILT_IN: &str = r#"{"products":{
"P001":{"name":"iPhone 15","price":999,"stock":50,"category":"Electronics"},
"P002":{"name":"MacBook Pro","price":2499,"stock":20,"category":"Electronics"},
"P003":{"name":"Nike Air Max","price":149,"stock":100,"category":"Fashion"},
"P004":{"name":"Livre Python","price":29,"stock":200,"category":"Books"},
"P005":{"name":"Café Premium","price":15,"stock":500,"category":"Food"}},
"customers":[
{"id":"alice.martin","email":"alice@email.com","vip":true,"region":"Paris"},
{"id":"bob.durand","email":"bob@email.com","vip":false,"region":"Lyon"},
{"id":"carol.bernard","email":"carol@email.com","vip":true,"region":"Marseille"},
{"id":"david.petit","email":"david@email.com","vip":false,"region":"Nice"},
{"id":"emma.lopez","email":"emma@email.com","vip":true,"region":"Paris"}]}"#;

/// The largest opening stock of a product. Far above any shop's, and far below where sums overflow.
const MOST_STOCK: i64 = 1_000_000_000_000;

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// For people.
    pub name: String,
    /// Of one piece, in euros, above zero.
    pub price: Money,
    /// How many pieces there are when nothing was sold yet.
    pub stock: i64,
    /// For analytics.
    pub category: String,
}

/// Somebody who buys, in demonstrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Who.
    pub id: String,
    /// Where mail goes.
    pub email: String,
    /// Whether a message to the telephone comes on top.
    pub vip: bool,
    /// For analytics.
    pub region: String,
}

/// Products by their id, and customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// By `product_id`; at least one.
    pub products: BTreeMap<String, Product>,
    /// At least one.
    pub customers: Vec<Customer>,
}

/// Why a text is no catalogue.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// No JSON, or not of this shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// Nothing to sell, or nobody to sell to.
    #[error("it has no {what}")]
    Empty {
        /// `products` or `customers`.
        what: &'static str,
    },
    /// A product's price or stock makes no sense.
    #[error("product {product}: {what}")]
    Product {
        /// Its id.
        product: String,
        /// What is wrong.
        what: String,
    },
}

impl Catalogue {
    /// Reads a catalogue: `{"products": {"P001": {"name", "price", "stock", "category"}, …}, "customers":
    /// [{"id", "email", "vip", "region"}, …]}`.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn read(json: &[u8]) -> Result<Self, CatalogueError> {
        let catalogue: Self = serde_json::from_slice(json)?;
        if catalogue.products.is_empty() {
            return Err(CatalogueError::Empty { what: "products" });
        }
        if catalogue.customers.is_empty() {
            return Err(CatalogueError::Empty { what: "customers" });
        }
        for (id, Product { price, stock, .. }) in &catalogue.products {
            let wrong = |what: String| CatalogueError::Product { product: id.clone(), what };
            if id.is_empty() {
                return Err(wrong("an id needs at least one letter".to_owned()));
            }
            if *price <= Money::ZERO {
                return Err(wrong("the price must be above zero".to_owned()));
            }
            if !(0..=MOST_STOCK).contains(stock) {
                return Err(wrong(format!("the stock must be from 0 to {MOST_STOCK}")));
            }
        }
        Ok(catalogue)
    }

    /// The built-in one: five products, five customers.
    ///
    /// # Errors
    /// None in practice; a test reads it.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::read(BUILT_IN.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_can_be_read() {
        let catalogue = Catalogue::built_in().expect("our own");
        assert_eq!(catalogue.products["P002"].price, Money::from_cents(249_900));
        assert_eq!(catalogue.products.values().map(|product| product.stock).sum::<i64>(), 870);
        assert_eq!(catalogue.customers.iter().filter(|customer| customer.vip).count(), 3);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let read = |products: &str| {
            let json = format!(
                r#"{{"products":{{{products}}},"customers":[{{"id":"a","email":"a@b.c","vip":true,"region":"x"}}]}}"#
            );
            Catalogue::read(json.as_bytes()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(read(""), Err("it has no products".to_owned()));
        let product = |price: &str, stock: &str| {
            read(&format!(r#""P1":{{"name":"n","price":{price},"stock":{stock},"category":"c"}}"#))
        };
        assert_eq!(product("1.5", "3"), Ok(()));
        assert_eq!(product("0", "3"), Err("product P1: the price must be above zero".to_owned()));
        assert_eq!(product("1", "-1"), Err("product P1: the stock must be from 0 to 1000000000000".to_owned()));
        assert!(product("1", "\"many\"").is_err_and(|error| error.contains("line 1")));
    }
}
