"""What PyNUTClient (PyPI, NUT's own) makes of a server: pynut.py HOST PORT plain|tls [CA]."""

import sys

from PyNUTClient import PyNUT

host, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
settings = {}
if how == "tls":
    settings = {"force_ssl": True, "cert_verify": True, "ca_file": sys.argv[4]}


def connect(user):
    return PyNUT.PyNUTClient(host=host, port=port, login=user, password="secret", **settings)


client = connect("admin")
for name, description in sorted(client.GetUPSList().items()):
    print("ups", name.decode() + ":", description.decode())
print("status", client.GetUPSVars("office")[b"ups.status"].decode())
print("available", client.CheckUPSAvailable("office"))
print("command", b"beeper.disable" in client.GetUPSCommands("office"))
print("mutable", b"ups.delay.shutdown" in client.GetRWVars("office"))
print("set", client.SetRWVar("office", "ups.delay.shutdown", "41"))
print("run", client.RunUPSCommand("office", "beeper.disable"))
try:
    client.RunUPSCommand("office", "no.such")
    print("not refused")
except PyNUT.PyNUTError as error:
    print("refused", error)
primary = connect("primary")
print("login", primary.DeviceLogin("office"))
print("clients", len(client.ListClients("office")[b"office"]))
