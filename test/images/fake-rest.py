"""Patroni's REST API as holdfast-handover sees it. fake-rest.py PORT CERT KEY ROLE[-alone] ANSWERS...: a standby streams, unless alone; each POST /switchover takes the next of ANSWERS
(status codes; the last one repeats); 200 makes this member a replica. Every switchover request's body is printed."""
import http.server
import json
import ssl
import sys

port, cert, key, role, *answers = sys.argv[1:]
state = {'role': role.removesuffix('-alone'), 'answers': [int(answer) for answer in answers]}

streaming = {} if role.endswith('-alone') else {'replication': [{'application_name': 'pg-x-1', 'state': 'streaming', 'sync_state': 'sync'}]}


class Rest(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer(200 if state['role'] == 'primary' else 503, json.dumps({'role': state['role'], 'state': 'running', 'patroni': {'name': 'pg-x-0'}, **streaming}))

    def do_POST(self):
        print(self.path, self.rfile.read(int(self.headers['Content-Length'])).decode(), flush=True)
        status = state['answers'].pop(0) if len(state['answers']) > 1 else state['answers'][0]
        if status == 200:
            state['role'] = 'replica'
        self.answer(status, 'Successfully switched over' if status == 200 else 'switchover is not possible')

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(('127.0.0.1', int(port)), Rest)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
# as in production: what changes something needs a client certificate; here every request does
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cert)
server.socket = context.wrap_socket(server.socket, server_side=True)
print('ready', flush=True)
server.serve_forever()
