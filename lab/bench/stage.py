"""A server and a service of their own for one measurement, and the load generator that measures them."""

import json
import os
import subprocess

from lab import proc, prosody
from lab.meeting import Meeting

COALESCE_MS = 200       # the service's default; what is measured is what an operator gets
GUESTS_MAY_INVITE = "*@" + prosody.GUESTS


class Stage(Meeting):
    """`server`: arguments of prosody.Prosody. `options`: of the rooms."""

    def __init__(self, folder, bin_folder, *, server=None, options=None, rooms=None, service=True):
        super().__init__(folder, bin_folder, join=(), inviters=(GUESTS_MAY_INVITE,), log_level="info", rooms=rooms,
                         options={"authorise": "occupants", **(options or {})},
                         metrics=(options or {}).get("source") == "service",
                         server={"floor": True, "level": "warn", **(server or {})})
        self._service = service
        self._makes_keys = (options or {}).get("source") == "service"
        self._device = None
        self._serial = 0

    def start(self):
        self.prosody.start()
        self.configure()
        if self._service:
            self.start_keyroomd()
            if self._makes_keys:
                self._device = self.ctl("status")["service_device"]

    def close(self):
        proc.stop(self.keyroomd, 10)
        self.keyroomd = None
        self.prosody.stop()

    def load(self, story, system, n, *, label="bench", seconds=None, **options):
        """Runs kr-load to its end; returns a list of what it printed. options: of its command line; True for one without a
        value. Fails with its own words if something did not come about."""
        self._serial += 1
        log = os.path.join(self.folder, f"kr-load-{self._serial}.log")
        argv = [os.path.join(self.bin, "kr-load"), story, "--system", system, "-n", str(n),
                "--c2s-port", str(self.prosody.c2s_port), "--component-port", str(self.prosody.component_port),
                "--guests", prosody.GUESTS, "--muc", prosody.MUC, "--service", prosody.COMPONENT,
                "--component", prosody.FLOOR, "--secret-file", os.path.join(self.folder, "component.secret"),
                "--label", f"{label}-{self._serial}", "--coalesce", str(COALESCE_MS), "--prosody-pid", str(self.prosody.pid)]
        if self.keyroomd is not None:
            argv += ["--keyroomd-pid", str(self.keyroomd.pid)]
        if self._device:
            argv += ["--service-device", self._device, "--metrics-port", str(self.metrics_port)]
        if seconds is not None:
            options["seconds"] = seconds
        for name, value in options.items():
            name = "--" + name.replace("_", "-")
            argv += [name] if value is True else [name, str(value)]
        process = proc.spawn(argv, log=log, stdout=subprocess.PIPE, env=self.env)
        return Running(process, log, f"{system}, n={n}, {story}")


class Running:
    """A kr-load that runs."""

    def __init__(self, process, log, what):
        self._process, self._log, self._what = process, log, what

    def result(self):
        """Waits for its end."""
        try:
            out, _ = self._process.communicate()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        if self._process.returncode:
            with open(self._log, encoding="utf-8", errors="replace") as lines:
                said = lines.read().strip().splitlines()
            raise proc.LabError(f"{self._what}: {said[-1] if said else self._process.returncode} (log: {self._log})")
        fault = proc.sanitizer_report(self._log)
        if fault:
            raise proc.LabError(f"{self._what}: {fault} (log: {self._log})")
        return [json.loads(line) for line in out.decode().splitlines()]
