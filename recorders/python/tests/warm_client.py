"""
    python -IS warm_client.py SOCKET SCRIPT [ARGUMENT ...]

Runs a script in a fork of warm_server.py, and stands for it: it takes it along when it is killed, and ends as it does. Other
signals would come to the script late. So a process of the role START_ANEW becomes a Python that runs the script itself.
"""

import json
import os
import signal
import socket
import sys

path, *command = sys.argv[1:]
if os.environ.get("START_ANEW", "") == os.environ.get("RESUMEPROOF_ROLE"):
    os.execv(sys.executable, [sys.executable, *command])
server = socket.socket(socket.AF_UNIX)
server.connect(path)
order = {"command": command, "folder": os.getcwd(), "environment": dict(os.environ)}
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
