//! What stands in a mail, read back by another reader of mails.

use super::*;
use mailparse::{MailHeaderMap as _, parse_mail};
use proptest::prelude::*;

fn sender() -> Sender {
    Sender::read("TechShop <no-reply@techshop.example>").expect("an address")
}

fn draft<'a>(subject: &'a str, text: &'a str) -> Draft<'a> {
    Draft { to: "alice@email.com", subject, text, time_ms: 1_795_000_000_000, id: "abc" }
}

#[test]
fn a_mail_has_the_headers_that_mails_have() {
    let mail = Mail::new(&sender(), &draft("Order ORD-1 confirmed", "Café\n")).expect("a mail");
    let bytes = mail.to_bytes();
    let read = parse_mail(&bytes).expect("it can be read");
    let header = |name: &str| read.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("From"), "TechShop <no-reply@techshop.example>");
    assert_eq!(header("To"), "alice@email.com");
    assert_eq!(header("Subject"), "Order ORD-1 confirmed");
    assert_eq!(header("Message-ID"), "<abc@techshop.example>");
    assert_eq!(header("Date"), "Wed, 18 Nov 2026 11:06:40 +0000");
    assert_eq!(header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(read.get_body().expect("text").trim_end(), "Café");
    assert_eq!(bytes, Mail::new(&sender(), &draft("Order ORD-1 confirmed", "Café\n")).expect("a mail").to_bytes());
}

/// A time in a header of the message, which anybody may write, once ended whoever wrote the mail.
#[test]
fn a_mail_of_any_time_has_a_date_of_four_digits() {
    for (time_ms, year) in [(i64::MIN, " 1970 "), (-1, " 1970 "), (253_402_300_800_000, " 9999 "), (i64::MAX, " 9999 ")]
    {
        let mail = Mail::new(&sender(), &Draft { time_ms, ..draft("s", "t") }).expect("made");
        let text = String::from_utf8(mail.to_bytes()).expect("text");
        assert!(text.lines().any(|line| line.starts_with("Date: ") && line.contains(year)), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for wrong in ["", "alice", "alice@", "@b.example", "a@b.example\r\nBcc: c@d.example", "a b@c.example", "a@b@c d"] {
        let error = Mail::new(&sender(), &Draft { to: wrong, ..draft("s", "t") }).expect_err(wrong);
        assert!(matches!(error, MailError::Address { .. }), "{wrong}: {error}");
    }
    assert!(check_address(&format!("a@{}.example", "b".repeat(260))).is_err());
    assert!(Sender::read("TechShop\r\nBcc: x@y.example <a@b.example>").is_err());
}

#[test]
fn no_password_leaves_the_machine_in_clear() {
    for wrong in
        ["smtp://u:p@mail.example", "smtp://u:p@mail.example:587/x?tls=opportunistic", "smtp://u@localhost.example"]
    {
        let error = Smtp::new(wrong, 1).expect_err(wrong).to_string();
        assert!(error.contains("tls=required") && !error.contains("mail.example"), "{error}");
    }
    for right in ["smtp://mail.example", "smtp://u:p@127.0.0.1:25", "smtp://u:p@localhost:25", "smtp://u:p@[::1]:25"] {
        assert!(Smtp::new(right, 1).is_ok(), "{right}");
    }
}

#[test]
fn a_url_that_is_none_is_not_shown() {
    for wrong in ["", "http://host", "smtp://", "smtp://host?tls=maybe"] {
        assert!(Smtp::new(wrong, 1).is_err(), "{wrong}");
    }
    for right in ["smtp://127.0.0.1:2525", "smtps://u:p@mail.example", "smtp://u:p@mail.example:587?tls=required"] {
        assert!(Smtp::new(right, 1).is_ok(), "{right}");
    }
}

proptest! {
    /// Whatever stands in a subject or a text, there are no more headers than there should be.
    #[test]
    fn nothing_becomes_a_header(subject in "(.|[\r\n]){0,200}", text in "(.|[\r\n]){0,400}", to in "(.|[\r\n]){0,60}") {
        let attempt = Draft { to: &to, ..draft(&subject, &text) };
        if let Ok(mail) = Mail::new(&sender(), &attempt) {
            prop_assert!(parse_mail(&mail.to_bytes()).is_ok());
        }
        let mail = Mail::new(&sender(), &draft(&subject, &text)).expect("a mail");
        let bytes = mail.to_bytes();
        let read = parse_mail(&bytes).expect("it can be read");
        let mut names: Vec<String> = read.headers.iter().map(|header| header.get_key().to_lowercase()).collect();
        names.sort();
        let expected = ["content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"];
        prop_assert_eq!(names, expected);
    }

    /// Also one that some readers would take for an encoded word, or the beginning of one.
    #[test]
    fn a_subject_that_looks_encoded_is_read_back(
        parts in proptest::collection::vec(prop_oneof![
            Just("=?".to_owned()), Just("?=".to_owned()), Just("=?utf-8?q?=41?=".to_owned()), "[^\\s\\p{C}]{1,20}",
        ], 1..12),
        blank in prop_oneof![Just(""), Just(" ")],
    ) {
        let subject = parts.join(blank);
        let mail = Mail::new(&sender(), &draft(&subject, "t")).expect("a mail");
        let bytes = mail.to_bytes();
        let read = parse_mail(&bytes).expect("it can be read");
        prop_assert_eq!(&read.headers.get_first_value("Subject").unwrap_or_default(), &subject);
        if subject.contains("=?") {
            prop_assert!(String::from_utf8_lossy(&bytes).lines().all(|line| line.len() <= 76));
        }
    }

    /// A harmless line comes back as it was.
    #[test]
    fn a_subject_is_read_back(words in proptest::collection::vec("[^\\s\\p{C}]{1,40}", 1..12)) {
        let subject = words.join(" ");
        let mail = Mail::new(&sender(), &draft(&subject, "t")).expect("a mail");
        let bytes = mail.to_bytes();
        let read = parse_mail(&bytes).expect("it can be read");
        prop_assert_eq!(read.headers.get_first_value("Subject").unwrap_or_default(), subject);
    }

    /// So does a text.
    #[test]
    fn a_text_is_read_back(lines in proptest::collection::vec("[^\\p{C}]{0,200}", 0..12)) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mail = Mail::new(&sender(), &draft("s", &text)).expect("a mail");
        let bytes = mail.to_bytes();
        let body = parse_mail(&bytes).expect("it can be read").get_body().expect("text");
        let body = body.replace("\r\n", "\n");
        prop_assert_eq!(body.trim_end_matches('\n'), text.trim_end_matches('\n'));
    }
}
