#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a stock kernel under test.  It prints that user space has
# been reached, and powers off.
/bin/busybox mount -t proc none /proc
echo "user space with $(/bin/busybox grep -c '^processor' /proc/cpuinfo) CPUs"
/bin/busybox poweroff -f
