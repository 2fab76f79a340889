//! The words of the letters, in both languages. Whatever comes from an order is made harmless first: it can
//! neither begin a line nor turn the text around it.

use super::{Channel, Kind};
use crate::base::characters::is_obeyed;
use crate::base::language::Language;
use crate::base::money::Money;
use crate::words::shop::Order;

/// A value of an order takes at most so many characters of a letter.
const LONGEST_VALUE: usize = 100;

/// A reason takes at most so many.
const LONGEST_REASON: usize = 300;

/// The text as one line of at most `most` characters, without anything that a mail reader or a terminal would
/// obey; `…` stands for what is missing.
pub fn harmless(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || is_obeyed(c)).filter(|word| !word.is_empty());
    let mut line = String::new();
    let mut length = 0;
    for (index, word) in words.enumerate() {
        let gap = (index > 0).then_some(' ');
        for character in gap.into_iter().chain(word.chars()) {
            if length == most {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(character);
            length += 1;
        }
    }
    line
}

/// What of an order stands in letters.
struct Facts {
    order: String,
    customer: String,
    region: String,
    product: String,
    product_id: String,
    quantity: i64,
    total: String,
    reason: String,
    is_vip: bool,
}

impl Facts {
    fn new(language: Language, order: &Order<'_>, reason: &str) -> Self {
        let value = |text: &str| harmless(text, LONGEST_VALUE);
        Self {
            order: value(&order.order_id),
            customer: value(&order.customer_id),
            region: value(&order.customer_region),
            product: value(&order.product_name),
            product_id: value(&order.product_id),
            quantity: order.quantity,
            total: amount(language, order.total),
            reason: harmless(reason, LONGEST_REASON),
            is_vip: order.customer_vip,
        }
    }
}

/// `1,998.00 €`, in French `1 998,00 €` (with spaces that do not break).
fn amount(language: Language, money: Money) -> String {
    let plain = money.to_string();
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (thousands, point, space) = match language {
        Language::En => (',', '.', ' '),
        Language::Fr => ('\u{a0}', ',', '\u{a0}'),
    };
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let mut grouped = String::new();
    let mut left = digits;
    for character in whole.chars() {
        if character.is_ascii_digit() {
            if left < digits && left % 3 == 0 {
                grouped.push(thousands);
            }
            left -= 1;
        }
        grouped.push(character);
    }
    format!("{grouped}{point}{cents}{space}€")
}

/// Subject and text of a letter.
pub(super) fn write(
    language: Language,
    kind: Kind,
    channel: Channel,
    order: &Order<'_>,
    reason: &str,
) -> (String, String) {
    let facts = Facts::new(language, order, reason);
    match (channel, language) {
        (Channel::Sms, Language::En) => (String::new(), sms_en(kind, &facts)),
        (Channel::Sms, Language::Fr) => (String::new(), sms_fr(kind, &facts)),
        (Channel::Email, Language::En) => mail_en(kind, &facts),
        (Channel::Email, Language::Fr) => mail_fr(kind, &facts),
    }
}

fn sms_en(kind: Kind, facts: &Facts) -> String {
    let Facts { order, product, quantity, .. } = facts;
    match kind {
        Kind::Confirmation => format!(
            "🎉 TechShop: your order {order} ({product} × {quantity}) is being prepared. As a VIP you come first."
        ),
        Kind::Apology => format!("TechShop: we are sorry, {product} is out of stock for your order {order}."),
        Kind::RestockAlert => format!("TechShop: please restock {product}."),
    }
}

fn sms_fr(kind: Kind, facts: &Facts) -> String {
    let Facts { order, product, quantity, .. } = facts;
    match kind {
        Kind::Confirmation => format!(
            "🎉 TechShop : nous préparons votre commande {order} ({product} × {quantity}). Client VIP, vous êtes prioritaire."
        ),
        Kind::Apology => {
            format!("TechShop : désolés, {product} n'est plus en stock pour votre commande {order}.")
        }
        Kind::RestockAlert => format!("TechShop : merci de réapprovisionner {product}."),
    }
}

