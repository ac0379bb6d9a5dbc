"""Daemons to announce to, on real sockets of 127.0.0.1: one that takes announcements, and bad ones."""

import http.server
import json
import socket
import socketserver
import ssl
import threading
import time


class ThreadingHTTPServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def listen():
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(64)
    return listener


class PushServer:
    """Takes announcements as the daemon does and keeps them. `status` may be changed at any time."""

    def __init__(self, status=202, headers=None, certificate=None):
        self.status = status
        self.headers = headers or {}
        self.pushes = []
        keeper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                keeper.pushes.append({'path': self.path, 'headers': dict(self.headers),
                                      'body': json.loads(body.decode('utf8'))})
                answer = b'{"queued":1,"already_queued":0}'
                self.send_response(keeper.status)
                for name, value in keeper.headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format, *args):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        scheme = 'http'
        if certificate:
            scheme = 'https'
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = '%s://127.0.0.1:%d' % (scheme, self.port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def ids(self):
        return [push['body']['koji_build_ids'] for push in self.pushes]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class BadServer:
    """Accepts connections and handles each with `behave(connection)`, in a thread of its own."""

    def __init__(self, behave):
        self._behave = behave
        self.accepted = 0
        self.ended = threading.Event()  # set when a connection's handling has ended
        self._stopping = threading.Event()
        self._listener = listen()
        self.url = 'http://127.0.0.1:%d' % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection):
        try:
            self._behave(connection, self._stopping)
        except OSError:
            pass  # the plugin has hung up
        finally:
            connection.close()
            self.ended.set()

    def close(self):
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def never_answer(connection, stopping):
    """Read the request, and say nothing until the other end hangs up."""
    while connection.recv(65536):
        pass


def drip(connection, stopping):
    """Send a header that never ends, a byte at a time: no single read ever waits for long."""
    connection.sendall(b'HTTP/1.1 202 Accepted\r\nX-Drip: ')
    while not stopping.is_set():
        connection.sendall(b'.')
        time.sleep(0.02)


def drip_body(connection, stopping):
    """Say 202 and then send the announced body a byte at a time."""
    connection.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Length: 4000\r\n\r\n')
    while not stopping.is_set():
        connection.sendall(b'.')
        time.sleep(0.02)


def hang_up(connection, stopping):
    connection.recv(65536)


def speak_nonsense(connection, stopping):
    connection.recv(65536)
    connection.sendall(b'\x00\xff 220 mail.example.org ESMTP\r\n')


def unused_url():
    """An address where nothing listens."""
    with listen() as listener:
        return 'http://127.0.0.1:%d' % listener.getsockname()[1]
