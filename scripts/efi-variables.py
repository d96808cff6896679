#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Variables of an EFI machine on which Secure Boot is on: a store as OVMF has it, with keys enrolled.
#
# usage: scripts/efi-variables.py BLANK OUT OWNER.pem KERNEL...
#   BLANK      store without variables (OVMF_VARS_4M.fd)
#   OUT        the same with PK, KEK and db
#   OWNER.pem  certificate of the machine's owner: PK, KEK, and in db for what the owner signs
#   KERNEL     signed kernels: the certificates that come with their signatures go into db

import base64
import re
import struct
import subprocess
import sys
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY_DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
OWNER = uuid.UUID("6b686f00-7465-7374-6265-640000000000")
AUTHENTICATED_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
# Non-volatile, of boot services and of the running system, changed by signed updates only.
ATTRIBUTES = 0x27
VARIABLE_ADDED = 0x3F


def der_of(pem):
    """Every certificate of a text, in DER."""
    block = r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----"
    return [base64.b64decode(body) for body in re.findall(block, pem, re.S)]


def signature_of(path):
    """The PKCS#7 signature that a PE file ends with."""
    data = open(path, "rb").read()
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    if data[pe : pe + 4] != b"PE\0\0":
        sys.exit(f"{path}: not a PE file")
    optional = pe + 24
    directories = optional + (112 if struct.unpack_from("<H", data, optional)[0] == 0x20B else 96)
    at, size = struct.unpack_from("<II", data, directories + 4 * 8)
    if not size:
        sys.exit(f"{path}: not signed")
    length = struct.unpack_from("<I", data, at)[0]
    return data[at + 8 : at + length]


def certificates_of(path):
    command = ["openssl", "pkcs7", "-inform", "DER", "-print_certs"]
    out = subprocess.run(command, input=signature_of(path), stdout=subprocess.PIPE, check=True)
    return der_of(out.stdout.decode())


def signature_list(der):
    entry = OWNER.bytes_le + der
    return CERT_X509.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry


def variable(name, vendor, data):
    text = name.encode("utf-16-le") + b"\0\0"
    # 2026-01-01 00:00:00
    time = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    head = struct.pack("<HBBIQ", 0x55AA, VARIABLE_ADDED, 0, ATTRIBUTES, 0) + time
    head += struct.pack("<III", 0, len(text), len(data)) + vendor.bytes_le
    whole = head + text + data
    return whole + b"\xff" * (-len(whole) % 4)


def main():
    blank, out, owner_file, *kernels = sys.argv[1:]
    store = bytearray(open(blank, "rb").read())
    # Behind the header of the volume; its length is a word of that.
    at = struct.unpack_from("<H", store, 48)[0]
    if store[at : at + 16] != AUTHENTICATED_STORE.bytes_le:
        sys.exit(f"{blank}: not a store of authenticated variables")
    at += 28
    while store[at : at + 2] == b"\xaa\x55":
        sizes = struct.unpack_from("<II", store, at + 36)
        at += 60 + sum(sizes)
        at += -at % 4
    owner = der_of(open(owner_file).read())
    trusted = list(owner)
    for kernel in kernels:
        trusted += [der for der in certificates_of(kernel) if der not in trusted]
    new = variable("PK", GLOBAL, signature_list(owner[0]))
    new += variable("KEK", GLOBAL, signature_list(owner[0]))
    new += variable("db", SECURITY_DATABASE, b"".join(map(signature_list, trusted)))
    store[at : at + len(new)] = new
    open(out, "wb").write(store)


if len(sys.argv) < 5:
    print(__doc__ or "usage: efi-variables.py BLANK OUT OWNER.pem KERNEL...", file=sys.stderr)
    sys.exit(2)
main()
