/*
 * Enters and leaves compatibility mode on the host.  See the header.
 *
 * The entry code loads every register and makes a far jump.  The exit is always a
 * signal.  Its frame contains the general registers, flags, CS, SS, vector and
 * error code.  The handler's entry point reads the other segment registers before
 * it restores a normal environment for C code.
 */
#include "tests/unit/interp/oracle_native.h"

#if !defined(__x86_64__)

const char *oracle_native_open(const OracleSegment *segments, unsigned count)
{
    (void)segments;
    (void)count;
    return "the host is not an x86-64";
}

uint8_t *oracle_native_code(void)
{
    return 0;
}

uint8_t *oracle_native_data(void)
{
    return 0;
}

OracleFault oracle_native_run(const OracleState *before, OracleState *after)
{
    *after = *before;
    return (OracleFault){.hung = true};
}

#else

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define HIDDEN        __attribute__((visibility("hidden")))
#define WATCHDOG_US   10000
#define WRITE_LDT     0x11 /* function 1 is an older form */
#define HANDLER_STACK (64u * 1024u)
#define FLAG_TF       0x100u

/* What the entry code reads.  The assembly knows these offsets. */
typedef struct NativeFrame {
    uint64_t gpr[8];      /* 0 */
    uint64_t eip;         /* 64 */
    uint64_t cs;          /* 72 */
    uint64_t eflags;      /* 80 */
    uint64_t esp;         /* 88 */
    uint64_t ss;          /* 96 */
    uint16_t es, ds;      /* 104 */
    uint16_t fs, gs;      /* 108 */
    uint64_t single_step; /* 112 */
} NativeFrame;

/*
 * The assembly and the signal handler use these by name, because a handler has no
 * argument for a pointer.
 */
extern HIDDEN uint64_t oracle_native_stack, oracle_native_fs_base;
extern HIDDEN uint32_t oracle_native_active;
extern HIDDEN uint16_t oracle_native_selectors[4]; /* ES DS FS GS */
extern HIDDEN struct {
    uint32_t eip;
    uint16_t cs;
} oracle_native_target;
HIDDEN uint64_t oracle_native_stack, oracle_native_fs_base;
HIDDEN uint32_t oracle_native_active;
HIDDEN uint16_t oracle_native_selectors[4];
HIDDEN typeof(oracle_native_target) oracle_native_target __attribute__((aligned(8)));

static struct {
    uint8_t *code, *data;
    OracleState *after;
    OracleFault fault;
} native;

HIDDEN void oracle_native_enter(const NativeFrame *frame);
HIDDEN void oracle_native_signal(int number, siginfo_t *info, void *context);
HIDDEN void oracle_native_capture(int number, const ucontext_t *context);
HIDDEN void oracle_native_foreign(int number);

/*
 * The debug trap should come after the first instruction of the case, and not here.
 * With TF, the code is therefore entered with IRETQ.  Otherwise it is entered with
 * a far jump, because IRET to a 16-bit stack leaves the upper half of ESP
 * unchanged.
 */
__asm__(".pushsection .text\n"
        ".globl oracle_native_enter\n"
        ".hidden oracle_native_enter\n"
        "oracle_native_enter:\n"
        "    pushq %rbx\n"
        "    pushq %rbp\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, oracle_native_stack(%rip)\n"
        "    movl $1, oracle_native_active(%rip)\n"
        "    movw 104(%rdi), %es\n"
        "    movw 106(%rdi), %ds\n"
        "    movw 108(%rdi), %fs\n"
        "    movw 110(%rdi), %gs\n"
        "    cmpq $0, 112(%rdi)\n"
        "    jne 1f\n"
        "    pushq 80(%rdi)\n"
        "    popfq\n"
        "    movl 0(%rdi), %eax\n"
        "    movl 8(%rdi), %ecx\n"
        "    movl 16(%rdi), %edx\n"
        "    movl 24(%rdi), %ebx\n"
        "    movl 40(%rdi), %ebp\n"
        "    movl 48(%rdi), %esi\n"
        "    movw 96(%rdi), %ss\n"
        "    movl 32(%rdi), %esp\n"
        "    movl 56(%rdi), %edi\n"
        "    ljmpl *oracle_native_target(%rip)\n"
        "1:  pushq 96(%rdi)\n"
        "    pushq 88(%rdi)\n"
        "    pushq 80(%rdi)\n"
        "    pushq 72(%rdi)\n"
        "    pushq 64(%rdi)\n"
        "    movl 0(%rdi), %eax\n"
        "    movl 8(%rdi), %ecx\n"
        "    movl 16(%rdi), %edx\n"
        "    movl 24(%rdi), %ebx\n"
        "    movl 40(%rdi), %ebp\n"
        "    movl 48(%rdi), %esi\n"
        "    movl 56(%rdi), %edi\n"
        "    iretq\n"
        ".popsection\n");

