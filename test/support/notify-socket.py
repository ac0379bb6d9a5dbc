"""A service manager's end of sd_notify: says each datagram that comes to the socket PATH as a line of JSON."""
import json
import os
import socket
import sys

path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(path)
print(json.dumps(["listening"]), flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(receiver, 4096, 8)
    # Closed is heard: BARRIER=1 comes with a pipe, and systemd-notify waits for its end.
    for descriptor in descriptors:
        os.close(descriptor)
    print(json.dumps(data.decode().splitlines()), flush=True)
