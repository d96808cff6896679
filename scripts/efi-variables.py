#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Variables of an EFI machine on which Secure Boot is on: a store as OVMF has it, with keys enrolled.
#
# usage: scripts/efi-variables.py STORE OUT OWNER.pem KERNEL...
#        scripts/efi-variables.py --shim STORE OUT OWNER.pem [--revoked FILE...]
#   STORE      without keys (OVMF_VARS_4M.fd); with --shim, with those that a PC comes with (OVMF_VARS_4M.ms.fd)
#   OUT        the same with PK, KEK and db; with --shim, with MokList, as if `mokutil --import` had been confirmed
#   OWNER.pem  certificate of the machine's owner, or in DER: PK, KEK, and in db for what the owner signs; with
#              --shim, in MokList alone
#   KERNEL     signed kernels: the certificates that come with their signatures go into db
#   FILE       what goes into MokListX: a PE file by the hash that its signature is about, a module by its own, and a
#              certificate as it is, which goes into MokList as well

import base64
import hashlib
import re
import struct
import subprocess
import sys
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY_DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
CERT_SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328")
SHIM = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")
OWNER = uuid.UUID("6b686f00-7465-7374-6265-640000000000")
AUTHENTICATED_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
# Non-volatile, of boot services and of the running system, changed by signed updates only.
SIGNED_ATTRIBUTES = 0x27
# Non-volatile, of boot services: shim believes no other.
SHIM_ATTRIBUTES = 0x3
VARIABLE_ADDED = 0x3F


def der_of(pem):
    """Every certificate of a text, in DER."""
    block = r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----"
    return [base64.b64decode(body) for body in re.findall(block, pem, re.S)]


def certificate_in(path):
    data = open(path, "rb").read()
    return data if data[:1] == b"\x30" else der_of(data.decode())[0]


def places_in(path, data):
    """Of a PE file: the checksum, and the directory of certificates, with what it says."""
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    if data[pe : pe + 4] != b"PE\0\0":
        sys.exit(f"{path}: not a PE file")
    optional = pe + 24
    directories = optional + (112 if struct.unpack_from("<H", data, optional)[0] == 0x20B else 96)
    at, size = struct.unpack_from("<II", data, directories + 4 * 8)
    if not size:
        sys.exit(f"{path}: not signed")
    return optional + 64, directories + 4 * 8, at, size


def signature_of(path):
    """The PKCS#7 signature that a PE file ends with."""
    data = open(path, "rb").read()
    _, _, at, _ = places_in(path, data)
    length = struct.unpack_from("<I", data, at)[0]
    return data[at + 8 : at + length]


def digest_of(path, data):
    """What that signature is about."""
    checksum, directory, at, size = places_in(path, data)
    left = data[:checksum] + data[checksum + 4 : directory] + data[directory + 8 : at] + data[at + size :]
    return hashlib.sha256(left).digest()


def certificates_of(path):
    command = ["openssl", "pkcs7", "-inform", "DER", "-print_certs"]
    out = subprocess.run(command, input=signature_of(path), stdout=subprocess.PIPE, check=True)
    return der_of(out.stdout.decode())


def signature_list(data, kind=CERT_X509):
    entry = OWNER.bytes_le + data
    return kind.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry


def variable(name, vendor, data, attributes=SIGNED_ATTRIBUTES):
    text = name.encode("utf-16-le") + b"\0\0"
    # 2026-01-01 00:00:00; of none but signed ones
    time = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    if attributes != SIGNED_ATTRIBUTES:
        time = bytes(len(time))
    head = struct.pack("<HBBIQ", 0x55AA, VARIABLE_ADDED, 0, attributes, 0) + time
    head += struct.pack("<III", 0, len(text), len(data)) + vendor.bytes_le
    whole = head + text + data
    return whole + b"\xff" * (-len(whole) % 4)


def owners_keys(owner, kernels):
    trusted = [owner]
    for kernel in kernels:
        trusted += [der for der in certificates_of(kernel) if der not in trusted]
    new = variable("PK", GLOBAL, signature_list(owner))
    new += variable("KEK", GLOBAL, signature_list(owner))
    return new + variable("db", SECURITY_DATABASE, b"".join(map(signature_list, trusted)))


def shims_lists(owner, revoked):
    listed, unlisted = signature_list(owner), b""
    for path in revoked:
        data = open(path, "rb").read()
        if data[:2] == b"MZ":
            unlisted += signature_list(digest_of(path, data), CERT_SHA256)
        elif data[:4] == b"\x7fELF":
            unlisted += signature_list(hashlib.sha256(data).digest(), CERT_SHA256)
        else:
            listed += signature_list(certificate_in(path))
            unlisted += signature_list(certificate_in(path))
    new = variable("MokList", SHIM, listed, SHIM_ATTRIBUTES)
    return new + variable("MokListX", SHIM, unlisted, SHIM_ATTRIBUTES) if revoked else new


def main(with_shim, source, out, owner_file, *files):
    store = bytearray(open(source, "rb").read())
    # Behind the header of the volume; its length is a word of that.
    at = struct.unpack_from("<H", store, 48)[0]
    if store[at : at + 16] != AUTHENTICATED_STORE.bytes_le:
        sys.exit(f"{source}: not a store of authenticated variables")
    at += 28
    while store[at : at + 2] == b"\xaa\x55":
        sizes = struct.unpack_from("<II", store, at + 36)
        at += 60 + sum(sizes)
        at += -at % 4
    owner = certificate_in(owner_file)
    if with_shim:
        new = shims_lists(owner, files[1:])
    else:
        new = owners_keys(owner, files)
    store[at : at + len(new)] = new
    open(out, "wb").write(store)


USAGE = """usage: efi-variables.py STORE OUT OWNER.pem KERNEL...
       efi-variables.py --shim STORE OUT OWNER.pem [--revoked FILE...]"""

arguments = sys.argv[1:]
shim = arguments[:1] == ["--shim"]
if shim:
    del arguments[0]
if len(arguments) < 4 if not shim else len(arguments) < 3 or arguments[3:4] not in ([], ["--revoked"]):
    print(USAGE, file=sys.stderr)
    sys.exit(2)
main(shim, *arguments)
