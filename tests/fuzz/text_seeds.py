"""Seeds for the targets that read text: the protocols, scripts and the command line."""
from seeds import write

# ---- text protocols: how, text, events ----

FLOOD, EVENT_0, EVENT_1, EVENT_2 = b"\xfc", b"\xfd", b"\xfe", b"\xff"


def qtest(name, lines, how=0, tail=b""):
    write("qtest", name, bytes([how]) + "".join(line + "\n" for line in lines).encode() + tail)


def qtest_seeds():
    qtest("ports", ["outb 0x43 0x34", "outb 0x40 0xa9", "outb 0x40 0x04", "inb 0x61",
                    "inw 0x5000", "inl 0xffff", "outw 0x80 0x1234", "outl 0x80 0x12345678"])
    qtest("values", ["writeb 0x1000 0x12", "writew 0x1000 0x1234", "writel 0x1000 0x12345678",
                     "writeq 0x1000 0x123456789abcdef0", "readb 0x1000", "readw 0x1000",
                     "readl 0x1000", "readq 0xffffffffffffffff"])
    qtest("bytes", ["write 0x2000 4 0x01020304", "read 0x2000 0x4", "b64read 0x2000 4",
                    "b64write 0x2000 4 AAECAw==", "memset 0x2000 4 0x1ab", "write 0xfffffe 8 0x01",
                    "read 0xffff0 0x20", "memset 0xffff0 0x20 1", "endianness"])
    qtest("time", ["irq_intercept_in ioapic", "outb 0x43 0x34", "outb 0x40 0xa9", "outb 0x40 4",
                   "clock_step", "clock_step 2000000", "clock_set 5000000", "clock_step"])
    qtest("lines", ["irq_intercept_out i8259", "set_irq_in ioapic unnamed-gpio-in 4 1",
                    "set_irq_in ioapic unnamed-gpio-in 4 0", "irq_intercept_in /machine/x/ioapic",
                    "irq_intercept_in /machine/unattached/device[4]", "module_load a b"])
    qtest("wrong", ["inb", "inb zz", "inb  0x61", "inb 0x10061", "read 0 0", "read 0 -1",
                    "write 0 2 0102", "write 0 2 0x0g", "clock_step -1", "", " inb 1", "foo"], 3)
    qtest("long-step", ["outb 0x43 0x34", "outb 0x40 2", "outb 0x40 0", "clock_step 9000000000",
                        "inb 0x40"], 0, EVENT_1 * 3 + EVENT_0 + b"inb 0x40\n")
    qtest("clients", ["irq_intercept_in ioapic", "outb 0x43 0x34"], 5,
          b"outb 0x4" + EVENT_0 + b"irq_intercept_out PIC\ninb 0x21\n")
    qtest("flood", ["read 0 1"], 0, FLOOD + b"\x14A" + b"\n" + FLOOD + b"\x04\n")
    qtest("flood-blanks", ["inb 0x61"], 0, b"inb 0x61" + FLOOD + b"\x14 x\n")
    qtest("beside", ["inb 0x61", "clock_step", "readl 0xfee00030"], 0xff)


def qmp(name, text, how=0):
    write("qmp", name, bytes([how]) + text)


def qmp_seeds():
    hello = b'{"execute":"qmp_capabilities"}\n'
    def run(*names):
        return b"".join(b'{"execute":"%s"}\n' % name.encode() for name in names)
    def human(line):
        return (b'{"execute":"human-monitor-command","arguments":{"command-line":"%s"}}\n' %
                line.encode())
    qmp("query", hello + run("query-status", "query-version", "query-commands", "query-name",
                             "query-chardev"))
    qmp("run", hello + run("cont", "stop", "system_reset", "system_powerdown", "cont",
                           "inject-nmi"))
    qmp("quit", hello + run("cont", "quit") + EVENT_2 + run("cont", "system_reset", "cont",
                                                            "query-status") + EVENT_2)
    qmp("monitor", hello + b"".join(map(human, (
        "help", "info registers", "info status", "info irq", "info devices", "info name",
        "info version", "stop", "cont", "system_reset", "nmi", "system_powerdown", "x")))
        + human("quit"), 0x80)
    qmp("id", hello + b'{"execute":"query-name","id":{"a":[1,2.5,null,true,"\\u00e9"]}}\n'
        b'{"id":7,"execute":"nosuch"}')
    qmp("wrong", hello + b'{"execute":1}{"arguments":{}}{"execute":"stop","arguments":[]}'
        b'{"execute":"stop","arguments":{"x":1}}{"execute":"stop","y":1}[1,2]{}"text" 12 null '
        b'{"execute":"human-monitor-command","arguments":{"command-line":3}}'
        b'{"execute":"qmp_capabilities"}')
    qmp("early", b'{"execute":"query-status"}\n{"execute":"qmp_capabilities",'
        b'"arguments":{"enable":["oob"]}}\n' + hello, 7)
    qmp("torn", b'{"execute":"qmp_ca\n}}]{"a"\0x\n{"a":"\x80"}\n{{{{[[[[' + b"[" * 64 + b"\n" +
        hello + b"{'execute':'stop'}\n", 1)
    qmp("two", hello + EVENT_0 + hello + EVENT_1 + hello + run("stop") + EVENT_0 + run("cont"))
    qmp("flood", hello + b'{"' + FLOOD + b"\x14a" + b'\n' + hello + FLOOD + b"\x0b[\n")


