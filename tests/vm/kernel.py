# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Gets the kernel and the initrd that QEMU boots, from Debian's kernel
package.

The package is downloaded and unpacked into a cache folder.  It must not be
installed: that would change what the user's machine boots, run its hooks and
need root, and /boot is often readable by root only.
"""

import glob
import gzip
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess

# Modules that the guest needs before it has the host's files, and for USB.
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "xhci_pci")
# Folders of the package that have those modules and their dependencies.
FOLDERS = ("drivers/virtio", "drivers/usb", "net/9p", "fs/9p", "fs/netfs",
           "fs/fscache")


class Missing(Exception):
    """This machine cannot provide the kernel; the text says what is missing
    and why."""


def run(*arguments, **options):
    return subprocess.run(arguments, check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options).stdout


def newest_package():
    """Returns the package that the metapackage currently depends on."""
    try:
        text = run("apt-cache", "depends", "linux-image-amd64")
    except (OSError, subprocess.CalledProcessError):
        text = ""
    names = re.findall(r"Depends: (linux-image-\d\S*)", text)
    if not names:
        raise Missing("apt's lists have no linux-image-amd64; apt-get update "
                      "fetches them")
    return names[0]


def unpack(package, folder):
    """Unpacks only the files that are used, of 400 MB."""
    wanted = ["./boot/vmlinuz-*"]
    for prefix in ("./lib", "./usr/lib"):
        wanted += [f"{prefix}/modules/*/kernel/{name}/*" for name in FOLDERS]
        wanted += [f"{prefix}/modules/*/modules.{name}"
                   for name in ("builtin", "builtin.modinfo", "order")]
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package],
                               stdout=subprocess.PIPE)
    # tar warns about patterns that match nothing.
    subprocess.run(["tar", "-x", "-C", folder, "--wildcards", *wanted],
                   stdin=archive.stdout, stderr=subprocess.DEVNULL,
                   check=False)
    archive.stdout.close()
    if archive.wait() != 0 or not glob.glob(f"{folder}/boot/vmlinuz-*"):
        raise Missing(f"{package} does not unpack")


def obtain(cache):
    """Returns the folder of the unpacked package; downloads it if needed."""
    kept = sorted(cache.glob("linux-image-*/boot/vmlinuz-*"))
    if kept:
        return kept[-1].parent.parent
    name = newest_package()
    part = cache / f"{name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        run("apt-get", "download", "-qq", name, cwd=part)
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, "stderr", "") or str(error)).split("\n")
        raise Missing(f"{name} cannot be downloaded: {lines[0]}") from None
    package = next(part.glob("*.deb"))
    unpack(package, part)
    package.unlink()
    part.rename(cache / name)
    return cache / name


def payload(image):
    """Returns the compressed kernel in a bzImage, by its boot protocol
    header."""
    sectors = image[0x1F1] or 4
    offset, size = struct.unpack_from("<II", image, 0x248)
    return image[(sectors + 1) * 512 + offset:][:size]


def decompress(data):
    if data[:6] == b"\xfd7zXZ\0":
        return lzma.LZMADecompressor().decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd" and shutil.which("zstd"):
        # The last 4 bytes are the size, which zstd would report as garbage.
        return subprocess.run(["zstd", "-dcq"], input=data[:-4], check=True,
                              stdout=subprocess.PIPE).stdout
    return None


def bootable(folder):
    """Returns vmlinux, which QEMU starts by PVH in half of the time that a
    bzImage needs to decompress itself; or the bzImage."""
    packed = next((folder / "boot").glob("vmlinuz-*"))
    plain = folder / "vmlinux"
    if not plain.exists():
        elf = decompress(payload(packed.read_bytes()))
        if not elf or elf[:4] != b"\x7fELF":
            return packed
        plain.write_bytes(elf)
    return plain


def module_files(folder):
    """Returns the modules in the order in which they are to be loaded."""
    version = next((folder / "boot").glob("vmlinuz-*")).name[len("vmlinuz-"):]
    base = folder
    if not (folder / "lib/modules").exists():
        base = folder / "usr"
    tools = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
    if not shutil.which("depmod", path=tools["PATH"]):
        raise Missing("there is no depmod; install kmod")
    run("depmod", "-b", str(base), version, env=tools)
    files = []
    for name in MODULES:
        text = run("modprobe", "-C", "/dev/null", "-d", str(base), "-S",
                   version, "--show-depends", name, env=tools)
        for path in re.findall(r"^insmod (\S+)", text, re.MULTILINE):
            if path not in files:
                files.append(path)
    return [pathlib.Path(path) for path in files]


def plain_module(path):
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".gz":
        return gzip.decompress(data)
    return data


def cpio(entries):
    """Returns an archive in the format that a kernel reads: (name, mode,
    data)."""
    out = bytearray()

    def pad():
        out.extend(b"\0" * (-len(out) % 4))

    for number, (name, mode, data) in enumerate(
            [*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name) + 1, 0)
        out.extend(b"070701" + b"".join(b"%08X" % field for field in fields))
        out.extend(name.encode() + b"\0")
        pad()
        out.extend(data)
        pad()
    return bytes(out)


def initrd(folder, init, job):
    """Makes an initrd of busybox, the modules, the first process and the
    job."""
    busybox = shutil.which("busybox") or "/bin/busybox"
    try:
        shell = pathlib.Path(busybox).read_bytes()
    except OSError:
        raise Missing("there is no busybox; install busybox-static") from None
    directory, program, text = 0o40755, 0o100755, 0o100644
    entries = [(name, directory, b"")
               for name in ("bin", "dev", "proc", "sys", "host", "modules")]
    entries += [("bin/busybox", program, shell), ("init", program, init),
                ("job", text, job)]
    for number, path in enumerate(module_files(folder)):
        entries.append((f"modules/{number:02}", text, plain_module(path)))
    return gzip.compress(cpio(entries), 1)
