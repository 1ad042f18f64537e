#!/bin/sh
# Runs in the machine, under busybox: the programs whose points show what KVM
# does. A line "@ program NAME" comes before the output of each, and "@ status
# STATUS SECONDS" after it.  check.sh makes one TAP stream of them.

# Each takes less than a minute on two cores, and several times that on a busy
# host.
PROGRAM_SECONDS=300
export PIOEMU_BUILD=/pioemu PIOEMU_TEST_ACCEL=kvm PIOEMU_TEST_PATIENCE=150

uptime_seconds()
{
    cut -d ' ' -f 1 /proc/uptime
}

# run NAME COMMAND...: a failure counts only if it happens twice.  The TSCs of
# this machine's CPUs differ, so its clocks jump at times, and a wait can end
# too early.
run()
{
    name=$1
    shift
    start=$(uptime_seconds)
    if ! timeout "$PROGRAM_SECONDS" "$@" >/tmp/first 2>&1; then
        echo "$name failed once and is run again:"
        tail -n 12 /tmp/first | sed 's/^/first try: /'
        echo "@ program $name"
        timeout "$PROGRAM_SECONDS" "$@" 2>&1
        status=$?
    else
        echo "@ program $name"
        cat /tmp/first
        status=0
    fi
    echo "@ status $status $(echo "$start $(uptime_seconds)" | awk '{ printf "%.1f", $2 - $1 }')"
}

# guest_test NAME OPTIONS...: runs a program of tests/guest/.
guest_test()
{
    name=$1
    shift
    run "$name" "/pioemu/tests/guest/test_$name" --tap "$@"
}

# knows_kvm IRQCHIP: the kernel must have found what KVM offers its guests.
knows_kvm()
{
    grep -q 'Hypervisor detected: KVM' /tmp/linux && grep -q 'clocksource kvm-clock' /tmp/linux &&
        { [ "$1" = user ] ||
            { grep -q 'TSC deadline timer available' /tmp/linux && grep -q 'x2apic enabled' /tmp/linux; }; }
}

# stock_linux CPUS IRQCHIP: a distribution's kernel must reach its user space
# with all its CPUs, and power off.  It must not check its timer against the
# TSC, because a slow machine fails that check; under KVM with its signature a
# kernel does not check it.
stock_linux()
{
    point="linux_with_$1_cpus_and_irqchip_$2"
    /pioemu/src/pioemu -accel kvm -smp "$1" -M "pc,irqchip=$2" -m 256 -kernel /check/kernel \
        -initrd /check/user-space -append 'console=ttyS0 panic=-1 no_timer_check' -no-reboot >/tmp/linux 2>&1
    status=$?
    if [ $status = 0 ] && grep -q "^user space with $1 CPUs" /tmp/linux && knows_kvm "$2"; then
        echo "ok - $point"
    else
        tail -n 40 /tmp/linux
        echo "not ok - $point, status $status"
        return 1
    fi
}

linux()
{
    all=0
    for machine in '1 user' '1 split' '1 kernel' '4 split' '4 kernel'; do
        # shellcheck disable=SC2086 # two words
        stock_linux $machine || all=1
    done
    return $all
}

# bios_faults is left out: TCG does not check segment limits in real mode.
case ${1:-} in
linux) linux ;;
*)
    guest_test guests -s /guest/kvm/echo_returns_a_paste_through_a_terminal
    for name in boot endings cpus bios time disk floppy cdrom firmware; do
        guest_test $name
    done
    run gdb /pioemu/tests/control/test_gdb --tap -p /gdb/kvm
    run linux "$0" linux
    echo "@ end"
    ;;
esac
