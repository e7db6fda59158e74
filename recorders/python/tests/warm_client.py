"""
    python -IS warm_client.py SOCKET SCRIPT [ARGUMENT ...]

Runs a script in a fork of warm_server.py, and stands for it: it passes SIGTERM on to it, takes it along when it is killed,
and ends as it does.
"""

import json
import os
import signal
import socket
import sys

server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
signal.signal(signal.SIGTERM, lambda number, _: server.send(bytes([number])))
order = {"command": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
message = json.dumps(order).encode() + b"\n"
sent = socket.send_fds(server, [message], [0, 1, 2])
server.sendall(message[sent:])
answer = server.recv(16)
if not answer:
    sys.exit("the server has ended")
code = int(answer)
if code >= 0:
    sys.exit(code)
if -code != signal.SIGKILL:
    signal.signal(-code, signal.SIG_DFL)
os.kill(os.getpid(), -code)
