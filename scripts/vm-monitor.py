#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Do what a machine of the test bed asks of its emulator.

usage: vm-monitor.py VERDICT SOCKET

A line "HOST COMMAND" of the file VERDICT, which the machine writes, is a command for QEMU's monitor (QMP) at
SOCKET. Commands and answers are printed. Ends when it is killed.
"""
import json
import socket
import sys
import time


def answer(monitor):
    """The next line that is no event."""
    while True:
        line = json.loads(monitor.readline())
        if "event" not in line:
            return line


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    monitor = sock.makefile("rw")
    monitor.readline()
    monitor.write('{"execute":"qmp_capabilities"}\n')
    monitor.flush()
    answer(monitor)
    return monitor


def main():
    verdict, path = sys.argv[1:]
    monitor = None
    done = 0
    while True:
        with open(verdict, errors="replace") as lines:
            asked = [line.strip()[5:] for line in lines if line.startswith("HOST ") and line.endswith("\n")]
        for command in asked[done:]:
            monitor = monitor or connect(path)
            monitor.write(command + "\n")
            monitor.flush()
            print(command, answer(monitor), flush=True)
        done = len(asked)
        time.sleep(0.3)


main()
