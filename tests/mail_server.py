"""A mail server that keeps what it is given."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every message and keeps it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.messages: list[EmailMessage] = []


class MailHandler(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as it takes to be given a message."""

    server: MailServer

    def handle(self) -> None:
        self.say("220 here")
        for line in iter(self.rfile.readline, b""):
            word = line.split()[0].upper()
            if word == b"DATA":
                self.say("354 go on")
                self.server.messages.append(self.message())
            self.say("221 bye" if word == b"QUIT" else "250 fine")

    def say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")

    def message(self) -> EmailMessage:
        lines = iter(self.rfile.readline, b".\r\n")
        return message_from_bytes(b"".join(lines), _class=EmailMessage, policy=policy.default)


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server that answers while the block runs."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
