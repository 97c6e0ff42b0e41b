"""A mail server for tests that stores the messages it receives."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    """Accepts and stores every message."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.messages: list[EmailMessage] = []


class MailHandler(socketserver.StreamRequestHandler):
    """Implements as much SMTP as is needed to receive a message."""

    server: MailServer

    def handle(self) -> None:
        self.reply("220 ready")
        for line in iter(self.rfile.readline, b""):
            command = line.split()[0].upper()
            if command == b"DATA":
                self.reply("354 go on")
                self.server.messages.append(self.message())
            self.reply("221 bye" if command == b"QUIT" else "250 fine")

    def reply(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def message(self) -> EmailMessage:
        lines = iter(self.rfile.readline, b".\r\n")
        return message_from_bytes(b"".join(lines), _class=EmailMessage, policy=policy.default)


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a server during the block."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
