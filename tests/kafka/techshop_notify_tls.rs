//! `techshop notify` over TLS, to a mail server of somebody else's making: STARTTLS, TLS from the first byte, and a
//! certificate that nobody vouches for.

use crate::harness::{LONG, MailServer, Need, SHORT, Scratch, Shop, free_port, java_tool, source_dir, wait_until};
use crate::security::certificate;
use crate::techshop_notify_shop::{message, order};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_notify_tls",
        &[Need::Broker, Need::Python],
        [mails_go_over_tls_to_who_is_vouched_for_and_to_nobody_else]
    )
}

/// The private key that belongs to a certificate, as other programs read it.
fn private_key(store: &Path, scratch: &Scratch) -> PathBuf {
    let program = source_dir().join("tests/kafka/java/PrivateKey.java");
    let output = Command::new(java_tool("java")).arg(program).arg(store).arg("only-a-test").output();
    let output = output.expect("Java is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scratch.file("key.pem", output.stdout)
}

fn mails_go_over_tls_to_who_is_vouched_for_and_to_nobody_else() {
    let scratch = Scratch::new("mail-certificates");
    let (store, trusted) = certificate(&scratch, "mail");
    let (_, stranger) = certificate(&scratch, "stranger");
    let key = private_key(&store, &scratch);
    for (mode, url) in [("starttls", "smtp://127.0.0.1:PORT?tls=required"), ("implicit", "smtps://127.0.0.1:PORT")] {
        let shop = Shop::new().with_topic("notifications");
        shop.kafka.produce(
            &shop.topic("notifications"),
            &[message(0, &order("ORD-1", false, "alice@email.com", "confirmed"))],
        );
        let port = free_port();
        let url = url.replace("PORT", &port.to_string());
        let server = MailServer::start_tls(port, &shop.scratch, mode, &trusted, &key);

        let mut notify = shop.notify(&["--smtp", &url]).env("SSL_CERT_FILE", &stranger).start();
        wait_until("it says that nobody vouches for the server", LONG, || {
            assert!(notify.is_running(), "it ended: {}", notify.stderr());
            let said = format!("{}{}", notify.stdout(), notify.stderr()).to_lowercase();
            said.contains("invalid peer certificate").then_some(())
        });
        notify.terminate(SHORT).expect_code(0);
        assert!(server.mails().is_empty(), "{mode}: nothing is told to a stranger");
        assert!(shop.kafka.group(&shop.group()).values().all(|next| *next == 0), "{mode}: the letter waits");
        assert!(shop.dump("notifications-dlq").is_empty(), "{mode}");

        let mut notify = shop.notify(&["--smtp", &url]).env("SSL_CERT_FILE", &trusted).start();
        shop.wait_for_group(&mut notify, &shop.group(), "notifications");
        notify.terminate(SHORT).expect_code(0);
        assert_eq!(server.mails().len(), 1, "{mode}: and it goes to who is known, once");
        server.stop();
    }
}
