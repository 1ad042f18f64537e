/*
 * A 32-bit kernel that prints what its multiboot or PVH loader tells it, prints
 * some ticks, and halts.
 *
 * It is built with a multiboot header of each version and with a PVH note.  The
 * registers at the entry tell which loader it was.
 */
#include "devices/intc/i8259_regs.h"
#include "devices/timer/i8254_regs.h"
#include "guests/kernel/kernel.h"

#define PIC1        0x20
#define PIC2        0xa0
#define PIT         0x40
#define IRQ_VECTOR  0x20
#define TICKS       3
#define PIT_DIVIDER 11932 /* 100 Hz */

#define MULTIBOOT_1 0x2badb002u
#define MULTIBOOT_2 0x36d76289u
#define PVH         0x336ec578u

void kernel_main(uint32_t magic, uint32_t info);

/* ---- what all loaders tell ---- */

static void print_command_line(uint64_t text)
{
    put("command line: ");
    put(at(text));
    put("\n");
}

static void print_range(uint64_t base, uint64_t size, uint32_t type)
{
    put("memory: ");
    put_hex(base, 9);
    put("-");
    put_hex(base + size - 1, 9);
    put(type == 1 ? " RAM\n" : " reserved\n");
}

static void print_module(uint64_t start, uint32_t size, uint64_t text)
{
    const uint8_t *bytes = at(start);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    put("module: ");
    put_decimal(size);
    put(" bytes, sum ");
    put_decimal(sum);
    put(", ");
    put(at(text));
    put("\n");
}

/* ---- multiboot 1 ---- */

typedef struct Info1 {
    uint32_t flags, lower, upper, device, command_line, module_count, modules;
    uint32_t symbols[4];
    uint32_t map_size, map;
} Info1;

typedef struct Module1 {
    uint32_t start, end, text, reserved;
} Module1;

typedef struct __attribute__((packed)) Map1 {
    uint32_t size;
    uint64_t base, length;
    uint32_t type;
} Map1;

static void print_info1(uint32_t address)
{
    const Info1 *info = at(address);
    print_command_line(info->command_line);
    for (uint32_t p = info->map; p < info->map + info->map_size;) {
        const Map1 *entry = at(p);
        print_range(entry->base, entry->length, entry->type);
        p += entry->size + 4;
    }
    const Module1 *modules = at(info->modules);
    for (uint32_t i = 0; i < info->module_count; i++) {
        print_module(modules[i].start, modules[i].end - modules[i].start, modules[i].text);
    }
}

/* ---- multiboot 2 ---- */

typedef struct Tag2 {
    uint32_t type, size, words[];
} Tag2;

typedef struct Map2 {
    uint64_t base, length;
    uint32_t type, reserved;
} Map2;

static void print_map2(uint32_t tag_address, const Tag2 *tag)
{
    for (uint32_t p = 16; p < tag->size; p += tag->words[0]) {
        const Map2 *entry = at(tag_address + p);
        print_range(entry->base, entry->length, entry->type);
    }
}

static void print_info2(uint32_t address)
{
    const uint32_t *total = at(address);
    for (uint32_t p = address + 8; p < address + *total;) {
        const Tag2 *tag = at(p);
        if (tag->type == 1) {
            print_command_line(p + 8);
        } else if (tag->type == 3) {
            print_module(tag->words[0], tag->words[1] - tag->words[0], p + 16);
        } else if (tag->type == 6) {
            print_map2(p, tag);
        }
        p += (tag->size + 7) & ~7u;
    }
}

/* ---- PVH ---- */

typedef struct StartInfo {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, map;
    uint32_t map_count, reserved;
} StartInfo;

typedef struct StartModule {
    uint64_t start, size, text, reserved;
} StartModule;

static void print_start_info(const StartInfo *info)
{
    const Map2 *map = at(info->map);
    const StartModule *modules = at(info->modules);
    print_command_line(info->command_line);
    for (uint32_t i = 0; i < info->map_count; i++) {
        print_range(map[i].base, map[i].length, map[i].type);
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        print_module(modules[i].start, (uint32_t)modules[i].size, modules[i].text);
    }
}

static void print_info(uint32_t magic, uint32_t address)
{
    const StartInfo *info = at(address);
    if (magic == MULTIBOOT_1) {
        put("multiboot 1\n");
        print_info1(address);
    } else if (magic == MULTIBOOT_2) {
        put("multiboot 2\n");
        print_info2(address);
    } else if (info->magic == PVH) {
        put("PVH\n");
        print_start_info(info);
    } else {
        put("an unknown loader\n");
    }
}

/* ---- ticks ---- */

typedef struct __attribute__((packed)) Gate {
    uint16_t offset_low, selector;
    uint16_t type;
    uint16_t offset_high;
} Gate;

typedef struct __attribute__((packed)) TablePointer {
    uint16_t limit;
    uint32_t base;
} TablePointer;

#define INTERRUPT_GATE 0x8e00

static Gate idt[IRQ_VECTOR + 1];
static volatile uint32_t ticks;

struct InterruptFrame;

__attribute__((interrupt)) static void tick(struct InterruptFrame *frame)
{
    (void)frame;
    ticks++;
    outb(PIC1, PIC_OCW2_EOI);
}

static void start_pic(void)
{
    outb(PIC1, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    outb(PIC1 + 1, IRQ_VECTOR);
    outb(PIC1 + 1, 1 << 2);
    outb(PIC1 + 1, PIC_ICW4_UPM);
    outb(PIC1 + 1, 0xfe);
}

static void start_ticks(void)
{
    uint16_t code;
    __asm__ volatile("mov %%cs, %0" : "=r"(code));
    uint32_t handler = (uint32_t)(uintptr_t)tick;
    idt[IRQ_VECTOR] = (Gate){(uint16_t)handler, code, INTERRUPT_GATE, (uint16_t)(handler >> 16)};
    const TablePointer pointer = {sizeof(idt) - 1, (uint32_t)(uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    start_pic();
    outb(PIT + 3, 0x34); /* channel 0, both bytes, mode 2 */
    outb(PIT, PIT_DIVIDER & 0xff);
    outb(PIT, PIT_DIVIDER >> 8);
    __asm__ volatile("sti");
}

void kernel_main(uint32_t magic, uint32_t info)
{
    print_info(magic, info);
    start_ticks();
    for (uint32_t seen = 0; seen < TICKS;) {
        /* STI takes effect after the HLT, so no tick is missed. */
        __asm__ volatile("cli");
        if (ticks == seen) {
            __asm__ volatile("sti; hlt");
        } else {
            seen++; /* a line for each tick, even if two came while one was printed */
            put("tick\n");
        }
    }
    halt_forever();
}
