#!/bin/sh
# A machine whose /dev/kvm is Linux's own kvm-amd, on any host: Debian's cloud
# kernel under QEMU's TCG, which emulates AMD's SVM with nested paging.  It
# runs one command and powers off.  Programs inside run 20 to 50 times slower
# than on the host, so the machine shows what KVM does, and not how fast.
set -eu

usage()
{
    cat <<'END'
Usage: machine.sh [-c CPUS] [-m MIB] [-t SECONDS] [-e NAME=VALUE]... [FILE[=PLACE]]... -- COMMAND [ARGUMENT]...
       machine.sh -n    say what is missing to do so; the status is 77 then, else 0
       machine.sh -k    print the path of its kernel

Each FILE, which may be a directory, is inside at PLACE (where it is here, without
one), with the libraries that its programs need and the commands of busybox.
Prints what COMMAND prints and ends with its status; with 125 if it did not get
so far or did not end within SECONDS (600).
END
}

# The kernel, the commands and their packages.
newest_kernel()
{
    for candidate in /boot/vmlinuz-*-cloud-amd64; do
        [ ! -r "$candidate" ] || [ ! -d "/lib/modules/${candidate#/boot/vmlinuz-}" ] ||
            echo "$candidate"
    done | sort -V | tail -n 1
}

missing()
{
    command -v qemu-system-x86_64 >/dev/null || echo "no qemu-system-x86_64 (qemu-system-x86)"
    [ -n "$(newest_kernel)" ] || echo "no readable kernel with its modules (linux-image-cloud-amd64)"
    command -v cpio >/dev/null || echo "no cpio (cpio)"
    if ! command -v busybox >/dev/null; then
        echo "no busybox (busybox-static)"
    elif ldd "$(command -v busybox)" >/dev/null 2>&1; then
        echo "the busybox that is installed needs libraries (busybox-static)"
    fi
}

# ---- the root file system ----

put_commands()
{
    mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc" "$root/root" "$root/modules"
    cp "$(command -v busybox)" "$root/bin/busybox"
    busybox --list | while read -r name; do
        [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
    done
    echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
    echo root:x:0: >"$root/etc/group"
}

# Prints the modules in the order in which they are loaded.  A part that is
# built into the kernel has none.
put_modules()
{
    order=0
    for name in irqbypass ccp kvm kvm-amd; do
        order=$((order + 1))
        find "/lib/modules/${kernel#/boot/vmlinuz-}" -name "$name.ko*" \
            -exec cp {} "$root/modules/$order-$name.ko" \;
    done
}

# put FILE PLACE
put()
{
    mkdir -p "$root$(dirname "$2")"
    cp -rL "$1" "$root$2"
}

# The dynamic loader is the line of ldd's output without an arrow.
put_libraries()
{
    find "$root" -type f -perm -u+x -size +4k ! -path "$root/bin/*" -exec ldd {} + 2>/dev/null |
        sed -n 's/^[[:space:]]*\(.* => \)\{0,1\}\(\/[^ ]*\) (0x[0-9a-f]*)$/\2/p' | sort -u |
        while read -r library; do
            [ -e "$root$library" ] || put "$library" "$library"
        done
}

# quote WORD...: quotes the words for a shell.
quote()
{
    for word; do
        printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
    done
}

put_init()
{
    cat >"$root/init" <<END
#!/bin/sh
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
stty -F /dev/ttyS0 raw
export PATH=/bin HOME=/root TMPDIR=/tmp
$environment
ip link set lo up
for module in /modules/*; do
    insmod "\$module"
done
$command </dev/null >/dev/ttyS0 2>&1
echo "status \$?" >/dev/ttyS1
poweroff -f
END
    chmod +x "$root/init"
}

pack()
{
    (cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initrd"
}

# ---- the machine ----

# At boot the kernel compares its timers.  If a busy host makes one of them
# look wrong, it panics or stops using the TSC.
TRUST='no_timer_check tsc=reliable nowatchdog'

boot()
{
    timeout "$seconds" qemu-system-x86_64 -accel tcg -cpu max -smp "$cpus" -m "$mib" -nodefaults -display none \
        -no-reboot -serial stdio -serial "file:$work/kernel" -kernel "$kernel" -initrd "$work/initrd" \
        -append "console=ttyS1 quiet panic=-1 mitigations=off $TRUST" </dev/null || true
}

cpus=2
mib=3072
seconds=600
environment=
while getopts c:m:t:e:nkh option; do
    case $option in
    c) cpus=$OPTARG ;;
    m) mib=$OPTARG ;;
    t) seconds=$OPTARG ;;
    e) environment="$environment export $(quote "$OPTARG")
" ;;
    n)
        lacks=$(missing)
        [ -z "$lacks" ] || { echo "$lacks" && exit 77; }
        exit 0
        ;;
    k) newest_kernel && exit 0 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 125 ;;
    esac
done
shift $((OPTIND - 1))
lacks=$(missing)
[ -z "$lacks" ] || { echo "machine.sh: $lacks" >&2 && exit 125; }

kernel=$(newest_kernel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 125' HUP INT TERM
root=$work/root
put_commands
put_modules
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    put "${1%%=*}" "${1#*=}"
    shift
done
[ $# -gt 1 ] || { usage >&2 && exit 125; }
shift
command=$(quote "$@")
put_libraries
put_init
pack
boot
status=$(sed -n 's/^status \([0-9]*\).*/\1/p' "$work/kernel")
[ -n "$status" ] || sed 's/^/machine.sh: the kernel: /' "$work/kernel" >&2
exit "${status:-125}"