def expect(name, script, output=b""):
    write("expect", name, script + EVENT_0 + output)


def expect_seeds():
    expect("dialogue", b'# x\nport serial0\nwait "log+in: $" 10\nsend "root\\r\\x41\\"\\\\\\t\\e"\n'
           b'wait "#"\nexit 42\n', b"early login: " + EVENT_0 + b"\n# " + EVENT_0)
    expect("taboo", b'fail-if "Kernel pan+ic"\nwait "^done$" 0.5\n', b"a\nKernel pannic\n")
    expect("end", b'wait "a"\nwait "a|b"\n', b"a a")
    expect("wrong-port", b"port nosuch\n")
    expect("wrong-regex", b'wait "(["\n')
    expect("wrong", b'exit 256\nsend x\nsend "\nwait "a" -1\nnonsense\n')
    expect("empty", b'wait ""\nwait "$"\nfail-if "^$"\nwait "(?=x)" 1e-9\n', b"\n\nx" + EVENT_1)
    expect("backtrack", b'wait "(a+)+$"\nwait "(.*)*\\\\1x"\n', b"a" * 40 + b"b\n")
    expect("long", b'send "' + b"0123456789" * 30 + b'"\nwait "b{20}"\n',
           FLOOD + b"\x0eb" + EVENT_0 * 6)


# ---- options: which parser, a text ----

PARSERS = ("command-line", "list", "number", "line", "properties", "others", "drive", "stream",
           "filter", "items")

OPTION_TEXTS = {
    "command-line": (
        "-kernel guests/hello.bin -flat addr=0x7c00,ip=0x7c00 -initrd i -append quiet -m 1G",
        "-machine help", "-M isapc,accel=kvm:soft,irqchip=kernel -cpu max -smp 2 -boot order=dc",
        "-accel kvm -accel soft -device isa-debug-exit,iobase=0x501 -global isa-serial.pace=baud",
        "-rtc base=2000-01-01T00:00:00,clock=vm -nodefaults -name a,process=b -pidfile p",
        "-drive file=disk.img,format=raw -hda a -hdb b -hdc c -hdd d -cdrom e -snapshot -fda f",
        "-serial stdio -serial file:com2.log -debugcon file:d -debugport none -monitor none",
        "-chardev socket,id=c,path=/tmp/com1,server=on,wait=off -serial chardev:c -nographic",
        "-display none -vga none -net none -nic none -audio none -audiodev none,id=a -echr 20",
        "-qmp unix:q,server=on,wait=off -mon chardev=c0,mode=control -qtest stdio -qtest-log none",
        "-S -s -gdb tcp::1234 -no-reboot -no-shutdown -timeout 30 -expect e -result r",
        "-d io,in_asm,int,cpu,exec -dfilter 1..2 -D log -record a -replay b -trace x -bios b", "--help", "--version",
        "-kernle x", "-m", "-m 5Q", "-smp 0", "stray"),
    "list": ("path=a,,b,size=3", "a,irqchip=b", "size", "noirqchip", "size=1,size=2", ",", "pth=1"),
    "number": ("0", "1000", "0x3e8", "010", "1001", "16M", "1.5G", "-1", "5Q", "on", "off", "yes"),
    "line": (":a,append=on,size=4", ",mux=on,policy=drop-old,history=64K", ":",
             ",policy=nonsense", ",carrier=attached,logmax=1,logkeep=2,logstamp=guest,logstrip=on"),
    "properties": (
        "isa-serial\niobase=0x2f8,irq=3,pace=baud", "isa-serial\nirq=16", "isa-serial\npace=x",
        "mc146818rtc\nbase=951782398,ram-size=16M,lost-ticks=drop", "isa-pit\nlost-ticks=merge",
        "isa-debug-exit\niobase=0xf4,iosize=4", "isa-debugcon\niobase=0x402,readback=1",
        "isa-ide\ndrive0=a,drive1=b", "ioapic\nbase=4G", "debug-port\niobase=0xffff", "nosuch\n"),
    "others": ("interp,paranoid=on,realtime=off", "kvm", "qtest", "tcg", "io,unclaimed,char", "help",
               "base=2000-02-29T23:59:60,clock=host", "base=utc", "base=localtime,clock=vm",
               "base=1969-12-31", "order=dc,once=a,menu=on", "cad"),
    "drive": ("file=a,,b,format=raw,if=ide,index=3,media=cdrom,cache=unsafe",
              "file=x,if=none,id=d,readonly=on,snapshot=off", "index=4,file=a", "a,b"),
    "filter": ("0x7c00..0x7dff,0xf0000+0x10000", "0x1000-0x10", "5", "1..0", "0-1",
               "0xffffffffffffffff+1", "0xfffffffffffffff0+0x20", "0..0xffffffffffffffff", "1,,2"),
    "items": ("opt/a,string=x\nname=opt/b,string=a,,b", "opt/a,string=x\nopt/a,string=y",
              "etc/x,string=", "name=,string=a", "opt/a", "a" * 60 + ",string=b"),
    "stream": ("unix:a,server=on,wait=off", "tcp:localhost:4444,server", "tcp::1", "stdio",
               "socket,id=c,path=p,server=on", "socket,id=c,host=::1,port=5,nowait", "stdio,id=x",
               "tcp:[::1]:80", "file:x", "socket"),
}


