"""An SMTP server that writes down what it takes, for tests: mail_server.py PORT FILE [starttls|implicit CERTIFICATE KEY]"""

import json
import ssl
import sys
import time
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


class Taker:
    def __init__(self, path):
        self.path = path

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused@"):
            return "550 5.1.1 nobody of this name"
        if address.startswith("later@"):
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        line = {
            "from": mail["From"],
            "to": mail["To"],
            "recipients": envelope.rcpt_tos,
            "message_id": mail["Message-ID"],
            "date": mail["Date"],
            "subject": mail["Subject"],
            "content_type": mail["Content-Type"],
            "names": sorted(name.lower() for name in mail.keys()),
            "body": mail.get_content().replace("\r\n", "\n"),
        }
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        return "250 taken"


options = {}
if len(sys.argv) > 3:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    if sys.argv[3] == "implicit":
        options = {"ssl_context": context}
    else:
        options = {"tls_context": context, "require_starttls": True}
controller = Controller(Taker(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]), **options)
controller.start()
print("ready", flush=True)
while True:
    time.sleep(3600)