/// Lines with a name and a value, the values below each other.
fn table(rows: &[(&str, &str)]) -> String {
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let row = |(name, value): &(&str, &str)| {
        let gap = " ".repeat(widest - name.chars().count() + 2);
        format!("  {name}{gap}{value}\n")
    };
    rows.iter().map(row).collect()
}

fn mail_en(kind: Kind, facts: &Facts) -> (String, String) {
    let Facts { order, customer, region, product, product_id, total, reason, .. } = facts;
    let pieces = format!("{product} × {}", facts.quantity);
    match kind {
        Kind::Confirmation => {
            let rows = table(&[("Order", order), ("Product", &pieces), ("Total", total)]);
            let vip = if facts.is_vip { "As a VIP customer you come first: we pack your order now.\n\n" } else { "" };
            let text = format!(
                "Hello {customer},\n\nThank you for your order. It is confirmed:\n\n{rows}\n{vip}\
                 With kind regards\nYour TechShop\n"
            );
            (format!("Order {order} confirmed"), text)
        }
        Kind::Apology => {
            let rows = table(&[("Order", order), ("Product", &pieces), ("Total", total)]);
            let text = format!(
                "Hello {customer},\n\nWe are sorry: there is not enough left of what you ordered, so we could not\n\
                 confirm your order.\n\n{rows}\nOur logistics team knows. Please order again a little later, or fewer\n\
                 pieces.\n\nWith kind regards\nYour TechShop\n"
            );
            (format!("Order {order}: not enough of {product} in stock"), text)
        }
        Kind::RestockAlert => {
            let product = format!("{product} ({product_id})");
            let asked = facts.quantity.to_string();
            let rows = table(&[
                ("Product", &product),
                ("Asked for", &asked),
                ("Order", order),
                ("Customer", customer),
                ("Region", region),
                ("Reason", reason),
            ]);
            let text = format!(
                "An order could not be confirmed, because a product has run short.\n\n{rows}\n\
                 When there is more of it: techshop restock {product_id} QUANTITY\n"
            );
            (format!("Please restock {product}"), text)
        }
    }
}

fn mail_fr(kind: Kind, facts: &Facts) -> (String, String) {
    let Facts { order, customer, region, product, product_id, total, reason, .. } = facts;
    let pieces = format!("{product} × {}", facts.quantity);
    match kind {
        Kind::Confirmation => {
            let rows = table(&[("Commande", order), ("Produit", &pieces), ("Total", total)]);
            let vip =
                if facts.is_vip { "Client VIP, vous êtes prioritaire : nous préparons votre colis.\n\n" } else { "" };
            let text = format!(
                "Bonjour {customer},\n\nMerci de votre commande. Elle est confirmée :\n\n{rows}\n{vip}\
                 Cordialement,\nvotre TechShop\n"
            );
            (format!("Commande {order} confirmée"), text)
        }
        Kind::Apology => {
            let rows = table(&[("Commande", order), ("Produit", &pieces), ("Total", total)]);
            let text = format!(
                "Bonjour {customer},\n\nNous sommes désolés : il ne reste pas assez de l'article demandé, et nous\n\
                 n'avons pas pu confirmer votre commande.\n\n{rows}\nNotre équipe logistique est prévenue. Vous pouvez \
                 commander de nouveau\nun peu plus tard, ou en demander moins.\n\nCordialement,\nvotre TechShop\n"
            );
            (format!("Commande {order} : {product} en rupture de stock"), text)
        }
        Kind::RestockAlert => {
            let product = format!("{product} ({product_id})");
            let asked = facts.quantity.to_string();
            let rows = table(&[
                ("Produit", &product),
                ("Demandé", &asked),
                ("Commande", order),
                ("Client", customer),
                ("Région", region),
                ("Raison", reason),
            ]);
            let text = format!(
                "Une commande n'a pas pu être confirmée, faute de stock.\n\n{rows}\n\
                 À l'arrivée des pièces : techshop restock {product_id} QUANTITÉ\n"
            );
            (format!("À réapprovisionner : {product}"), text)
        }
    }
}
