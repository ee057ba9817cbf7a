"""Runs a command on a pseudo-terminal. Orders arrive and reports leave as one JSON object a line.

Orders: {"type": TEXT}, {"modes": true}, {"signal": NUMBER}. Reports: {"shown": TEXT}, {"modes": TEXT}, {"exit": STATUS}.
"""
import json
import os
import pty
import select
import sys
import termios


def report(**fields):
    print(json.dumps(fields), flush=True)


def modes(terminal):
    return repr(termios.tcgetattr(terminal)[:4])


# The test holds the other side open too, so that its modes can be looked at after the command has ended.
terminal, side = pty.openpty()
child = os.fork()
if child == 0:
    os.close(terminal)
    os.login_tty(side) if hasattr(os, "login_tty") else (os.setsid(), [os.dup2(side, fd) for fd in (0, 1, 2)])
    os.execvp(sys.argv[1], sys.argv[1:])

ended = os.pidfd_open(child)
orders = b""
while True:
    ready, _, _ = select.select([terminal, 0, ended], [], [])
    if terminal in ready:
        report(shown=os.read(terminal, 65536).decode("utf-8", "replace"))
    elif ended in ready:
        _, status = os.waitpid(child, 0)
        report(modes=modes(terminal))
        report(exit=os.waitstatus_to_exitcode(status))
        break
    elif 0 in ready:
        received = os.read(0, 65536)
        if not received:
            os.kill(child, 9)
            break
        *lines, orders = (orders + received).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "type" in order:
                os.write(terminal, order["type"].encode())
            if "modes" in order:
                report(modes=modes(terminal))
            if "signal" in order:
                os.kill(child, order["signal"])
