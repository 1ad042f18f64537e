#!/usr/bin/python3
"""Uses labgrid's QEMUDriver of Debian: power on, commands, power off, and on again.

Speaks TAP.  The arguments are the program and the directory of the guests.
"""
import os
import sys
import tempfile

try:
    from labgrid import Environment
    from labgrid.driver import QEMUDriver
except ImportError:
    print("1..0 # SKIP there is no labgrid (Debian: python3-labgrid)")
    sys.exit(0)

# labgrid takes a path as relative to its own file.
PROGRAM, GUESTS = (os.path.abspath(path) for path in sys.argv[1:])

SETUP = f"""
targets:
  main:
    drivers:
      QEMUDriver:
        qemu_bin: qemu
        machine: pc
        cpu: max
        memory: 64M
        extra_args: '-accel soft'
        kernel: shell
tools:
  qemu: '{PROGRAM}'
images:
  shell: '{GUESTS}/shell.bin'
"""

COUNT = 0


def passed(name):
    global COUNT
    COUNT += 1
    print(f"ok {COUNT} {name}", flush=True)


def use(driver):
    """Waits for the guest's prompt and runs a command."""
    driver.on()
    driver.expect("> ", timeout=30)
    driver.sendline("help")
    driver.expect("exit", timeout=30)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "env.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SETUP)
        target = Environment(path).get_target("main")
        driver = target.get_driver(QEMUDriver, activate=False)
        target.activate(driver)
        use(driver)
        passed("the_driver_talks_to_the_guest")
        assert driver.monitor_command("query-status")["running"]
        driver.monitor_command("stop")
        assert driver.monitor_command("query-status")["status"] == "paused"
        driver.monitor_command("cont")
        driver.monitor_command("system_reset")
        driver.expect("> ", timeout=30)
        passed("it_stops_continues_and_resets_the_machine")
        driver.off()
        passed("it_switches_the_machine_off")
        use(driver)
        driver.cycle()
        driver.expect("> ", timeout=30)
        driver.off()
        passed("it_switches_the_machine_on_again")


print("1..4")
main()
