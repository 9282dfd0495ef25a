"""A script that becomes a user Postgres accepts, ties itself to its parent, then runs a command.

A script, and not a function between fork and exec, because the starting process may have threads.
"""

import ctypes
import os
import sys

NEW_USER_NAMESPACE = 0x10000000
SET_PARENT_DEATH_SIGNAL = 1
SET_SECURE_BITS = 28
KEEP_CAPABILITIES_OVER_SETUID = 1 << 2
RAISE_AMBIENT = (47, 2)
CAPABILITY_VERSION = 0x20080522
DAC_OVERRIDE = 1
INSIDE, NOBODY = 1000, 65534

libc = ctypes.CDLL(None, use_errno=True)
if sys.platform == "linux":
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def main(identity: str, parent: str, death_signal: str, *command: str) -> None:
    BECOME[identity]()
    # After the change of identity, which clears it.
    if sys.platform == "linux":
        _call(libc.prctl, SET_PARENT_DEATH_SIGNAL, int(death_signal), 0, 0, 0)
    if os.getppid() == int(parent):
        os.execv(command[0], command)  # noqa: S606 - turning into the command is what this is for


def become_namespaced() -> None:
    """Uid 1000 to the server, the same user to every file: Postgres refuses to run as uid 0."""
    uid, gid = os.geteuid(), os.getegid()
    _call(libc.unshare, NEW_USER_NAMESPACE)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{INSIDE} {uid} 1"),
        ("gid_map", f"{INSIDE} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib doubles the start-up time
            file.write(text)


def become_nobody() -> None:
    """Where namespaces are refused: nobody, who keeps one power, to enter folders only root may."""
    _call(libc.prctl, SET_SECURE_BITS, KEEP_CAPABILITIES_OVER_SETUID, 0, 0, 0)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    power = 1 << DAC_OVERRIDE
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(power, power, power, 0, 0, 0)
    _call(libc.capset, header, effective_permitted_inheritable)
    _call(libc.prctl, *RAISE_AMBIENT, DAC_OVERRIDE, 0, 0)


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> None:
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


BECOME = {"self": lambda: None, "namespaced": become_namespaced, "nobody": become_nobody}

if __name__ == "__main__":
    main(*sys.argv[1:])
