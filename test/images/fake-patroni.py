"""A stand-in for Patroni: answers on its REST port over HTTPS, starts a long-lived "postmaster" in a session of its own, and obeys signals as Patroni does.

Environment: FAKE_DIR (events are appended to events.log there; certificate tls.crt, key tls.key), FAKE_PORT, FAKE_EXIT (die at once with this code), FAKE_MUTE
(requests are accepted and never answered; so they are while a file `mute` is in FAKE_DIR), FAKE_STATUS, PGDATA.
"""
import http.server
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

directory = Path(os.environ['FAKE_DIR'])


def event(text):
    with open(directory / 'events.log', 'a') as log:
        log.write(f'{time.monotonic():.3f} {os.getpid()} {text}\n')


class Rest(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        while 'FAKE_MUTE' in os.environ or (directory / 'mute').exists():
            time.sleep(0.05)
        self.send_response(int(os.environ.get('FAKE_STATUS', '200')))
        self.end_headers()

    def log_message(self, *_):
        pass


def start_postmaster():
    """Double-forked like the real one: it becomes the supervisor's child when Patroni dies."""
    pgdata = Path(os.environ['PGDATA'])
    pidfile = pgdata / 'postmaster.pid'
    if pidfile.exists():
        return
    script = 'cd "$PGDATA"; sh -c "sleep 600 & echo \\$! >backend.pid; wait" & echo $! >postmaster.pid'
    subprocess.run(['setsid', 'sh', '-c', script], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    event('postmaster')


def stop(number, _frame):
    event(f'signal {signal.Signals(number).name}')
    if number == signal.SIGTERM:
        time.sleep(0.2)
        pidfile = Path(os.environ['PGDATA']) / 'postmaster.pid'
        if pidfile.exists():
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
            pidfile.unlink()
        os._exit(7)


event('start')
if os.environ.get('FAKE_EXIT'):
    sys.exit(int(os.environ['FAKE_EXIT']))
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, stop)
if os.environ.get('PGDATA'):
    start_postmaster()
server = http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['FAKE_PORT'])), Rest)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory / 'tls.crt', directory / 'tls.key')
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
event('ready')
while True:
    signal.pause()