/* Clears AC and NT, which the kernel passes on, and then restores FS. */
__asm__(".pushsection .text\n"
        ".globl oracle_native_signal\n"
        ".hidden oracle_native_signal\n"
        "oracle_native_signal:\n"
        "    cmpl $0, oracle_native_active(%rip)\n"
        "    je 2f\n"
        "    pushq $0x202\n"
        "    popfq\n"
        "    movl $0, oracle_native_active(%rip)\n"
        "    movw %es, oracle_native_selectors+0(%rip)\n"
        "    movw %ds, oracle_native_selectors+2(%rip)\n"
        "    movw %fs, oracle_native_selectors+4(%rip)\n"
        "    movw %gs, oracle_native_selectors+6(%rip)\n"
        "    xorl %eax, %eax\n"
        "    movl %eax, %es\n"
        "    movl %eax, %ds\n"
        "    movl %eax, %gs\n"
        "    movl %edi, %ebx\n"
        "    movq %rdx, %r12\n"
        "    movl $158, %eax\n"    /* arch_prctl */
        "    movl $0x1002, %edi\n" /* ARCH_SET_FS */
        "    movq oracle_native_fs_base(%rip), %rsi\n"
        "    syscall\n"
        "    movl %ebx, %edi\n"
        "    movq %r12, %rsi\n"
        "    andq $-16, %rsp\n"
        "    call oracle_native_capture\n"
        "    movq oracle_native_stack(%rip), %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbp\n"
        "    popq %rbx\n"
        "    ret\n"
        "2:  cmpl $26, %edi\n" /* SIGVTALRM */
        "    je 3f\n"
        "    jmp oracle_native_foreign\n"
        "3:  ret\n"
        ".popsection\n");

void oracle_native_foreign(int number)
{
    signal(number, SIG_DFL);
}

void oracle_native_capture(int number, const ucontext_t *context)
{
    static const int8_t GPR[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                  REG_RSP, REG_RBP, REG_RSI, REG_RDI};
    const greg_t *gregs = context->uc_mcontext.gregs;
    OracleState *after = native.after;
    for (unsigned i = 0; i < 8; i++) {
        after->gpr[i] = (uint32_t)gregs[GPR[i]];
    }
    after->eip = (uint32_t)gregs[REG_RIP];
    after->eflags = (uint32_t)gregs[REG_EFL];
    after->segment[0] = oracle_native_selectors[0];
    after->segment[1] = (uint16_t)gregs[REG_CSGSFS];
    after->segment[2] = (uint16_t)(gregs[REG_CSGSFS] >> 48);
    after->segment[3] = oracle_native_selectors[1];
    after->segment[4] = oracle_native_selectors[2];
    after->segment[5] = oracle_native_selectors[3];
    native.fault = (OracleFault){.vector = (uint8_t)gregs[REG_TRAPNO],
                                 .error = (uint32_t)gregs[REG_ERR],
                                 .cr2 = (uint32_t)gregs[REG_CR2],
                                 .hung = number == SIGVTALRM};
}

static bool install_segments(const OracleSegment *segments, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const OracleSegment *segment = &segments[i];
        struct user_desc entry = {
            .entry_number = i,
            .base_addr = segment->base,
            .limit = segment->limit,
            .seg_32bit = segment->wide,
            .contents = segment->type & 3u,
            .read_exec_only = segment->sealed,
            .limit_in_pages = segment->in_pages,
            .seg_not_present = !segment->present,
        };
        if (syscall(SYS_modify_ldt, WRITE_LDT, &entry, sizeof(entry)) != 0) {
            return false;
        }
    }
    return true;
}

