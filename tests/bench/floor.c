/*
 * The floor of the benchmarks: a loop of KVM_RUN and a switch, and nothing else.
 *
 * It runs the same flat images as pioemu, in one thread, with only the C library.
 * A byte written to COM1 goes into a buffer, COM1's line status always says that
 * the transmitter is free, every other read gives all ones and every other write is
 * ignored.  It ends when the guest halts.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "devices/serial/uart16550_regs.h"

#define COM1             0x3f8u
#define LINE_STATUS_IDLE (UART_LSR_THRE | UART_LSR_TEMT)
#define OUTPUT_SIZE      65536u
#define CPUID_ENTRIES    128u
#define INTERRUPT_VECTOR 0x20u
#define NS_PER_SECOND    UINT64_C(1000000000)

enum { STATUS_USAGE = 2, STATUS_HOST = 3, STATUS_GUEST = 4 };

typedef struct Floor {
    /* The options. */
    const char *image;
    uint64_t memory_size, exit_limit, started;
    uint32_t interrupts; /* how many are still to be injected */
    uint64_t tick_rate;  /* in Hz; 0: no ticks */
    bool stats, cpuid;
    uint64_t load_address;
    struct kvm_regs regs;
    uint16_t cs;

    /* The machine. */
    int kvm, vm, vcpu;
    uint8_t *memory;
    struct kvm_run *run;

    /* The measurements. */
    uint64_t exits, first_byte;
    uint64_t next_tick; /* 0: the first halt starts the ticks */
    uint64_t injected;  /* the time of the injection, until the handler's first port access; else
                           0 */
    uint64_t *latencies;
    size_t latency_count;
    size_t output_length;
    uint8_t output[OUTPUT_SIZE];
} Floor;

static const char usage_text[] =
    "usage: floor [options] GUEST.bin\n"
    "  --flat KEY=VALUE,...  addr, ip, cs, sp, ax, bx, cx, dx, si, di, bp, as pioemu's -flat\n"
    "  --memory MIB          guest memory (default 16)\n"
    "  --exits N             stop after N exits (default: when the guest halts)\n"
    "  --cpuid               show the guest the host's CPUID (long mode needs it)\n"
    "  --since NS            CLOCK_MONOTONIC at exec, for the time of the first byte\n"
    "  --interrupts N        end the first N halts with an interrupt, vector 0x20\n"
    "  --ticks HZ            end halts with that interrupt when the next tick is due\n"
    "  --stats               print exits, time per exit, time of the first byte and time from\n"
    "                        an interrupt to its handler's first port access on stderr\n";

