//! Money through its public interface.

use proptest::prelude::*;

use super::Money;

fn read(json: &str) -> Money {
    serde_json::from_str(json).unwrap()
}

fn written(money: Money) -> String {
    serde_json::to_string(&money).unwrap()
}

#[test]
fn whole_amounts_are_written_as_integers_and_others_as_shortest_decimals() {
    let cases = [
        (1400, "14"),
        (960, "9.6"),
        (250, "2.5"),
        (825, "8.25"),
        (0, "0"),
        (-5, "-0.05"),
        (30, "0.3"),
        (-120_000, "-1200"),
    ];
    for (cents, json) in cases {
        assert_eq!(written(Money::from_cents(cents)), json);
    }
}

#[test]
fn a_sum_that_binary_floats_get_wrong_is_right() {
    // 3.2 × 3 is 9.600000000000001 in binary floating point.
    let sum = Money::from_cents(320).checked_multiply(3).unwrap();
    assert_eq!(written(sum), "9.6");
    assert_eq!(sum, Money::from_cents(960));
}

#[test]
fn every_spelling_of_a_number_is_read() {
    for json in ["14", "14.0", "14.00", "1.4e1", "140E-1", "14.000000000000000000"] {
        assert_eq!(read(json), Money::from_cents(1400), "{json}");
    }
    assert_eq!(read("1e2"), Money::from_cents(10_000));
    assert_eq!(read("-0.0"), Money::ZERO);
    assert_eq!(read("9.600000000000001").round_to_cents(), Money::from_cents(960));
    assert_eq!(read("18446744073709551615").to_string(), "18446744073709551615.00");
    assert_eq!(read("100000000000000000000").to_string(), "100000000000000000000.00");
    assert_eq!(read("1e-30"), Money::ZERO);
    assert_eq!(read("1.005").round_to_cents(), Money::from_cents(101));
}

#[test]
fn what_is_no_number_or_does_not_fit_is_an_error() {
    let reason = |json| serde_json::from_str::<Money>(json).unwrap_err().to_string();
    for json in ["1e29", "-1e29", "1e308", "1e400", "123456789012345678901234567890"] {
        assert!(reason(json).starts_with("number out of range"), "{json}");
    }
    for json in ["\"14\"", "null", "true", "[1]", "{}"] {
        let text = reason(json);
        assert!(text.contains("expected a number"), "{json}: {text}");
    }
    let long = format!("\"{}\"", "x".repeat(10_000));
    assert!(reason(&long).len() < 100);
}

#[test]
fn a_half_cent_is_rounded_away_from_zero() {
    for (json, cents) in [("0.125", 13), ("-0.125", -13), ("0.1249", 12), ("2.675", 268)] {
        assert_eq!(read(json).round_to_cents(), Money::from_cents(cents), "{json}");
    }
    assert_eq!(Money::from_cents(1980).percent(20), Some(Money::from_cents(396)));
    // 20 % of 0.13 is 0.026, of 0.125 is 0.025.
    assert_eq!(Money::from_cents(13).percent(20), Some(Money::from_cents(3)));
    assert_eq!(read("0.125").percent(20), Some(Money::from_cents(3)));
}

#[test]
fn out_of_range_is_none_and_never_a_panic() {
    let huge = read("79228162514264000000000000000");
    assert_eq!(huge.checked_add(huge), None);
    assert_eq!(huge.checked_multiply(i64::MAX), None);
    assert_eq!(huge.percent(u32::MAX), None);
    assert_eq!(huge.round_to_cents(), huge);
    assert_eq!(huge.to_string(), "79228162514264000000000000000.00");
    assert_eq!(written(huge), "79228162514264000000000000000");
}

#[test]
fn text_has_two_places_and_respects_the_width() {
    assert_eq!(Money::from_cents(1400).to_string(), "14.00");
    assert_eq!(Money::from_cents(-5).to_string(), "-0.05");
    assert_eq!(read("0.125").to_string(), "0.13");
    assert_eq!(read("-0.001").to_string(), "0.00");
    assert_eq!(read("7").to_string(), "7.00");
    assert_eq!(format!("{:>8}|", Money::from_cents(2050)), "   20.50|");
}

proptest! {
    #[test]
    fn cents_come_back_from_json(cents in -999_999_999_999_999_i64..1_000_000_000_000_000) {
        let money = Money::from_cents(cents);
        prop_assert_eq!(read(&written(money)), money);
    }

    #[test]
    fn json_of_up_to_fifteen_digits_is_read_exactly(mantissa in 0_i64..1_000_000_000_000_000, places in 0_usize..15) {
        let digits = format!("{mantissa:0width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let json = if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
        // What a writer that knows no trailing zeros would have sent.
        let shortest = if places == 0 { whole } else { json.trim_end_matches('0').trim_end_matches('.') };
        let written_again = written(read(&json));
        prop_assert_eq!(read(&written_again), read(&json));
        if !written_again.contains('e') {
            prop_assert_eq!(written_again, shortest);
        }
    }

    #[test]
    fn addition_and_multiplication_agree_with_integers(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000, quantity in -1_000_i64..1_000) {
        let (left, right) = (Money::from_cents(a), Money::from_cents(b));
        prop_assert_eq!(left.checked_add(right), Some(Money::from_cents(a + b)));
        prop_assert_eq!(left.checked_multiply(quantity), Some(Money::from_cents(a * quantity)));
        prop_assert_eq!(left.cmp(&right), a.cmp(&b));
    }

    #[test]
    fn no_number_makes_it_panic(bits: u64, quantity: i64, percent: u32) {
        let number = f64::from_bits(bits);
        if let Ok(money) = serde_json::from_str::<Money>(&format!("{number:e}")) {
            let results = [
                money.checked_multiply(quantity),
                money.percent(percent),
                money.checked_add(money),
                Some(money.round_to_cents()),
            ];
            for result in results.into_iter().flatten() {
                prop_assert!(result.to_string().contains('.'));
                prop_assert!(serde_json::to_string(&result).is_ok());
            }
        }
    }
}
