"""What nut2 (PyPI) makes of a server: nut2.py HOST PORT."""

import os
import sys

# This file has the module's name.
here = os.path.dirname(os.path.abspath(__file__))
sys.path = [path for path in sys.path if os.path.abspath(path or ".") != here]
import nut2

client = nut2.PyNUTClient(host=sys.argv[1], port=int(sys.argv[2]), login="admin", password="secret")
for name, description in sorted(client.list_ups().items()):
    print("ups", name + ":", description)
print("described", client.description("office"))
print("status", client.list_vars("office")["ups.status"])
print("get", client.get("office", "ups.status"))
print("command", "beeper.disable" in client.list_commands("office"))
print("mutable", "ups.delay.shutdown" in client.list_rw_vars("office"))
client.set_var("office", "ups.delay.shutdown", "42")
client.run_command("office", "beeper.disable")
print("logins", client.num_logins("office"))
try:
    client.get("office", "no.such")
    print("not refused")
except nut2.PyNUTError as error:
    print("refused", error)
