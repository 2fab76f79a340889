#!/usr/bin/env python3
"""The list of all parts that the programs are built from, as CycloneDX 1.5: .ci/sbom.py > ordertrail.cdx.json

What cargo itself knows, and nothing else: the crates that are compiled or linked for this kind of machine, not
those of tests, with licences, origins and the digests of Cargo.lock. A crate that brings C code along names that
code's version behind the `+` of its own.
"""

import json
import subprocess
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def metadata():
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    target = next(line.split()[1] for line in host.splitlines() if line.startswith("host:"))
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=TOP).stdout)


def shipped(nodes, root):
    """What is reached from the root without a way through a dependency of tests, and from what to what."""
    found, waiting = {}, [root]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found[here] = [
            dep["pkg"] for dep in nodes[here]["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])
        ]
        waiting.extend(found[here])
    return found


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def component(package, digests):
    part = {
        "type": "application" if package["source"] is None else "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        # Cargo once wrote `MIT/Apache-2.0` for `MIT OR Apache-2.0`.
        part["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"]:
        part["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    digest = digests.get((package["name"], package["version"]))
    if digest:
        part["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return part


def main():
    told = metadata()
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    root = told["resolve"]["root"]
    lock = tomllib.loads((TOP / "Cargo.lock").read_text())
    digests = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    parts = shipped(nodes, root)
    by_name = lambda package_id: reference(packages[package_id])
    print(
        json.dumps(
            {
                "bomFormat": "CycloneDX",
                "specVersion": "1.5",
                "version": 1,
                "metadata": {"component": component(packages[root], digests)},
                "components": [component(packages[one], digests) for one in sorted(parts, key=by_name) if one != root],
                "dependencies": [
                    {"ref": by_name(one), "dependsOn": sorted(by_name(other) for other in parts[one])}
                    for one in sorted(parts, key=by_name)
                ],
            },
            indent=1,
        )
    )


main()