def gdb_packet(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"$" + data + b"#%02x" % (sum(data) & 0xff)


def monitor(line):
    return gdb_packet("qRcmd," + line.encode().hex())


def gdb(name, packets, how=0, rest=b""):
    data = b"".join(p if isinstance(p, bytes) else gdb_packet(p) for p in packets)
    write("gdb", name, bytes([how]) + data + rest)


# EVENT_0 runs the CPU a little, EVENT_1 connects another client, EVENT_2 runs the loop once.
def gdb_seeds():
    hello = ["qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386", "QStartNoAckMode",
             "qXfer:features:read:target.xml:0,ffb", "?", "Hg0", "qfThreadInfo", "qsThreadInfo"]
    stop = b"\x03"
    run = EVENT_0 + EVENT_2
    gdb("hello", hello + ["qC", "qAttached", "qOffsets", "vMustReplyEmpty", "Hc-1", "T1",
                          "qThreadExtraInfo,1", "qXfer:features:read:target.xml:ffb,ffb"])
    gdb("registers", hello + ["g", "p8", "pa", "P8=00100000", "Pa=00010000", "p18", "p29",
                              "G" + "00" * 300])
    gdb("registers-64", hello + ["g", "p10", "P10=0010000000000000", "p11"], 0x80)
    gdb("memory", hello + ["m1000,10", "M1000,4:f4ebfd90", "mfffffff0,10", "X2000,3:ab}",
                           "m1ffe,4", "Qqemu.PhyMemMode:1", "m0,8", "qqemu.PhyMemMode"])
    gdb("breaks", hello + ["Z0,1000,1", "vCont?", "vCont;c"], 0, run +
        b"".join(map(gdb_packet, ("z0,1000,1", "Z1,1001,1", "vCont;s:1"))) + run + gdb_packet("c") + run +
        stop + run + gdb_packet("z1,1001,1") + gdb_packet("D"))
    gdb("watches", hello + ["M1000,5:a300209090", "Z2,2000,4", "Z3,2000,1", "Z4,1ffe,8", "c"], 0,
        run + gdb_packet("z2,2000,4") + gdb_packet("s") + run + gdb_packet("C05") + run + stop)
    gdb("two-cpus", hello + ["Hg2", "g", "vCont;s:2;c"], 0x40, run + stop +
        gdb_packet("vCont;c:1") + run + stop + gdb_packet("vCont;S05:1;C05:-1") + run + stop)
    gdb("monitor", hello + [monitor(line) for line in (
        "help", "info registers", "pc linear", "memory physical", "pc", "watch-port 0x3f8 8 w",
        "info watch-ports", "unwatch-port 0x3f8", "system_reset", "cont", "stop", "x")])
    gdb("reset", hello + ["Z0,1000,1", monitor("system_reset"), "c"], 0, run + EVENT_1 + run)
    gdb("crash", hello + ["M1000,6:0f011e00700f", "M1006,1:0b", "c"], 0, run + gdb_packet("c") +
        monitor("system_reset") + gdb_packet("c") + run + stop)
    gdb("wrong", [b"$g#00", b"$#00", b"$m#", b"-", b"+", b"$X1,2:}#", b"$$$###", b"$vCont;x#00",
                  gdb_packet("P"), gdb_packet("Z0,0"), gdb_packet("Z9,0,1"), gdb_packet("qRcmd,6")], 1)
    gdb("flood", hello, 0, b"$" + FLOOD + b"\x14a" + b"#00" + gdb_packet("g") + FLOOD + b"\x04$")


def option_seeds():
    for number, name in enumerate(PARSERS):
        for index, text in enumerate(OPTION_TEXTS[name]):
            if name == "command-line":
                text = "pioemu " + text
                text = text.replace(" ", "\n")
            write("options", "%s-%u" % (name, index), bytes([number]) + text.encode())


def make():
    option_seeds()
    qtest_seeds()
    qmp_seeds()
    gdb_seeds()
    expect_seeds()