static uint8_t *map_fixed(uint32_t address, size_t size, int protection, int fd)
{
    int flags = MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void *mapped = mmap((void *)(uintptr_t)address, size, protection, flags, fd, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/* Two mappings of the code: the tests write through one, and the guest code runs in the other. */
static bool map_code(void)
{
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, ORACLE_CODE_SIZE) != 0) {
        return false;
    }
    void *view = mmap(NULL, ORACLE_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    native.code = view == MAP_FAILED ? NULL : view;
    uint8_t *code = map_fixed(ORACLE_CODE, ORACLE_CODE_SIZE, PROT_READ | PROT_EXEC, fd);
    close(fd);
    return native.code != NULL && code != NULL;
}

/* The last page has a second mapping, which can be written. */
static bool map_data(void)
{
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, ORACLE_DATA_SIZE) != 0) {
        return false;
    }
    void *view = mmap(NULL, ORACLE_DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    native.data = view == MAP_FAILED ? NULL : view;
    uint8_t *data = map_fixed(ORACLE_DATA, ORACLE_DATA_SIZE, PROT_READ | PROT_WRITE, fd);
    close(fd);
    return native.data != NULL && data != NULL &&
           mprotect(data + ORACLE_DATA_SIZE - PAGE_SIZE, PAGE_SIZE, PROT_READ) == 0;
}

/*
 * Touches each page.  Otherwise the first access would go through the kernel, whose
 * IRET changes null selectors.
 */
static void touch_pages(void)
{
    volatile uint8_t *code = (uint8_t *)(uintptr_t)ORACLE_CODE;
    volatile uint8_t *data = (uint8_t *)(uintptr_t)ORACLE_DATA;
    for (uint32_t offset = 0; offset < ORACLE_CODE_SIZE; offset += PAGE_SIZE) {
        (void)code[offset];
    }
    for (uint32_t offset = 0; offset < ORACLE_DATA_SIZE; offset += PAGE_SIZE) {
        uint8_t byte = data[offset];
        if (offset < ORACLE_DATA_SIZE - PAGE_SIZE) {
            data[offset] = byte;
        }
    }
}

static bool install_handler(void)
{
    static const int SIGNALS[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS, SIGVTALRM};
    stack_t stack = {.ss_size = HANDLER_STACK};
    stack.ss_sp =
        mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
        return false;
    }
    struct sigaction action = {.sa_sigaction = oracle_native_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        if (sigaction(SIGNALS[i], &action, NULL) != 0) {
            return false;
        }
    }
    return syscall(SYS_arch_prctl, ARCH_GET_FS, &oracle_native_fs_base) == 0;
}

const char *oracle_native_open(const OracleSegment *segments, unsigned count)
{
    if (!install_segments(segments, count)) {
        return "modify_ldt does not give out 16-bit and 32-bit segments here";
    }
    if (!map_code() || !map_data()) {
        return "addresses below 4 GiB cannot be mapped here";
    }
    touch_pages();
    if (!install_handler()) {
        return "signals cannot be caught on a stack of their own here";
    }
    struct itimerval tick = {{0, WATCHDOG_US}, {0, WATCHDOG_US}};
    setitimer(ITIMER_VIRTUAL, &tick, NULL);
    return NULL;
}

uint8_t *oracle_native_code(void)
{
    return native.code;
}

uint8_t *oracle_native_data(void)
{
    return native.data;
}

/* A single tick of the watchdog during a case does not prove that it hangs. */
OracleFault oracle_native_run(const OracleState *before, OracleState *after)
{
    NativeFrame frame = {
        .eip = before->eip,
        .cs = before->segment[1],
        .eflags = before->eflags,
        .esp = before->gpr[4],
        .ss = before->segment[2],
        .es = before->segment[0],
        .ds = before->segment[3],
        .fs = before->segment[4],
        .gs = before->segment[5],
        .single_step = before->eflags & FLAG_TF,
    };
    for (unsigned i = 0; i < 8; i++) {
        frame.gpr[i] = before->gpr[i];
    }
    oracle_native_target.eip = before->eip;
    oracle_native_target.cs = before->segment[1];
    native.after = after;
    oracle_native_enter(&frame);
    return native.fault;
}

#endif
