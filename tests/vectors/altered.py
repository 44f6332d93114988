"""kr-vectors must notice: whichever field of a case is altered, it exits 1 and names the case; misuse is 2."""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

KINDS = ("header", "aes_ctr_hmac", "sframe", "gcm", "ratchet", "ctr", "ctr_signed", "pbkdf2")
PROOFS = ("inclusion", "consistency")
PROOF_FIELDS = {"leafIdx", "size1", "root", "leafHash", "root1", "root2", "proof"}


def run(program, *args):
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=60)


def other(value):
    """A value of the same form that is not this one."""
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, list):
        return [other(value[0])] + value[1:]
    if all(c in "0123456789abcdef" for c in value):
        return value[:-1] + format(int(value[-1], 16) ^ 1, "x")
    return value[:-1] + ("A" if value[-1] != "A" else "B")


def fields(case):
    """The path of each field, and of each field of a field."""
    for name, value in case.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, inner) for inner in value)


def altered(cases):
    """Each field of the first and the last case, altered and left out; those between only take time."""
    cases = [cases[index] for index in sorted({0, len(cases) - 1})]
    for index, case in enumerate(cases):
        for path in fields(case):
            copied = copy.deepcopy(cases)
            parent = copied[index]
            for name in path[:-1]:
                parent = parent[name]
            if parent[path[-1]] == "":
                continue
            if not isinstance(parent[path[-1]], dict):
                parent[path[-1]] = other(parent[path[-1]])
                yield index, ".".join(path), copied
            del parent[path[-1]]
            yield index, ".".join(path), copied


def check_altered(program, file, out):
    tried = 0
    for kind, cases in json.loads(file.read_text()).items():
        if kind in PROOFS:
            tried += check_proofs(program, kind, cases, out)
        if kind not in KINDS:
            continue
        for index, name, copied in altered(cases):
            out.write_text(json.dumps({kind: copied}))
            result = run(program, out)
            assert result.returncode == 1, f"{kind}[{index}].{name} altered: exit {result.returncode}"
            assert f"{kind}[{index}]" in result.stderr, result.stderr
            assert result.stdout == "", result.stdout
            tried += 1
    assert tried, f"{file} holds nothing to alter"


def turned(text):
    """Base64 of the same length that is not this one."""
    return ("A" if text[0] != "A" else "B") + text[1:]


def altered_proofs(cases):
    """Each verdict turned round; and whatever a proof that holds is about, altered or left out."""
    for case in cases:
        yield "wantErr", case | {"wantErr": not case["wantErr"]}
        if case["wantErr"]:
            continue
        for name in PROOF_FIELDS & case.keys():
            value = case[name]
            if isinstance(value, list):
                for i, hash in enumerate(value):
                    yield name, case | {name: value[:i] + [turned(hash)] + value[i + 1:]}
            elif value is not None:
                yield name, case | {name: value ^ 1 if isinstance(value, int) else turned(value)}
            yield name, {n: v for n, v in case.items() if n != name}


def check_proofs(program, kind, cases, out):
    tried = 0
    for name, case in altered_proofs(cases):
        out.write_text(json.dumps({kind: [case]}))
        result = run(program, out)
        assert result.returncode == 1, f"{kind} {case['case']}: {name} altered: exit {result.returncode}"
        assert f"{kind}[0]" in result.stderr and result.stdout == "", result.stderr
        tried += 1
    return tried


def check_misuse(program, directory):
    bad = {"empty": "", "cut": '{"gcm": [', "list": "[]", "unknown": '{"stanzas": []}', "number": '{"gcm": 1}'}
    for name, text in bad.items():
        path = directory / name
        path.write_text(text)
        assert run(program, path).returncode == 2, name
    assert run(program).returncode == 2
    assert run(program, "--no-such-option").returncode == 2
    assert run(program, directory / "missing").returncode == 2
    assert run(program, directory).returncode == 2
    (directory / "text").write_text('{"gcm": ["text"]}')
    assert run(program, directory / "text").returncode == 1
    (directory / "skip").write_text('{"events": [{}], "gcm": []}')
    assert run(program, directory / "skip").stdout == "skipped events\ngcm 0\n"
    for option in ("--help", "--version"):
        result = run(program, option)
        assert result.returncode == 0 and "kr-vectors" in result.stdout, option


def main():
    program, files = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for file in files:
            check_altered(program, pathlib.Path(file), directory / "altered.json")
        check_misuse(program, directory)


main()