static void fail(int status, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

static void fail(int status, const char *format, ...)
{
    va_list args;

    fputs("floor: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t parse_number(const char *text, const char *what)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 0);
    if (errno || end == text || *end) {
        fail(STATUS_USAGE, "%s: '%s' is not a number", what, text);
    }
    return value;
}

static void parse_flat(Floor *floor, char *text)
{
    enum { ADDR, IP, CS, SP, AX, BX, CX, DX, SI, DI, BP };
    static char *const keys[] = {
        [ADDR] = "addr", [IP] = "ip", [CS] = "cs", [SP] = "sp", [AX] = "ax", [BX] = "bx",
        [CX] = "cx",     [DX] = "dx", [SI] = "si", [DI] = "di", [BP] = "bp", NULL};
    struct kvm_regs *regs = &floor->regs;
    uint64_t code_segment = floor->cs;
    unsigned long long *fields[] = {
        [IP] = &regs->rip, [SP] = &regs->rsp, [AX] = &regs->rax,
        [BX] = &regs->rbx, [CX] = &regs->rcx, [DX] = &regs->rdx,
        [SI] = &regs->rsi, [DI] = &regs->rdi, [BP] = &regs->rbp,
    };

    while (*text) {
        char *value;
        int key = getsubopt(&text, keys, &value);
        if (key < 0 || !value) {
            fail(STATUS_USAGE, "--flat: unknown or empty '%s'", value ? value : text);
        }
        uint64_t number = parse_number(value, "--flat");
        if (key == ADDR) {
            floor->load_address = number;
        } else if (key == CS) {
            code_segment = number;
        } else {
            *fields[key] = number;
        }
    }
    floor->cs = (uint16_t)code_segment;
}

static void parse_options(Floor *floor, int argc, char **argv)
{
    enum { FLAT = 1, MEMORY, EXITS, INTERRUPTS, TICKS, CPUID, SINCE, STATS };
    static const struct option options[] = {
        {"flat", required_argument, NULL, FLAT},
        {"memory", required_argument, NULL, MEMORY},
        {"exits", required_argument, NULL, EXITS},
        {"interrupts", required_argument, NULL, INTERRUPTS},
        {"ticks", required_argument, NULL, TICKS},
        {"cpuid", no_argument, NULL, CPUID},
        {"since", required_argument, NULL, SINCE},
        {"stats", no_argument, NULL, STATS},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
        if (option == FLAT) {
            parse_flat(floor, optarg);
        } else if (option == MEMORY) {
            floor->memory_size = parse_number(optarg, "--memory") << 20;
        } else if (option == EXITS) {
            floor->exit_limit = parse_number(optarg, "--exits");
        } else if (option == INTERRUPTS) {
            floor->interrupts = (uint32_t)parse_number(optarg, "--interrupts");
        } else if (option == TICKS) {
            floor->tick_rate = parse_number(optarg, "--ticks");
        } else if (option == CPUID) {
            floor->cpuid = true;
        } else if (option == SINCE) {
            floor->started = parse_number(optarg, "--since");
        } else if (option == STATS) {
            floor->stats = true;
        } else {
            fail(STATUS_USAGE, "bad option\n%s", usage_text);
        }
    }
    if (optind + 1 != argc) {
        fail(STATUS_USAGE, "one guest image, please\n%s", usage_text);
    }
    floor->image = argv[optind];
}

static int checked_ioctl(int fd, unsigned long request, uintptr_t argument, const char *what)
{
    int result = ioctl(fd, request, argument);

    if (result < 0) {
        fail(STATUS_HOST, "%s: %s", what, strerror(errno));
    }
    return result;
}

static void load_image(Floor *floor)
{
    int fd = open(floor->image, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fail(STATUS_USAGE, "%s: %s", floor->image, strerror(errno));
    }
    if (floor->load_address >= floor->memory_size) {
        fail(STATUS_USAGE, "%s: addr=0x%" PRIx64 " is outside memory", floor->image,
             floor->load_address);
    }
    size_t room = floor->memory_size - floor->load_address;
    ssize_t size = read(fd, floor->memory + floor->load_address, room);
    if (size <= 0) {
        fail(STATUS_USAGE, "%s: %s", floor->image, size ? strerror(errno) : "empty");
    }
    close(fd);
}

static void create_memory(Floor *floor)
{
    floor->memory = mmap(NULL, floor->memory_size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (floor->memory == MAP_FAILED) {
        fail(STATUS_HOST, "guest memory: %s", strerror(errno));
    }
    load_image(floor);

    struct kvm_userspace_memory_region region = {
        .memory_size = floor->memory_size,
        .userspace_addr = (uintptr_t)floor->memory,
    };
    checked_ioctl(floor->vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region, "guest memory");
}

static void set_cpuid(Floor *floor)
{
    size_t size = sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
    struct kvm_cpuid2 *cpuid = calloc(1, size);

    if (!cpuid) {
        fail(STATUS_HOST, "out of memory");
    }
    cpuid->nent = CPUID_ENTRIES;
    checked_ioctl(floor->kvm, KVM_GET_SUPPORTED_CPUID, (uintptr_t)cpuid, "KVM_GET_SUPPORTED_CPUID");
    checked_ioctl(floor->vcpu, KVM_SET_CPUID2, (uintptr_t)cpuid, "KVM_SET_CPUID2");
    free(cpuid);
}

static void create_vcpu(Floor *floor)
{
    struct kvm_sregs sregs;

    floor->vcpu = checked_ioctl(floor->vm, KVM_CREATE_VCPU, 0, "KVM_CREATE_VCPU");
    int size = checked_ioctl(floor->kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE");
    floor->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, floor->vcpu, 0);
    if (floor->run == MAP_FAILED) {
        fail(STATUS_HOST, "mapping the vCPU: %s", strerror(errno));
    }
    if (floor->cpuid) {
        set_cpuid(floor);
    }
    checked_ioctl(floor->vcpu, KVM_GET_SREGS, (uintptr_t)&sregs, "KVM_GET_SREGS");
    sregs.cs.selector = floor->cs;
    sregs.cs.base = (uint64_t)floor->cs << 4;
    checked_ioctl(floor->vcpu, KVM_SET_SREGS, (uintptr_t)&sregs, "KVM_SET_SREGS");
    checked_ioctl(floor->vcpu, KVM_SET_REGS, (uintptr_t)&floor->regs, "KVM_SET_REGS");
}

static void create_machine(Floor *floor)
{
    floor->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (floor->kvm < 0) {
        fail(STATUS_HOST, "/dev/kvm: %s", strerror(errno));
    }
    floor->vm = checked_ioctl(floor->kvm, KVM_CREATE_VM, 0, "KVM_CREATE_VM");
    create_memory(floor);
    create_vcpu(floor);
}

static void flush_output(Floor *floor)
{
    size_t done = 0;

    while (done < floor->output_length) {
        ssize_t written = write(STDOUT_FILENO, floor->output + done, floor->output_length - done);
        if (written < 0) {
            fail(STATUS_HOST, "stdout: %s", strerror(errno));
        }
        done += (size_t)written;
    }
    floor->output_length = 0;
}

static void put_byte(Floor *floor, uint8_t byte)
{
    if (!floor->first_byte) {
        floor->first_byte = now_ns();
    }
    floor->output[floor->output_length++] = byte;
    if (floor->output_length == OUTPUT_SIZE) {
        flush_output(floor);
    }
}

static void port_write(Floor *floor, uint16_t port, const uint8_t *data, unsigned size,
                       unsigned count)
{
    switch (port) {
    case COM1 + UART_THR:
        for (unsigned i = 0; i < count; i++) {
            put_byte(floor, data[i * size]);
        }
        break;
    default:
        break;
    }
}

static void port_read(uint16_t port, uint8_t *data, size_t length)
{
    switch (port) {
    case COM1 + UART_LSR:
        memset(data, LINE_STATUS_IDLE, length);
        break;
    default:
        memset(data, 0xff, length);
        break;
    }
}

static void handle_io(Floor *floor)
{
    struct kvm_run *run = floor->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;

    if (floor->injected) {
        floor->latencies[floor->latency_count++] = now_ns() - floor->injected;
        floor->injected = 0;
    }
    if (run->io.direction == KVM_EXIT_IO_OUT) {
        port_write(floor, run->io.port, data, run->io.size, run->io.count);
    } else {
        port_read(run->io.port, data, (size_t)run->io.size * run->io.count);
    }
}

static void inject(Floor *floor)
{
    struct kvm_interrupt interrupt = {.irq = INTERRUPT_VECTOR};

    checked_ioctl(floor->vcpu, KVM_INTERRUPT, (uintptr_t)&interrupt, "KVM_INTERRUPT");
}

/* Writes the output before the guest sleeps, because it may say that the guest is up. */
static void wait_for_tick(Floor *floor)
{
    uint64_t period = NS_PER_SECOND / floor->tick_rate;

    flush_output(floor);
    floor->next_tick = floor->next_tick ? floor->next_tick + period : now_ns() + period;
    struct timespec until = {
        .tv_sec = (time_t)(floor->next_tick / NS_PER_SECOND),
        .tv_nsec = (long)(floor->next_tick % NS_PER_SECOND),
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

/* Returns false if the guest has halted for good. */
static bool handle_halt(Floor *floor)
{
    if (!floor->run->if_flag) {
        return false;
    }
    if (floor->tick_rate) {
        wait_for_tick(floor);
    } else if (floor->interrupts) {
        floor->interrupts--;
        floor->injected = now_ns();
    } else {
        return false;
    }
    inject(floor);
    return true;
}

static void run_guest(Floor *floor)
{
    while (!floor->exit_limit || floor->exits < floor->exit_limit) {
        if (ioctl(floor->vcpu, KVM_RUN, 0) < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail(STATUS_HOST, "KVM_RUN: %s", strerror(errno));
        }
        floor->exits++;
        switch (floor->run->exit_reason) {
        case KVM_EXIT_IO:
            handle_io(floor);
            break;
        case KVM_EXIT_MMIO:
            if (!floor->run->mmio.is_write) {
                memset(floor->run->mmio.data, 0xff, floor->run->mmio.len);
            }
            break;
        case KVM_EXIT_HLT:
            if (!handle_halt(floor)) {
                return;
            }
            break;
        default:
            flush_output(floor);
            fail(STATUS_GUEST, "the guest ended with exit reason %u", floor->run->exit_reason);
        }
    }
}

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void print_latencies(const Floor *floor)
{
    size_t count = floor->latency_count;

    qsort(floor->latencies, count, sizeof(uint64_t), compare_times);
    fprintf(stderr, " interrupts=%zu irq_median_ns=%" PRIu64 " irq_p99_ns=%" PRIu64, count,
            floor->latencies[count / 2], floor->latencies[count - 1 - count / 100]);
}

static void print_stats(const Floor *floor, uint64_t ran_ns)
{
    double per_exit = floor->exits ? (double)ran_ns / (double)floor->exits : 0;

    fprintf(stderr, "exits=%" PRIu64 " ns_per_exit=%.1f", floor->exits, per_exit);
    if (floor->first_byte) {
        fprintf(stderr, " first_byte_ns=%" PRIu64, floor->first_byte - floor->started);
    }
    if (floor->latency_count) {
        print_latencies(floor);
    }
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    static Floor floor = {
        .memory_size = UINT64_C(16) << 20,
        .load_address = 0x1000,
        .regs = {.rip = 0x1000, .rsp = 0x1000, .rax = 2, .rbx = 2, .rflags = 2},
    };

    floor.started = now_ns();
    parse_options(&floor, argc, argv);
    floor.latencies = calloc((size_t)floor.interrupts + 1, sizeof(uint64_t));
    if (!floor.latencies) {
        fail(STATUS_HOST, "out of memory");
    }
    /* Makes ticks as exact as those of a timerfd. */
    prctl(PR_SET_TIMERSLACK, 1ul);
    create_machine(&floor);
    uint64_t entered = now_ns();
    run_guest(&floor);
    uint64_t left = now_ns();
    flush_output(&floor);
    if (floor.stats) {
        print_stats(&floor, left - entered);
    }
    return 0;
}
